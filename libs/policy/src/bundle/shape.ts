import { z } from 'zod';
import { maskFormats, namedKinds } from './chunks.js';
import type {
  AgentConnectionChunk,
  ChunkKind,
  ChunkValues,
  ConnectionChunk,
  EndedLoginsChunk,
  IdentityChunk,
  Manifest,
  OwnIssuer,
  ProxiesChunk,
} from './chunks.js';
import { catalogHead, catalogPart } from './catalog-shape.js';
import { policyFormProblem } from './policy-form.js';

/** Exactly what may be in a manifest and in each kind of chunk. An unknown field is a rule that this node does not know. */

const name = z.string().max(255);
const text = z.string().max(4096);
const count = z.int().min(0);
const list = <T extends z.ZodType>(item: T, most = 10_000) => z.array(item).max(most);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const port = z.int().min(1).max(65_535);

const manifest: z.ZodType<Manifest> = z.strictObject({
  tenant: name,
  version: count,
  issuedAt: count,
  notAfter: count,
  maxStaleness: count,
  chunks: list(z.strictObject({ kind: z.enum(namedKinds), name: z.string().max(511), digest }), 100_000),
});

const issuer = z.strictObject({
  id: name,
  name,
  issuer: text,
  audiences: list(text, 100),
  keys: list(z.record(z.string(), z.json()), 100),
  algorithms: list(name, 20),
});

const subagent = z
  .strictObject({
    id: name,
    name,
    issuer: name,
    claims: z.record(z.string(), text),
    groups: list(name, 1000),
    owner: name.optional(),
    disabled: z.boolean(),
    notBefore: count,
    hold: count.exactOptional(),
  })
  .transform(({ owner, ...rest }) => ({ ...rest, owner }));

const user = z.strictObject({ id: name, name, groups: list(name, 1000), disabled: z.boolean(), notBefore: count });

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const own: z.ZodType<OwnIssuer> = z.strictObject({
  issuer: text.min(1),
  keys: list(
    z.strictObject({
      kty: z.literal('EC'),
      crv: z.literal('P-256'),
      x: coordinate,
      y: coordinate,
      kid: name.min(1),
      alg: z.literal('ES256'),
      use: z.literal('sig'),
    }),
    16,
  ),
});

const identity: z.ZodType<IdentityChunk> = z.strictObject({
  issuers: list(issuer, 1000),
  own,
  subagents: list(subagent, 1_000_000),
  users: list(user, 1_000_000),
});

const endedLogins: z.ZodType<EndedLoginsChunk> = z.strictObject({ ids: list(name.min(1), 1_000_000) });

const policy = z.strictObject({ id: z.string().min(1).max(400), json: z.json() }).superRefine(({ json }, context) => {
  const problem = policyFormProblem(json);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, path: ['json'] });
});

const connection: z.ZodType<ConnectionChunk> = z.strictObject({
  id: name,
  name: name.min(1),
  protocol: name,
  environment: name,
  database: name,
  databases: list(name, 1000),
  agents: list(name, 1000),
  audit: z.enum(['spool', 'durable']),
  hold: count,
  detectors: z.boolean(),
  unprovable: z.literal('mask').exactOptional(),
  tags: list(z.strictObject({ schema: name, table: name, column: name, classes: list(name, 100) }), 1_000_000),
  classes: z.record(z.string(), z.enum(maskFormats)),
  hashKey: z.base64().max(1024),
  policies: list(policy, 10_000).refine((policies) => new Set(policies.map(({ id }) => id)).size === policies.length, {
    message: 'two policies share an id',
  }),
  policyVersion: count,
});

const agentConnection: z.ZodType<AgentConnectionChunk> = z.strictObject({
  id: name,
  name: name.min(1),
  protocol: name,
  host: name,
  port,
  tls: z.enum(['verify-full', 'require', 'disable']),
  database: name,
  databases: list(name, 1000),
  credential: name,
  sampling: z.boolean().exactOptional(),
});

const proxies: z.ZodType<ProxiesChunk> = z.strictObject({
  proxies: list(z.strictObject({ name, host: name, port }), 10_000),
});

export const manifestShape = manifest;

export const chunkShapes: { readonly [K in ChunkKind]: z.ZodType<ChunkValues[K]> } = {
  identity,
  ended_logins: endedLogins,
  connection,
  catalog: catalogHead,
  catalog_part: catalogPart,
  agent_connection: agentConnection,
  proxies,
};
