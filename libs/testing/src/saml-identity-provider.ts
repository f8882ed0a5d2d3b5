import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { IdentityProvider, SamlLib, ServiceProvider } from 'samlify';

/** A key and its certificate. */
export interface SamlKey {
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  /** Base64 of DER, as metadata hold it. */
  readonly certificate: string;
}

const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
} as const;

export async function makeSamlKey(): Promise<SamlKey> {
  const keys = await webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { name: 'CN=saml.test', keys: keys as never, signingAlgorithm: rsa },
    webcrypto as never,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    privateKey: `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
    certificate: Buffer.from(certificate.rawData).toString('base64'),
  };
}

/** What an assertion says. Left out: what one that is right would say. */
export interface SamlStatement {
  readonly issuer: string;
  readonly audience: string;
  readonly recipient: string;
  readonly inResponseTo?: string | undefined;
  readonly nameId: string;
  readonly nameIdFormat?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  readonly issuedAt: number;
  /** Seconds after `issuedAt`. Default 300. */
  readonly lifetime?: number;
}

const escape = (text: string): string => text.replace(/[&<>"]/g, (each) => `&#${String(each.charCodeAt(0))};`);

/** A response that nobody signed yet. */
export function samlResponse(statement: SamlStatement): string {
  const { issuer, audience, recipient, inResponseTo, nameId, issuedAt, lifetime = 300, attributes = {} } = statement;
  const format = statement.nameIdFormat ?? 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
  const now = new Date(issuedAt).toISOString();
  const until = new Date(issuedAt + lifetime * 1000).toISOString();
  const answers = inResponseTo === undefined ? '' : ` InResponseTo="${escape(inResponseTo)}"`;
  const values = Object.entries(attributes).map(([name, list]) => {
    const inner = list.map((each) => `<saml:AttributeValue>${escape(each)}</saml:AttributeValue>`).join('');
    return `<saml:Attribute Name="${escape(name)}">${inner}</saml:Attribute>`;
  });
  const statements = values.length === 0 ? '' : `<saml:AttributeStatement>${values.join('')}</saml:AttributeStatement>`;
  const id = () => `_${randomBytes(16).toString('hex')}`;
  const from = `<saml:Issuer>${escape(issuer)}</saml:Issuer>`;
  return (
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"` +
    ` ID="${id()}" Version="2.0" IssueInstant="${now}" Destination="${escape(recipient)}"${answers}>${from}` +
    `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id()}" Version="2.0" IssueInstant="${now}">${from}` +
    `<saml:Subject><saml:NameID Format="${format}">${escape(nameId)}</saml:NameID>` +
    `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData` +
    ` NotOnOrAfter="${until}" Recipient="${escape(recipient)}"${answers}/></saml:SubjectConfirmation></saml:Subject>` +
    `<saml:Conditions NotBefore="${now}" NotOnOrAfter="${until}"><saml:AudienceRestriction><saml:Audience>${escape(audience)}` +
    `</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
    `<saml:AuthnStatement AuthnInstant="${now}" SessionIndex="${id()}"><saml:AuthnContext><saml:AuthnContextClassRef>` +
    `urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext>` +
    `</saml:AuthnStatement>${statements}</saml:Assertion></samlp:Response>`
  );
}

export interface SamlSigning {
  readonly key: SamlKey;
  readonly what: 'Response' | 'Assertion';
  /** A certificate that the signature shows instead of its own. */
  readonly shown?: string;
  readonly algorithm?: string;
  readonly transforms?: readonly string[];
}

const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

/** Signs as Okta, Entra ID and Keycloak do: the signature follows the issuer. */
export function signSaml(xml: string, { key, what, shown, algorithm = rsaSha256, transforms }: SamlSigning): string {
  const path =
    what === 'Response' ? "/*[local-name()='Response']" : "/*[local-name()='Response']/*[local-name()='Assertion']";
  return SamlLib.constructSAMLSignature({
    rawSamlMessage: xml,
    referenceTagXPath: path,
    privateKey: key.privateKey,
    signingCert: shown ?? key.certificate,
    signatureAlgorithm: algorithm,
    isBase64Output: false,
    ...(transforms === undefined ? {} : { transformationAlgorithms: [...transforms] }),
    signatureConfig: { prefix: 'ds', location: { reference: `${path}/*[local-name()='Issuer']`, action: 'after' } },
  });
}

export const samlEncryption = {
  gcm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  cbc: 'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
} as const;

/** Puts the assertion into an envelope for who holds the key of the certificate. */
export async function encryptSaml(
  xml: string,
  { certificate, algorithm = samlEncryption.gcm }: { readonly certificate: string; readonly algorithm?: string },
): Promise<string> {
  const endpoint = [{ Binding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect', Location: 'https://idp.test/' }];
  // The library reads the algorithms, but its types do not name them.
  const settings = {
    entityID: 'urn:test:idp',
    isAssertionEncrypted: true,
    dataEncryptionAlgorithm: algorithm,
    keyEncryptionAlgorithm: 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
    singleSignOnService: endpoint,
    singleLogoutService: endpoint,
  };
  const from = IdentityProvider(settings);
  const to = ServiceProvider({
    entityID: 'urn:test:sp',
    encryptCert: certificate,
    assertionConsumerService: [
      { Binding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST', Location: 'https://sp.test/' },
    ],
  });
  return Buffer.from(await SamlLib.encryptAssertion(from, to, xml), 'base64').toString();
}
