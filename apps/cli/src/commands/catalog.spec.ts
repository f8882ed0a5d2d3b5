import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CatalogReport, SampleReport } from '@sallyport/contracts';
import { until } from '@sallyport/testing';
import { writtenCatalog } from '../../../control-plane/testing/catalog.js';
import { enrolNode, openStream, portOf } from '../../../control-plane/testing/node.js';
import type { NodeStream } from '../../../control-plane/testing/node.js';
import { startSallyPlane } from '../../testing/plane.js';
import type { SallyPlane } from '../../testing/plane.js';

let stack: SallyPlane;
let agent: NodeStream;
beforeAll(async () => {
  stack = await startSallyPlane('catalog_commands');
  const { plane } = stack;
  await plane.admin('PUT', '/v1/connections/billing', {
    ...{ protocol: 'postgres', environment: 'production', host: '127.0.0.1', port: 5432, tls: 'disable' },
    ...{ database: 'app', agents: ['a1'], credential: 'billing', sampling: true },
    tags: [{ table: 'customers', column: 'mail', classes: ['email'] }],
  });
  const node = { kind: 'agent', name: 'a1' } as const;
  agent = openStream(portOf(plane, 'control'), await enrolNode(portOf(plane, 'enrolment'), plane.admin, node));
});
afterAll(async () => {
  agent.stop();
  await stack.stop();
});

const said = async (...args: readonly string[]): Promise<string> => {
  const { exitCode, stdout, stderr } = await stack.sally(args);
  expect([exitCode, stderr]).toEqual([0, '']);
  return stdout;
};
const report = (over: Partial<CatalogReport>): void =>
  agent.send({
    $case: 'catalog',
    value: CatalogReport.fromPartial({ connection: 'billing', database: 'app', ...over }),
  });
const read = writtenCatalog({
  ...{ database: 'app', serverVersion: 180_004, types: [], searchPath: ['public'] },
  functions: [
    {
      ...{ oid: 20_002, schema: 'public', name: 'leak', kind: 'function', language: 'sql', volatility: 'stable' },
      ...{ securityDefiner: true, arguments: [23], owner: 'app', returns: 25 },
    },
  ],
  operators: [{ schema: 'public', name: '<->', compiled: true, left: 23, right: 25, result: 16 }],
  relations: [
    {
      ...{ oid: 20_001, schema: 'public', name: 'customers', kind: 'table', owner: 'app' },
      columns: ['id', 'mail', 'phone_number'].map((name, at) => ({ attribute: at + 1, name, type: 25 })),
    },
  ],
});

describe('sally catalog', () => {
  test('says that nothing is known, and what to do', async () => {
    expect(await said('catalog', 'show', 'billing')).toMatch(
      /billing\/app: absent.*never read[^]*What to do: no agent/,
    );
    expect(await said('catalog', 'ls')).toMatch(/billing +app +absent +0 +never +no agent has looked/);
    const { exitCode, stderr } = await stack.sally(['catalog', 'columns', 'billing']);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('was not read yet')]);
  });

  test('shows what an agent read, and has it read again', async () => {
    report(read);
    await until(async () => (await said('catalog', 'show', 'billing')).includes('current, version 1'));
    expect(await said('catalog', 'relations', 'billing', '--name', 'CUST')).toMatch(
      /public +customers +table +app +3 +1/,
    );
    expect(await said('catalog', 'columns', 'billing', '--untagged')).not.toContain('mail');
    expect(await said('catalog', 'columns', 'billing', '--tagged')).toMatch(/mail +text +email/);
    expect(await said('catalog', 'functions', 'billing')).toMatch(
      /SECURITY DEFINER\n.*leak +int4 +text +function +sql +stable +app +yes/,
    );
    expect(await said('catalog', 'types', 'billing', '--schema', 'none')).not.toContain('public');
    expect(await said('catalog', 'operators', 'billing')).toMatch(/<-> +int4 +text +bool +yes/);
    expect(await said('catalog', 'read', 'billing')).toContain('are told');
    await until(() => agent.seen.some(({ $case }) => $case === 'readCatalog'));
    report({ problem: 'the catalog cannot be read (28P01)' });
    await until(async () => (await said('catalog', 'show', 'billing')).includes('(28P01)'));
    expect(await said('catalog', 'ls')).toMatch(/billing +app +unreadable +1 .*\(28P01\) +mend it/);
    expect(await said('catalog', 'show', 'billing', '--json')).toMatch(/"state": ?"unreadable"/);
  });
});

describe('sally suggestions', () => {
  test('lists by name and by values, and has values looked at', async () => {
    expect(await said('suggestions', 'ls', 'billing')).toMatch(/public.customers.phone_number +phone +its name/);
    expect(await said('suggestions', 'sample', 'billing')).toContain('An agent is told');
    await until(() => agent.seen.some(({ $case }) => $case === 'sampleColumns'));
    const verdict = { schema: 'public', table: 'customers', column: 'id', class: 'iban', share: 70, sampled: 90 };
    agent.send({
      $case: 'samples',
      value: SampleReport.fromPartial({ connection: 'billing', database: 'app', verdicts: [verdict] }),
    });
    await until(async () => (await said('suggestions', 'ls', 'billing')).includes('70 % of 90 values'));
  });

  test('makes tags of those that are named, or of all', async () => {
    const strange = await stack.sally(['suggestions', 'accept', 'billing', 'public.customers.id=email']);
    expect([strange.exitCode, strange.stderr]).toEqual([1, expect.stringContaining('is not suggested')]);
    expect(await said('suggestions', 'accept', 'billing', 'public.customers.id=iban')).toBe(
      'public.customers.id=iban: tagged\n',
    );
    expect(await said('suggestions', 'accept', 'billing', '--all')).toBe(
      'public.customers.phone_number=phone: tagged\n',
    );
    expect(await said('suggestions', 'accept', 'billing', '--all')).toBe('Nothing is suggested.\n');
    expect(await said('get', 'column-tags', 'billing')).toMatch(/iban[^]*email[^]*phone/);
  });
});
