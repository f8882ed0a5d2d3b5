import { createHash } from 'node:crypto';
import { z } from 'zod';
import { fetchDocument } from '../identity/fetch-document.js';
import { publicKeysOf } from '../identity/jwks.js';
import { line, webUrl } from '../http/text.js';
import { parseSamlMetadata } from './saml-metadata.js';
import type { KeptMetadata, ProviderKind } from './provider.js';

export type MetadataReading =
  { readonly kind: 'read'; readonly metadata: KeptMetadata } | { readonly kind: 'failed'; readonly problem: string };

export interface MetadataSource {
  readonly kind: ProviderKind;
  readonly issuer: string;
  readonly metadataUrl: string | null;
  readonly given: string | undefined;
}

/** Where a provider of OIDC publishes its metadata (OpenID Connect Discovery 4). */
export const wellKnown = (issuer: string): string => `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;

const algorithms = z.array(line(40)).max(50).optional();
const document = z.object({
  issuer: z.string(),
  authorization_endpoint: webUrl,
  token_endpoint: webUrl,
  jwks_uri: webUrl,
  userinfo_endpoint: webUrl.optional(),
  end_session_endpoint: webUrl.optional(),
  id_token_signing_alg_values_supported: algorithms,
  token_endpoint_auth_methods_supported: algorithms,
  code_challenge_methods_supported: algorithms,
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});

/** Reads what a provider says of itself, and the keys that verify its signatures. Problems are for the admin. */
export async function readMetadata(
  source: MetadataSource,
  options: { readonly allowPrivate: boolean },
): Promise<MetadataReading> {
  try {
    const metadata = source.kind === 'oidc' ? await readOpenId(source, options) : await readSaml(source, options);
    return { kind: 'read', metadata };
  } catch (cause) {
    return { kind: 'failed', problem: cause instanceof Error ? cause.message.slice(0, 500) : 'it cannot be read' };
  }
}

async function readOpenId({ issuer, metadataUrl }: MetadataSource, options: { readonly allowPrivate: boolean }) {
  const server = parseDocument(await fetchDocument(metadataUrl ?? wellKnown(issuer), options));
  // Else one provider could speak as another one.
  if (server.issuer !== issuer) throw new Error('its metadata are those of another issuer');
  const keys = keysOf(await fetchDocument(server.jwks_uri, options));
  const names = keys.map((key) => (typeof key['kid'] === 'string' ? key['kid'] : 'without an id'));
  return { server, keys, names };
}

function parseDocument(text: string): z.infer<typeof document> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('its metadata are not JSON');
  }
  const parsed = document.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new Error(`its metadata lack a usable ${parsed.error.issues[0]?.path.join('.') ?? 'document'}`);
}

function keysOf(text: string) {
  try {
    const keys = publicKeysOf(text);
    if (keys.length > 0) return keys;
  } catch {
    throw new Error('what is at its jwks_uri is not a JWK set');
  }
  throw new Error('it publishes no public key that can verify a signature');
}

async function readSaml(source: MetadataSource, options: { readonly allowPrivate: boolean }): Promise<KeptMetadata> {
  const { issuer, metadataUrl, given } = source;
  const xml = given ?? (await fetchDocument(metadataUrl ?? '', { ...options, accept: 'application/samlmetadata+xml' }));
  const { certificates, ...server } = parseSamlMetadata(xml, { entityId: issuer, now: Date.now() });
  const names = certificates.map((each) => createHash('sha256').update(Buffer.from(each, 'base64')).digest('hex'));
  return { server, keys: certificates, names, ...(given === undefined ? {} : { given }) };
}
