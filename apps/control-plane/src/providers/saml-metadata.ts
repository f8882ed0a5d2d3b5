import { X509Certificate } from 'node:crypto';
import { allElements, childrenNamed, isNamed, parseXml, textIn } from './xml.js';

export interface SamlMetadata {
  /** Where sign-in begins, by HTTP-Redirect. */
  readonly signOn: string;
  /** Base64 of DER: each may sign, so that one can follow the other without a gap. */
  readonly certificates: readonly string[];
}

const redirect = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';
const protocol = 'urn:oasis:names:tc:SAML:2.0:protocol';
const mostCertificates = 20;

/** What we use of an identity provider's metadata. Messages are for the admin. */
export function parseSamlMetadata(
  xml: string,
  { entityId, now }: { readonly entityId: string; readonly now: number },
): SamlMetadata {
  const entities = allElements(parseXml(xml)).filter((each) => isNamed(each, 'metadata', 'EntityDescriptor'));
  const [entity, second] = entities.filter((each) => each.getAttribute('entityID') === entityId);
  if (entity === undefined) throw new Error('its metadata hold no entity of this id');
  if (second !== undefined) throw new Error('its metadata hold two entities of this id');
  const until = entity.getAttribute('validUntil') ?? '';
  if (until !== '' && !(Date.parse(until) > now)) throw new Error('its metadata are no longer valid (validUntil)');
  const role = childrenNamed(entity, 'metadata', 'IDPSSODescriptor').find((each) =>
    (each.getAttribute('protocolSupportEnumeration') ?? '').split(/\s+/).includes(protocol),
  );
  if (role === undefined) throw new Error('its metadata are not those of an identity provider of SAML 2.0');
  const signOn = childrenNamed(role, 'metadata', 'SingleSignOnService').find(
    (each) => each.getAttribute('Binding') === redirect,
  );
  const location = URL.parse(signOn?.getAttribute('Location') ?? '');
  if (location === null || !/^https?:$/.test(location.protocol))
    throw new Error('its metadata offer no sign-in by HTTP-Redirect');
  const certificates = childrenNamed(role, 'metadata', 'KeyDescriptor')
    .filter((each) => ['signing', '', null].includes(each.getAttribute('use')))
    .flatMap((each) => allElements(each).filter((inner) => isNamed(inner, 'signature', 'X509Certificate')))
    .map((each) => textIn(each).replace(/\s+/g, ''));
  if (certificates.length === 0) throw new Error('its metadata hold no certificate for signatures');
  if (certificates.length > mostCertificates) throw new Error('its metadata hold too many certificates');
  for (const certificate of certificates) refuseWeak(certificate);
  return { signOn: location.href, certificates: [...new Set(certificates)] };
}

/** The certificate is a wrapping of the key: what counts of it is the key. */
function refuseWeak(certificate: string): void {
  let key;
  try {
    key = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey;
  } catch {
    throw new Error('its metadata hold a certificate that cannot be read');
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < 2048 || bits > 8192)
    throw new Error('its metadata hold a certificate whose key is not RSA of 2048 to 8192 bits');
}
