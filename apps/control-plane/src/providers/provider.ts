import { z } from 'zod';
import type { IdentityProvider } from '../db/generated/client.js';
import { list, moment } from '../http/answers.js';
import { line, name, text, webUrl } from '../http/text.js';
import { mappingFields } from './mapping.js';
import type { Mapping } from './mapping.js';

export const providerKinds = ['oidc', 'saml'] as const;
export type ProviderKind = (typeof providerKinds)[number];

export const providerFields = z.strictObject({
  kind: z.enum(providerKinds),
  issuer: line(1_000).min(1).describe('Of OIDC its issuer, exactly as its tokens say; of SAML its entity id.'),
  clientId: line(500).min(1).nullable().optional().describe('OIDC: who we are there.'),
  metadataUrl: webUrl
    .nullable()
    .optional()
    .describe('Where it publishes its metadata. OIDC: by default the well-known address below the issuer.'),
  metadata: text(200_000).min(1).nullable().optional().describe('SAML: its metadata (XML), where it publishes none.'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'must be a scope'))
    .max(20)
    .default(['openid', 'profile', 'email'])
    .refine((scopes) => scopes.includes('openid'), 'must hold openid'),
  mapping: mappingFields.default({ groups: [] }),
  idpInitiated: z.boolean().default(false).describe('SAML: take assertions that nobody here asked for.'),
  justInTime: z.boolean().default(true).describe('Who signs in for the first time becomes a user, a `member`.'),
  disabled: z.boolean().default(false).describe('Nobody can sign in there.'),
});
export type ProviderFields = z.infer<typeof providerFields>;
export const newProvider = z.strictObject({ name, ...providerFields.shape });

export const clientSecretFields = z.strictObject({
  clientSecret: line(1_000).min(1).nullable().describe('Kept sealed and never shown; null: it has none.'),
});

export const providerView = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(providerKinds),
    issuer: z.string(),
    clientId: z.string().nullable(),
    hasClientSecret: z.boolean(),
    metadataUrl: z.string().nullable(),
    metadata: z.string().nullable().describe('SAML: as it was given by hand.'),
    metadataReadAt: moment.nullable(),
    metadataProblem: z.string().nullable().describe('Why the last reading failed; what was read before is in force.'),
    keys: list(z.string()).describe('What verifies its signatures now: ids of keys, or SHA-256 of certificates.'),
    scopes: list(z.string()),
    mapping: z.object({
      name: z.string().optional(),
      email: z.string().optional(),
      groups: list(z.object({ claim: z.string(), value: z.string(), group: z.string() })),
    }),
    idpInitiated: z.boolean(),
    justInTime: z.boolean(),
    disabled: z.boolean(),
    signInUrl: z.string().describe('Where people begin; what the provider calls back is below it.'),
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: 'IdentityProvider' });
export type ProviderView = z.input<typeof providerView>;

/** What was read of a provider, as it is kept. */
export interface KeptMetadata {
  /** OIDC: its document; SAML: what we use of it. */
  readonly server: Readonly<Record<string, unknown>>;
  /** OIDC: public keys (JWK); SAML: certificates, base64 of DER. */
  readonly keys: readonly unknown[];
  /** Names of the keys for people. */
  readonly names: readonly string[];
  /** SAML, given by hand. */
  readonly given?: string | undefined;
}

export const keptMetadata = ({ metadata }: Pick<IdentityProvider, 'metadata'>): KeptMetadata =>
  metadata as unknown as KeptMetadata;

export const mappingOf = ({ mapping }: Pick<IdentityProvider, 'mapping'>): Mapping => mapping as unknown as Mapping;

export const presentProvider = (row: IdentityProvider, publicUrl: string): ProviderView => ({
  id: row.id,
  name: row.name,
  kind: row.kind as ProviderKind,
  issuer: row.issuer,
  clientId: row.clientId,
  hasClientSecret: row.sealed !== null,
  metadataUrl: row.metadataUrl,
  metadata: keptMetadata(row).given ?? null,
  metadataReadAt: row.metadataReadAt,
  metadataProblem: row.metadataProblem,
  keys: keptMetadata(row).names,
  scopes: row.scopes,
  mapping: mappingOf(row),
  idpInitiated: row.idpInitiated,
  justInTime: row.justInTime,
  disabled: row.disabled,
  signInUrl: new URL(`/auth/${row.name}/start`, publicUrl).href,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});
