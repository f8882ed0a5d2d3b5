import { beforeAll, expect, test } from '@jest/globals';
import { makeSamlKey } from '@sallyport/testing';
import { parseSamlMetadata } from './saml-metadata.js';

const entityId = 'https://idp.test/saml';
const now = Date.UTC(2026, 10, 25);
let one: string;
let two: string;

beforeAll(async () => {
  [one, two] = (await Promise.all([makeSamlKey(), makeSamlKey()])).map(({ certificate }) => certificate) as [
    string,
    string,
  ];
});

const key = (certificate: string, use = ' use="signing"') =>
  `<md:KeyDescriptor${use}><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
  `${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;
const signOn = (location = 'https://idp.test/sso', binding = 'HTTP-Redirect') =>
  `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:${binding}" Location="${location}"/>`;
const entity = (inside: string, attributes = `entityID="${entityId}"`) =>
  `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ${attributes}><md:IDPSSODescriptor ` +
  `protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${inside}</md:IDPSSODescriptor></md:EntityDescriptor>`;
const parse = (xml: string) => parseSamlMetadata(xml, { entityId, now });

test('both keys of a provider that rotates, each once, and none that only encrypts', () => {
  const keys = `${key(one)}${key(two, '')}${key(one)}${key('nonsense', ' use="encryption"')}`;
  expect(parse(`<?xml version="1.0"?>${entity(`${keys}${signOn('https://x/', 'HTTP-POST')}${signOn()}`)}`)).toEqual({
    signOn: 'https://idp.test/sso',
    certificates: [one, two],
  });
});

test('one of many in a federation', () => {
  const other = entity(`${key(two)}${signOn()}`, 'entityID="https://other.test/"');
  const all = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${other}${entity(key(one) + signOn())}</md:EntitiesDescriptor>`;
  expect(parse(all).certificates).toEqual([one]);
});

test.each<[string, () => string, RegExp]>([
  ['another entity', () => entity(key(one) + signOn(), 'entityID="https://x.test/"'), /no entity of this id/],
  [
    'no longer valid',
    () => entity(key(one) + signOn(), `entityID="${entityId}" validUntil="2026-11-24T00:00:00Z"`),
    /validUntil/,
  ],
  ['an end that is none', () => entity(key(one) + signOn(), `entityID="${entityId}" validUntil="soon"`), /validUntil/],
  ['no provider', () => entity(key(one) + signOn()).replaceAll('IDPSSO', 'SPSSO'), /identity provider of SAML 2.0/],
  ['no sign-in', () => entity(key(one)), /no sign-in by HTTP-Redirect/],
  ['a sign-in by script', () => entity(key(one) + signOn('javascript:alert(1)')), /no sign-in by HTTP-Redirect/],
  ['no key', () => entity(signOn()), /no certificate/],
  ['a key that is none', () => entity(key('AAAA') + signOn()), /cannot be read/],
  ['too many keys', () => entity(key(one).repeat(21) + signOn()), /too many certificates/],
  [
    'an entity of XML',
    () => `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${entity(signOn())}`,
    /document type/,
  ],
  ['JSON', () => '{}', /not well-formed/],
])('refuses: %s', (_, make, message) => {
  expect(() => parse(make())).toThrow(message);
});

test('two entities of one id', () => {
  const twice = entity(key(one) + signOn()).repeat(2);
  expect(() => parse(`<all>${twice}</all>`)).toThrow(/two entities of this id/);
});
