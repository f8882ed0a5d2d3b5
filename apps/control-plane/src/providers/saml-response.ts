import { SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { readAssertion } from './saml-assertion.js';
import type { ReadAssertion } from './saml-assertion.js';
import { checkResponse, invalid } from './saml-structure.js';
import type { ResponseShape } from './saml-structure.js';
import { SignInRefused } from './sign-in-refused.js';
import { xmlLimits } from './xml.js';

export interface ResponseExpected {
  /** Entity id of the provider. */
  readonly issuer: string;
  /** Of its metadata: base64 of DER. Only they verify, whatever a signature says of keys. */
  readonly certificates: readonly string[];
  /** Our entity id. */
  readonly audience: string;
  /** Where the response was posted to. */
  readonly recipient: string;
  /** Private keys (PEM), the newest first: what was encrypted just before a rotation can still be read. */
  readonly decryptionKeys: readonly string[];
  /** Id of the request that the browser came back from; undefined: it asked for nothing. */
  readonly requestId: string | undefined;
  /** Takes what nobody asked for. */
  readonly idpInitiated: boolean;
  readonly now: number;
}

/** Says once, for all replicas, that an assertion is new. */
export type FirstUse = (issuer: string, assertionId: string, expiresAt: number) => Promise<boolean>;

/**
 * Who a response of SAML says that somebody is: our own check of its structure, the library's of its signature, then
 * ours of what exactly was signed.
 *
 * @throws SignInRefused
 */
export async function readSamlResponse(
  samlResponse: string,
  expected: ResponseExpected,
  isFirstUse: FirstUse,
): Promise<ReadAssertion> {
  const xml = decode(samlResponse);
  const shape = checkResponse(xml);
  const { requestId } = expected;
  if (requestId === undefined && !expected.idpInitiated) throw new SignInRefused('unsolicited');
  if ((shape.inResponseTo ?? '') !== (requestId ?? '')) invalid('it answers another request');
  // The bindings ask for it where the response is signed.
  if ((shape.destination ?? '') !== '' && shape.destination !== expected.recipient)
    invalid('it was sent to somebody else');
  const signed = await signedAssertion(samlResponse, shape, expected);
  const { issuer, audience, recipient, now } = expected;
  const assertion = readAssertion(signed, { issuer, audience, recipient, inResponseTo: requestId, now });
  if (!(await isFirstUse(issuer, assertion.id, assertion.expiresAt))) throw new SignInRefused('replayed');
  return assertion;
}

function decode(samlResponse: string): string {
  if (samlResponse.length > xmlLimits.characters * 1.4) return invalid('it is too long');
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(samlResponse)) return invalid('it is not base64');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(samlResponse, 'base64'));
  } catch {
    return invalid('it is not UTF-8');
  }
}

/** Every failure says the same: why a signature or a decryption failed is for nobody to learn. */
async function signedAssertion(
  SAMLResponse: string,
  { encrypted, responseSigned }: ResponseShape,
  { issuer, certificates, audience, recipient, decryptionKeys }: ResponseExpected,
): Promise<string> {
  const keys = encrypted ? decryptionKeys : [undefined];
  for (const decryptionPvk of keys) {
    const saml = new SAML({
      issuer: audience,
      callbackUrl: recipient,
      idpCert: [...certificates],
      idpIssuer: issuer,
      ...(decryptionPvk === undefined ? {} : { decryptionPvk }),
      wantAuthnResponseSigned: responseSigned,
      wantAssertionsSigned: !responseSigned,
      // What an assertion says is checked by `readAssertion`, in one place, by a time that is passed in.
      audience: false,
      acceptedClockSkewMs: -1,
      validateInResponseTo: ValidateInResponseTo.never,
    });
    try {
      const { profile } = await saml.validatePostResponseAsync({ SAMLResponse });
      const xml = profile?.getAssertionXml?.();
      if (xml !== undefined) return xml;
    } catch {
      continue;
    }
  }
  return invalid('its signature is not that of the provider, or it is not encrypted for us');
}
