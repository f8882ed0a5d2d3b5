import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  bundleCauses,
  furtherStates,
  loginCauses,
  ownPages,
  pages,
  problemPages,
  refusalPages,
  targetCauses,
} from '@sallyport/cli/errors';
import { problemCodes } from '@sallyport/control-plane';
import { refusedCauses } from '@sallyport/identity';
import { refusalCodes } from '@sallyport/kernel';
import { sqlstate } from '@sallyport/postgres';
import { rootDirectory } from '../stack/paths.js';

const sorted = (codes: Iterable<string>): readonly string[] => [...new Set(codes)].sort();

/** What the sources of a room say in that form; types vanish, so the text is looked at. */
function saidIn(folder: string, pattern: RegExp): readonly string[] {
  const root = join(rootDirectory, folder);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .flatMap((name) => [...readFileSync(join(root, name), 'utf8').matchAll(pattern)].map(([, code]) => code ?? ''));
}

describe('every error has a page, and every page an error', () => {
  test('of a proxy', () => expect(sorted(Object.keys(refusalPages))).toEqual(sorted(refusalCodes)));

  test('by each SQLSTATE that a proxy sends', () => {
    const finer = saidIn('libs/protocols/postgres/src', /(?:state: |\? |: )'(\d[0-9A-Z]{4})'/g);
    const listed = Object.values(sqlstate);
    expect(sorted(Object.values(furtherStates).flat())).toEqual(
      sorted(finer.filter((state) => !listed.includes(state))),
    );
  });

  test('of REST', () => {
    const runs = saidIn('apps/control-plane/src/approvals', /\bfailure\('([a-z_]+)'/g);
    expect(runs).toHaveLength(2);
    const shared = Object.keys(problemCodes).filter((code) => Object.hasOwn(refusalPages, code));
    expect(sorted([...Object.keys(problemPages), ...shared])).toEqual(sorted([...Object.keys(problemCodes), ...runs]));
  });

  test('one code has one page, whoever says it', () => {
    const tables = [refusalPages, problemPages, ownPages].flatMap((table) => Object.keys(table));
    expect(sorted(tables)).toHaveLength(tables.length);
    expect(sorted(tables)).toEqual(sorted(Object.keys(pages)));
  });
});

describe('every finer cause is told, and none that does not exist', () => {
  test('of a refused login', () => {
    const own = [
      ...saidIn('apps/proxy/src', /\brefused\('([a-z_]+)'\)/g),
      ...saidIn('apps/proxy/src', /'((?:unknown_connection|database_not_allowed|no_bundle))'/g),
      ...saidIn('libs/identity/src', /\bend\('([a-z_]+)'\)/g),
    ];
    expect(own).toContain('wrong_protocol');
    expect(own).toContain('binding_changed');
    expect(sorted(Object.keys(loginCauses))).toEqual(sorted([...refusedCauses, ...own]));
  });

  test('of a target that was not opened', () => {
    const said = [
      ...saidIn('apps/agent/src', /\bnew OpenProblem\(\s*'([a-z_]+)'/g),
      ...saidIn('apps/agent/src', /\brefused\('([a-z_]+)'/g),
      ...saidIn('libs/protocols/postgres/src/login', /\bnew LoginError\(\s*'([a-z_]+)'/g),
    ];
    expect(sorted(Object.keys(targetCauses))).toEqual(sorted(said));
  });

  test('of a bundle that was refused', () => {
    const text = readFileSync(join(rootDirectory, 'libs/policy/src/bundle/accept.ts'), 'utf8');
    const [, union = ''] = /type ManifestRefusal =([\s\S]*?);/.exec(text) ?? [];
    const reasons = [...union.matchAll(/\| '([a-z_]+)'/g)].map(([, reason]) => reason ?? '');
    expect(reasons).toHaveLength(6);
    expect(sorted(Object.keys(bundleCauses))).toEqual(sorted(reasons));
  });
});
