import { createPrivateKey, hash, randomBytes } from 'node:crypto';
import { SignedTicket, TicketKind } from '@sallyport/contracts';
import type { Bundle } from '@sallyport/contracts';
import {
  certificatePem,
  checkRequest,
  createAuthority,
  createBundleKey,
  createRequest,
  derBlocks,
  issueCertificate,
  peerOf,
  privateKeyPem,
  signBundle,
  signTicket,
} from '@sallyport/pki';
import type { NodeCredentials, Peer } from '@sallyport/pki';
import { encodeChunk, encodeManifest } from '@sallyport/policy/bundle';
import type { AgentConnectionChunk, Chunk, Manifest } from '@sallyport/policy/bundle';
import { ticketBytes, ticketLifetime } from '@sallyport/tunnel';
import type { TicketFields } from '@sallyport/tunnel';

export const tenant = 'test';

/** The control plane's authority for as long as a test: certificates of nodes and the key that signs bundles. */
export interface TestAuthority {
  issue(kind: NodeCredentials['kind'], name: string, of?: string): Promise<NodeCredentials>;
  readonly keyId: string;
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Buffer;
}

export async function createTestAuthority(): Promise<TestAuthority> {
  const now = Date.now();
  const authority = await createAuthority({ tenant, now });
  const key = createBundleKey();
  return {
    issue: async (kind, name, of = tenant) => {
      const { privateKey, request } = await createRequest();
      const publicKey = await checkRequest(request);
      if (publicKey === undefined) throw new Error('a request of our own does not hold');
      const identity = { tenant: of, kind, name };
      const certificate = await issueCertificate({ authority, publicKey, identity, hosts: ['127.0.0.1'], now });
      return {
        tenant: of,
        kind,
        nodeId: `nod_${name}`,
        name,
        certificate: certificatePem(certificate),
        privateKey: privateKeyPem(privateKey),
        authorities: certificatePem(authority.certificate),
        bundleKeys: [{ id: key.id, publicKey: Buffer.from(key.publicKey).toString('base64') }],
      };
    },
    keyId: key.id,
    publicKey: key.publicKey,
    sign: (bytes) => Buffer.from(signBundle(key.privateKey, bytes)),
  };
}

/** The identity that the other end of TLS would see. */
export function peerFrom({ certificate }: NodeCredentials): Peer {
  const [der] = derBlocks(certificate);
  const peer = der === undefined ? undefined : peerOf(der);
  if (peer === undefined) throw new Error('no certificate of ours');
  return peer;
}

export const connectionChunk = (over: Partial<AgentConnectionChunk> = {}): AgentConnectionChunk => ({
  id: 'con_1',
  name: 'billing',
  protocol: 'postgres',
  host: '127.0.0.1',
  port: 5432,
  tls: 'disable',
  database: 'app',
  databases: ['app'],
  credential: 'billing',
  ...over,
});

/** As the control plane would sign it; `without` leaves chunks out, as a delta does. */
export function signedBundle(
  authority: TestAuthority,
  named: readonly (readonly [string, Chunk])[],
  { without = [], ...over }: Partial<Manifest> & { readonly without?: readonly string[] } = {},
): Bundle {
  const chunks = named.map(([name, chunk]) => {
    const content = Buffer.from(encodeChunk(chunk));
    return { kind: chunk.kind, name, digest: hash('sha256', content, 'hex'), content };
  });
  const manifest = Buffer.from(
    encodeManifest({
      tenant,
      version: 1,
      issuedAt: Date.now(),
      notAfter: Date.now() + 3_600_000,
      maxStaleness: 60_000,
      chunks: chunks.map(({ kind, name, digest }) => ({ kind, name, digest })),
      ...over,
    }),
  );
  return {
    manifest,
    signature: authority.sign(manifest),
    keyId: authority.keyId,
    chunks: chunks.filter(({ name }) => !without.includes(name)),
  };
}

export const ticketFields = (over: Partial<TicketFields> = {}, now = Date.now()): TicketFields => ({
  id: 'tkt_1',
  kind: 'open',
  connection: 'billing',
  database: 'app',
  session: 'ses_1',
  parameters: {},
  issuedAt: now,
  expiresAt: now + ticketLifetime,
  nonce: randomBytes(24),
  proxy: 'gate-1',
  agent: 'agent-1',
  ...over,
});

/** A ticket frame's payload, signed with this node's key. */
export function signedTicket(fields: TicketFields, { privateKey }: Pick<NodeCredentials, 'privateKey'>): Uint8Array {
  const { session, kind, cancelHandle = '', ...same } = fields;
  return SignedTicket.encode({
    ticket: {
      ...same,
      kind: kind === 'open' ? TicketKind.TICKET_KIND_OPEN : TicketKind.TICKET_KIND_CANCEL,
      sessionId: session,
      parameters: { ...fields.parameters },
      nonce: Buffer.from(fields.nonce),
      cancelHandle,
    },
    signature: Buffer.from(signTicket(createPrivateKey(privateKey), ticketBytes(fields))),
  }).finish();
}
