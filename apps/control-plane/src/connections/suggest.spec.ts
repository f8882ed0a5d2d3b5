import { describe, expect, test } from '@jest/globals';
import type { Catalog, CatalogRelation } from '@sallyport/kernel';
import { classesOfName, suggest } from './suggest.js';

describe('the name of a column', () => {
  test.each([
    ['email', ['email']],
    ['E-Mail', ['email']],
    ['contactEmail', ['email']],
    ['CARD_NUMBER', ['card_number']],
    ['cc_num', ['card_number']],
    ['pan', ['card_number']],
    ['mobile', ['phone']],
    ['phone_number', ['phone']],
    ['iban', ['iban']],
    ['ssn', ['national_id']],
    ['passwd', ['password']],
    ['client_secret', ['password', 'cloud_key']],
    ['accessToken', ['jwt']],
    ['client_ip', ['ip_address']],
    ['dob', ['birth_date']],
    ['last_name', ['person_name']],
    ['zip_code', ['address']],
    // No less, and no more.
    ['hotel', []],
    ['span', []],
    ['phone_type', []],
    ['recipe', []],
    ['description', []],
    ['cardinality', []],
    ['card_type', []],
    ['', []],
    ['x'.repeat(100_000), []],
  ])('%s speaks for %j', (name, classes) => expect(classesOfName(name)).toEqual(classes));
});

const relation = (oid: number, name: string, over: Partial<CatalogRelation> = {}): CatalogRelation => ({
  ...{ oid, schema: 'public', name, kind: 'table' },
  columns: [
    { attribute: 1, name: 'email', type: 25 },
    { attribute: 2, name: 'note', type: 25 },
  ],
  ...over,
});
const catalog: Catalog = {
  ...{ database: 'app', serverVersion: 180_004, functions: [], types: [], searchPath: [] },
  relations: [
    relation(20_001, 'people'),
    relation(20_002, 'part', { parents: [20_001] }),
    relation(20_003, 'shown', { kind: 'view' }),
  ],
};
const finding = { schema: 'public', table: 'people', column: 'note', class: 'phone', share: 90, sampled: 80 };
const named = { schema: 'public', table: 'people', column: 'email', class: 'email' };

describe('suggestions', () => {
  test('are by name and by values, together where both speak for it; only where values are kept', () => {
    const both = { ...finding, column: 'email', class: 'email', share: 50 };
    expect(suggest(catalog, [], [])).toEqual([{ ...named, reasons: ['name'], share: null, sampled: null }]);
    expect(suggest(catalog, [], [finding, both])).toEqual([
      { ...named, reasons: ['name', 'values'], share: 50, sampled: 80 },
      { ...finding, reasons: ['values'] },
    ]);
  });

  test('are no more once they are tags, or the column is gone', () => {
    const tag = { schema: 'public', table: 'people', column: 'email', classes: ['pii', 'email'] };
    expect(suggest(catalog, [tag], [{ ...finding, column: 'gone' }])).toEqual([]);
    expect(suggest(catalog, [{ ...tag, classes: ['pii'] }], [])).toHaveLength(1);
  });
});
