import { type Fields, sameValue } from './difference.js';

/** A noun that can be written down, and how REST takes it. */
export interface KindRules {
  /** Its collection in REST. */
  readonly collection: string;
  /** Below the noun itself: column tags are a part of their connection. */
  readonly part?: string;
  /** Everything that a manifest may say. */
  readonly fields: readonly string[];
  /** REST keeps these where they are not sent; all others would fall back to their defaults. */
  readonly kept?: readonly string[];
  /** It makes itself, by enrolling: a manifest can change it and not make it. */
  readonly enrols?: true;
  /** One field, wanted and present: does nothing have to be done? By default when they are the same value. */
  readonly settled?: (field: string, wanted: unknown, present: Fields) => boolean;
  /** Last words on what is sent. */
  readonly sent?: (body: Fields, wanted: Fields) => Fields;
  /** As `sally get` writes it down, so that applying it again changes nothing. */
  readonly written?: (fields: Fields) => Fields;
}

const tagWithSchema = (tag: unknown): unknown =>
  typeof tag === 'object' && tag !== null ? { schema: 'public', ...tag } : tag;
const sameTags = (wanted: unknown, present: unknown): boolean =>
  sameValue(Array.isArray(wanted) ? wanted.map(tagWithSchema) : wanted, present);

const wholeMapping = (mapping: unknown): unknown => {
  if (!isFields(mapping)) return mapping;
  const { groups = [] } = mapping;
  const rules = Array.isArray(groups)
    ? groups.map((rule: unknown) => (isFields(rule) ? { claim: 'groups', ...rule } : rule))
    : groups;
  return { ...mapping, groups: rules };
};

const without = (fields: Fields, name: string): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name));

/** Every noun of REST that lasts, in the order in which they depend on each other. */
export const kinds = {
  Class: { collection: 'classes', fields: ['mask'] },
  Group: {
    collection: 'groups',
    fields: ['description', 'members'],
    kept: ['members'],
    // Users alone may be named, or subagents alone: the others stay.
    settled: (field, wanted, present) =>
      field === 'members' && isFields(wanted) && isFields(present['members'])
        ? sameValue({ ...present['members'], ...wanted }, present['members'])
        : sameValue(wanted, present[field]),
  },
  Issuer: {
    collection: 'issuers',
    fields: ['issuer', 'audiences', 'jwksUri', 'keys', 'algorithms'],
    // Keys are given by hand or read from a URL: never both.
    sent: (body, wanted) => {
      if ('keys' in wanted && wanted['keys'] !== undefined)
        return 'jwksUri' in wanted ? body : without(body, 'jwksUri');
      return body['jwksUri'] === null || body['jwksUri'] === undefined ? body : without(body, 'keys');
    },
    written: (fields) => (fields['jwksUri'] === undefined ? fields : without(fields, 'keys')),
  },
  IdentityProvider: {
    collection: 'identity-providers',
    // Its client's secret is no part of a manifest: POST /v1/identity-providers/NAME/client-secret.
    fields: [
      'kind',
      'issuer',
      'clientId',
      'metadataUrl',
      'metadata',
      'scopes',
      'mapping',
      'idpInitiated',
      'justInTime',
      'disabled',
    ],
    // The mapping's rules have defaults of their own.
    settled: (field, wanted, present) =>
      field === 'mapping' ? sameValue(wholeMapping(wanted), present['mapping']) : sameValue(wanted, present[field]),
  },
  User: {
    collection: 'users',
    fields: ['role', 'email', 'disabled', 'groups'],
    kept: ['disabled', 'groups'],
  },
  Subagent: {
    collection: 'subagents',
    fields: ['issuer', 'claims', 'groups', 'owner', 'holdSeconds', 'disabled'],
    kept: ['disabled', 'groups'],
  },
  Connection: {
    collection: 'connections',
    fields: [
      'protocol',
      'environment',
      'host',
      'port',
      'tls',
      'database',
      'databases',
      'agents',
      'credential',
      'audit',
      'holdSeconds',
      'detectors',
      'sampling',
      'unprovable',
      'tags',
    ],
    kept: ['tags'],
    settled: (field, wanted, present) =>
      field === 'tags' ? sameTags(wanted, present['tags']) : sameValue(wanted, present[field]),
  },
  ColumnTags: {
    collection: 'connections',
    part: 'tags',
    fields: ['items'],
    settled: (_field, wanted, present) => sameTags(wanted, present['items']),
  },
  PolicySet: {
    collection: 'policy-sets',
    fields: ['text', 'comment', 'publish'],
    kept: ['comment', 'publish'],
    // A comment belongs to a version, and what is in force is taken out of force by deleting it, or by a new text.
    settled: (field, wanted, present) => {
      if (field === 'comment') return true;
      if (field === 'publish') return wanted !== true || present['publish'] === true;
      return sameValue(wanted, present[field]);
    },
  },
  Agent: { collection: 'agents', fields: ['disabled'], enrols: true },
  Proxy: { collection: 'proxies', fields: ['disabled'], enrols: true },
} as const satisfies Readonly<Record<string, KindRules>>;

export type Kind = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as readonly Kind[];
export const rulesOf = (kind: Kind): KindRules => kinds[kind];
export const isKind = (value: unknown): value is Kind => typeof value === 'string' && Object.hasOwn(kinds, value);
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `Connection`, `connection`, `connections`, `policy-sets`, `policyset`: all that a person might type. */
export function kindNamed(text: string): Kind | undefined {
  const plain = (name: string): string => name.toLowerCase().replace(/[-_]/g, '');
  return kindNames.find((kind) => {
    const { collection, part } = rulesOf(kind);
    return [kind, `${kind}s`, ...(part === undefined ? [collection] : [])].map(plain).includes(plain(text));
  });
}

/** Where REST has it. */
export const pathOf = (kind: Kind, name: string): string => {
  const { collection, part } = rulesOf(kind);
  return `/v1/${collection}/${encodeURIComponent(name)}${part === undefined ? '' : `/${part}`}`;
};
