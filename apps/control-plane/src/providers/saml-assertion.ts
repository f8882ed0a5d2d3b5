import type { Claims } from './mapping.js';
import { invalid } from './saml-structure.js';
import { childElements, childrenNamed, isNamed, parseXml } from './xml.js';

export interface AssertionExpected {
  /** Entity id of the provider. */
  readonly issuer: string;
  /** Our entity id. */
  readonly audience: string;
  /** Where the response was posted to. */
  readonly recipient: string;
  /** Id of our request; undefined: nobody asked. */
  readonly inResponseTo: string | undefined;
  readonly now: number;
}

export interface ReadAssertion {
  readonly id: string;
  readonly subject: string;
  readonly claims: Claims;
  /** From then on nobody would take it: as long its id is remembered. */
  readonly expiresAt: number;
}

/** As for tokens. */
const skew = 60_000;
const longest = 24 * 3600_000;
const mostValues = 20_000;
const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const transient = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
/** What Entra ID sends in place of more than 150 groups. */
const groupsLink = 'http://schemas.microsoft.com/claims/groups.link';
const entraGroups = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups';

/**
 * Reads an assertion out of exactly the bytes that were signed, and refuses it where it is not for us, for now, or for
 * this request.
 *
 * @throws SignInRefused
 */
export function readAssertion(xml: string, expected: AssertionExpected): ReadAssertion {
  const assertion = parseSigned(xml);
  if (!isNamed(assertion, 'assertion', 'Assertion')) invalid('what is signed is not an assertion');
  if (assertion.getAttribute('Version') !== '2.0') invalid('the assertion is not of SAML 2.0');
  const id = assertion.getAttribute('ID') ?? '';
  if (id === '' || id.length > 256) invalid('the assertion has no id');
  if (value(one(assertion, 'Issuer')) !== expected.issuer) invalid('the assertion is of another issuer');
  const subject = one(assertion, 'Subject');
  const confirmed = confirmations(subject).map((each) => confirmedUntil(each, expected));
  const until = confirmed.find((each) => typeof each === 'number');
  if (until === undefined) return invalid(confirmed.find((each) => typeof each === 'string') ?? 'nothing confirms it');
  const expiresAt = Math.min(until, conditionsUntil(one(assertion, 'Conditions'), expected));
  if (childrenNamed(assertion, 'assertion', 'AuthnStatement').length === 0)
    invalid('it does not say that anybody signed in');
  for (const statement of childrenNamed(assertion, 'assertion', 'AuthnStatement')) {
    const end = instant(statement, 'SessionNotOnOrAfter');
    if (end !== undefined && end + skew <= expected.now) invalid('the sign-in that it tells of is over');
  }
  const nameId = one(subject, 'NameID');
  if (nameId.getAttribute('Format') === transient) invalid('its NameID is transient: it names somebody else each time');
  const name = value(nameId);
  if (name === '' || name.length > 1_000 || /\p{Cc}/u.test(name)) invalid('its NameID is empty or cannot be a name');
  return { id, subject: name, claims: { ...attributesOf(assertion), NameID: name }, expiresAt: expiresAt + skew };
}

function parseSigned(xml: string): Element {
  try {
    return parseXml(xml);
  } catch {
    return invalid('the assertion is not XML as SAML uses it');
  }
}

function one(parent: Element, name: string): Element {
  const [first, second] = childrenNamed(parent, 'assertion', name);
  if (first === undefined || second !== undefined) return invalid(`the assertion does not hold one ${name}`);
  return first;
}

function value(element: Element): string {
  if (childElements(element).length > 0) return invalid(`${element.localName} holds more than text`);
  return element.textContent.trim();
}

function confirmations(subject: Element): readonly Element[] {
  return childrenNamed(subject, 'assertion', 'SubjectConfirmation').filter(
    (each) => each.getAttribute('Method') === bearer,
  );
}

/** @returns until when, or why not. */
function confirmedUntil(confirmation: Element, expected: AssertionExpected): number | string {
  const data = one(confirmation, 'SubjectConfirmationData');
  if (data.getAttribute('Recipient') !== expected.recipient) return 'it is for another recipient';
  if (attribute(data, 'InResponseTo') !== expected.inResponseTo) return 'it answers another request';
  const until = instant(data, 'NotOnOrAfter');
  if (until === undefined) return 'it does not say until when it can be used';
  const problem = timeProblem(data, expected.now);
  return problem ?? until;
}

function conditionsUntil(conditions: Element, { audience, now }: AssertionExpected): number {
  const problem = timeProblem(conditions, now);
  if (problem !== undefined) invalid(problem);
  const until = instant(conditions, 'NotOnOrAfter');
  if (until === undefined) return invalid('it does not say until when it holds');
  if (until - now > longest) invalid('it holds for more than a day');
  const restrictions = childrenNamed(conditions, 'assertion', 'AudienceRestriction');
  if (restrictions.length === 0) invalid('it does not say for whom it is');
  for (const condition of childElements(conditions)) {
    if (isNamed(condition, 'assertion', 'OneTimeUse') || isNamed(condition, 'assertion', 'ProxyRestriction')) continue;
    if (!isNamed(condition, 'assertion', 'AudienceRestriction')) invalid('it sets a condition that is not known');
    if (!childrenNamed(condition, 'assertion', 'Audience').some((each) => value(each) === audience))
      invalid('it is for another audience');
  }
  return until;
}

function timeProblem(element: Element, now: number): string | undefined {
  const from = instant(element, 'NotBefore');
  if (from !== undefined && from - skew > now) return 'it is not valid yet';
  const until = instant(element, 'NotOnOrAfter');
  return until !== undefined && until + skew <= now ? 'it has expired' : undefined;
}

function instant(element: Element, name: string): number | undefined {
  const text = attribute(element, name);
  if (text === undefined) return undefined;
  const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?Z$/.test(text);
  const at = isInstant ? Date.parse(text.replace(/(\.\d{3})\d+Z$/, '$1Z')) : NaN;
  return Number.isNaN(at) ? invalid(`${name} is not a time`) : at;
}

/** xmldom tells of an attribute that is not there by ''. */
const attribute = (element: Element, name: string): string | undefined =>
  element.hasAttribute(name) ? (element.getAttribute(name) ?? undefined) : undefined;

/** Attributes as claims: a list, or its only value. */
function attributesOf(assertion: Element): Claims {
  const attributes = new Map<string, string[]>();
  let count = 0;
  for (const statement of childrenNamed(assertion, 'assertion', 'AttributeStatement'))
    for (const each of childElements(statement)) {
      if (!isNamed(each, 'assertion', 'Attribute')) invalid('it holds an attribute that is encrypted');
      const name = each.getAttribute('Name') ?? '';
      const values = attributes.get(name) ?? [];
      for (const inner of childrenNamed(each, 'assertion', 'AttributeValue')) values.push(value(inner));
      attributes.set(name, values);
      count += values.length;
      if (count > mostValues) invalid('it holds too many attributes');
    }
  const claims: Record<string, unknown> = Object.fromEntries(
    [...attributes].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
  return attributes.has(groupsLink) ? { ...claims, _claim_names: { [entraGroups]: groupsLink } } : claims;
}
