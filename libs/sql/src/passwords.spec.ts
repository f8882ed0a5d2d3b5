import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadGrammar } from './analyzer.js';
import { upToPassword, withoutPasswords } from './passwords.js';

beforeAll(() => loadGrammar());

describe('a text as evidence may keep it', () => {
  test.each([
    ["alter role x password 's3cret'", "alter role x password '[password]'"],
    ["CREATE USER x ENCRYPTED PASSWORD E's3''c\\'ret' LOGIN", "CREATE USER x ENCRYPTED PASSWORD '[password]' LOGIN"],
    ["alter user x password /* ü */ -- 'é'\n $a$s3cret$a$", "alter user x password /* ü */ -- 'é'\n '[password]'"],
    ["alter user x password U&'s3\\0063ret'", "alter user x password '[password]'"],
    [
      "select 'ü🗝'; alter user x password 's3cret'; select 'kept'",
      "select 'ü🗝'; alter user x password '[password]'; select 'kept'",
    ],
    [
      "create user mapping for x server s options (user 'u', password 's3cret')",
      "create user mapping for x server s options (user 'u', password '[password]')",
    ],
    [
      `alter user mapping for x server s options (set "password" 's3cret')`,
      `alter user mapping for x server s options (set "password" '[password]')`,
    ],
    [
      "create subscription s connection 'host=h password=s3cret dbname=d' publication p",
      "create subscription s connection 'host=h password=[password] dbname=d' publication p",
    ],
    [
      "select * from dblink('password = ''s3 cret'' host=h', 'select 1')",
      "select * from dblink('password = [password] host=h', 'select 1')",
    ],
  ])('%s', (text, kept) => {
    expect(withoutPasswords(text)).toBe(kept);
  });

  test.each([
    "select 'it says password '; drop table x; --'",
    "select password from users where id = 'x'",
    "select 'password', 'x'",
    "alter role x password null valid until '2027-01-01'",
    "comment on role x is 'password'",
    "-- password 'x'\nselect 1",
    "select 's3cret'",
  ])('nothing else is hidden: %s', (text) => {
    expect(withoutPasswords(text)).toBe(text);
  });

  test('what cannot be scanned is cut', () => {
    const text = "alter role x password 's3cret";
    expect(withoutPasswords(text)).toBeUndefined();
    expect(upToPassword(text)).toBe('alter role x password [password]');
    expect(withoutPasswords(`alter role x password 'a'${' '.repeat(300_000)}`)).toBeUndefined();
  });
});
