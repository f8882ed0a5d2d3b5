import { X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export const nodeKinds = ['proxy', 'agent', 'control-plane'] as const;
export type NodeKind = (typeof nodeKinds)[number];

/** Who a certificate of ours speaks for: `spiffe://TENANT/KIND/NAME`, its only name that counts. */
export interface NodeIdentity {
  readonly tenant: string;
  readonly kind: NodeKind;
  readonly name: string;
}

export interface Peer extends NodeIdentity {
  readonly serial: string;
  readonly publicKey: KeyObject;
  readonly issuedAt: Date;
  readonly notAfter: Date;
}

/** Certificates begin this long before they are issued, milliseconds: clocks of other machines may be a little behind. */
export const certificateSkew = 5 * 60 * 1000;

const part = /^[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?$/;

/** @throws RangeError for a name that could be read as another. */
export function identityUri({ tenant, kind, name }: NodeIdentity): string {
  if (!part.test(tenant) || !part.test(name))
    throw new RangeError('names are lower-case letters, digits, dots, hyphens');
  return `spiffe://${tenant}/${kind}/${name}`;
}

export function parseIdentityUri(uri: string): NodeIdentity | undefined {
  const match = /^spiffe:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(uri);
  const [, tenant = '', kind = '', name = ''] = match ?? [];
  const known = nodeKinds.find((each) => each === kind);
  return known !== undefined && part.test(tenant) && part.test(name) ? { tenant, kind: known, name } : undefined;
}

/** Reads a certificate that TLS has already verified. `undefined`: it is none of ours, or names several. */
export function peerOf(certificate: Uint8Array): Peer | undefined {
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(certificate);
  } catch {
    return undefined;
  }
  const uris = (parsed.subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith('URI:'))
    .map((name) => name.slice(4));
  const [uri] = uris;
  const identity = uris.length === 1 && uri !== undefined ? parseIdentityUri(uri) : undefined;
  if (identity === undefined || parsed.ca) return undefined;
  return {
    ...identity,
    serial: parsed.serialNumber.toLowerCase(),
    publicKey: parsed.publicKey,
    issuedAt: new Date(parsed.validFromDate.getTime() + certificateSkew),
    notAfter: parsed.validToDate,
  };
}
