import { allElements, childElements, childrenNamed, isNamed, namespaces, parseXml } from './xml.js';
import { SignInRefused } from './sign-in-refused.js';

/** What a response looks like before anything in it is believed. */
export interface ResponseShape {
  readonly encrypted: boolean;
  /** The signature is on the response itself, and so covers all of it. */
  readonly responseSigned: boolean;
  readonly destination: string | undefined;
  readonly inResponseTo: string | undefined;
}

const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
const more = 'http://www.w3.org/2001/04/xmldsig-more#';
const signatureMethods = [`${more}rsa-sha256`, `${more}rsa-sha384`, `${more}rsa-sha512`];
const digestMethods = [
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmldsig-more#sha384',
  'http://www.w3.org/2001/04/xmlenc#sha512',
];
const dataEncryption = ['aes128-gcm', 'aes256-gcm'].map((name) => `http://www.w3.org/2009/xmlenc11#${name}`);
const blockEncryption = ['aes128-cbc', 'aes256-cbc'].map((name) => `http://www.w3.org/2001/04/xmlenc#${name}`);
const keyEncryption = ['http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p'];
const success = 'urn:oasis:names:tc:SAML:2.0:status:Success';
const textOnly = ['Issuer', 'NameID', 'Audience', 'DigestValue', 'SignatureValue', 'AttributeValue', 'CipherValue'];

export const invalid = (detail: string): never => {
  throw new SignInRefused('answer_invalid', detail);
};

/**
 * Refuses every response that two readers could read in two ways, before one of them verifies a signature.
 *
 * @throws SignInRefused
 */
export function checkResponse(xml: string): ResponseShape {
  const root = parse(xml);
  if (!isNamed(root, 'protocol', 'Response')) invalid('it is not a response of SAML');
  if (root.getAttribute('Version') !== '2.0') invalid('it is not of SAML 2.0');
  const elements = allElements(root);
  refuseAmbiguous(elements);
  refuseFailure(root);
  const assertions = elements.filter(({ localName }) => /^(Encrypted)?Assertion$/.test(localName));
  const [assertion, second] = assertions;
  if (assertion === undefined) return invalid('it holds no assertion');
  if (second !== undefined) invalid('it holds more than one assertion');
  const encrypted = isNamed(assertion, 'assertion', 'EncryptedAssertion');
  if (assertion.parentNode !== root || !(encrypted || isNamed(assertion, 'assertion', 'Assertion')))
    invalid('the assertion is not where it belongs');
  for (const child of childElements(root)) {
    const known = isNamed(child, 'assertion', 'Issuer') || isNamed(child, 'protocol', 'Status');
    if (!known && child !== assertion && !isSignature(child)) invalid('it holds an element that has no place there');
  }
  const responseSigned = checkSignatures(elements, [root, assertion]).includes(root);
  if (encrypted) checkEncryption(assertion, responseSigned);
  return {
    encrypted,
    responseSigned,
    destination: root.getAttribute('Destination') ?? undefined,
    inResponseTo: root.getAttribute('InResponseTo') ?? undefined,
  };
}

function parse(xml: string): Element {
  try {
    return parseXml(xml);
  } catch (cause) {
    return invalid(cause instanceof Error ? cause.message : 'it is not XML');
  }
}

/** One thing of each id, and values that are text and nothing else. */
function refuseAmbiguous(elements: readonly Element[]): void {
  const seen = new Set<string>();
  for (const element of elements) {
    for (const { localName, value } of Array.from(element.attributes)) {
      if (localName.toLowerCase() !== 'id') continue;
      if (!/^[A-Za-z_][\w.-]{0,255}$/.test(value)) invalid('it holds an id that is none');
      if (seen.has(value)) invalid('it holds one id twice');
      seen.add(value);
    }
    if (textOnly.includes(element.localName) && childElements(element).length > 0)
      invalid(`${element.localName} holds more than text`);
  }
}

/** Told before any signature is asked for: providers leave failures unsigned, and a failure lets nobody in. */
function refuseFailure(root: Element): void {
  const [status, ...more] = childrenNamed(root, 'protocol', 'Status');
  if (status === undefined || more.length > 0) return invalid('it does not hold one status');
  const [code] = childrenNamed(status, 'protocol', 'StatusCode');
  if (code?.getAttribute('Value') !== success) throw new SignInRefused('provider_refused');
}

const isSignature = (element: Element): boolean => isNamed(element, 'signature', 'Signature');

/** @returns what is signed: each by a signature directly inside of it that refers to it. */
function checkSignatures(elements: readonly Element[], signable: readonly Element[]): readonly Element[] {
  const signed: Element[] = [];
  for (const signature of elements.filter(({ localName }) => localName === 'Signature')) {
    const parent = signable.find((each) => each === signature.parentNode);
    if (parent === undefined || !isSignature(signature)) return invalid('a signature is not where it belongs');
    if (signed.includes(parent)) invalid('one element holds two signatures');
    checkSignature(signature, parent);
    signed.push(parent);
  }
  if (signed.length === 0 && !signable.some(({ localName }) => localName === 'EncryptedAssertion'))
    invalid('nothing in it is signed');
  return signed;
}

function checkSignature(signature: Element, signed: Element): void {
  const names = childElements(signature).map((each) => (isOurs(each) ? each.localName : ''));
  if (!/^SignedInfo SignatureValue( KeyInfo)?$/.test(names.join(' ')))
    invalid('a signature is not built as it must be');
  const info = only(signature, 'SignedInfo');
  const parts = childElements(info).map((each) => (isOurs(each) ? each.localName : ''));
  if (parts.join(' ') !== 'CanonicalizationMethod SignatureMethod Reference')
    invalid('a signature does not refer to one thing');
  if (algorithmOf(only(info, 'CanonicalizationMethod')) !== exclusive)
    invalid('a signature is canonicalized otherwise');
  if (!signatureMethods.includes(algorithmOf(only(info, 'SignatureMethod'))))
    invalid('a signature is of a weak algorithm');
  if (childElements(only(info, 'SignatureMethod')).length > 0) invalid('a signature is of a weak algorithm');
  const reference = only(info, 'Reference');
  const id = signed.getAttribute('ID') ?? '';
  if (id === '' || reference.getAttribute('URI') !== `#${id}`) invalid('a signature is that of another element');
  const transforms = childElements(only(reference, 'Transforms'));
  if (transforms.map((each) => (isOurs(each) ? algorithmOf(each) : '')).join(' ') !== `${enveloped} ${exclusive}`)
    invalid('a signature transforms what it signs');
  for (const inner of transforms.flatMap(childElements))
    if (inner.localName !== 'InclusiveNamespaces' || inner.namespaceURI !== exclusive)
      invalid('a signature transforms what it signs');
  if (!digestMethods.includes(algorithmOf(only(reference, 'DigestMethod')))) invalid('a digest is of a weak algorithm');
  only(reference, 'DigestValue');
}

const isOurs = ({ namespaceURI }: Element): boolean => namespaceURI === namespaces.signature;

function only(parent: Element, name: string): Element {
  const [first, second] = childElements(parent).filter((each) => each.localName === name);
  if (first === undefined || second !== undefined || !isOurs(first))
    return invalid(`a signature does not hold one ${name}`);
  return first;
}

const algorithmOf = (element: Element): string => element.getAttribute('Algorithm') ?? '';

/**
 * Anybody can encrypt to our key. So the whole response must be signed: nothing is decrypted that the provider did not
 * send, there is nothing to guess padding by, and one signature covers what is inside.
 */
function checkEncryption(assertion: Element, responseSigned: boolean): void {
  if (!responseSigned) invalid('an encrypted assertion needs a response that is signed');
  const inside = allElements(assertion);
  const data = inside.filter((each) => isNamed(each, 'encryption', 'EncryptedData'));
  const keys = inside.filter((each) => isNamed(each, 'encryption', 'EncryptedKey'));
  if (data.length !== 1 || keys.length !== 1) invalid('it is not encrypted once, by one key');
  const methods = inside.filter((each) => isNamed(each, 'encryption', 'EncryptionMethod'));
  const algorithms = methods.map((each) => [each.parentNode === data[0], algorithmOf(each)] as const);
  const fits = ([isData, name]: readonly [boolean, string]) =>
    (isData ? [...dataEncryption, ...blockEncryption] : keyEncryption).includes(name);
  if (algorithms.length !== 2 || !algorithms.every(fits)) invalid('it is encrypted by an algorithm that is not taken');
  if (inside.some(({ localName }) => localName === 'CipherReference' || localName === 'RetrievalMethod'))
    invalid('it refers to something elsewhere');
}
