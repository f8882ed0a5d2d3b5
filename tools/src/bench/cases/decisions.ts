import { createDecider, validatePolicySet } from '@sallyport/policy';
import type { ConnectionChunk } from '@sallyport/policy';
import { createAnalyzer, loadGrammar } from '@sallyport/sql';
import { atMost, median } from '../figure.js';
import type { Figure } from '../figure.js';
import { plainCatalog } from '../plain-catalog.js';

const policyCount = 1_000;
const tables = 100;
const searchPath = ['public'];

const catalog = plainCatalog(tables, ['id', 'card', 'name']);

/** A thousand policies of the common kinds, of which some hundred are about the caller. */
const policies = Array.from({ length: policyCount }, (_, index) => {
  const who = index % 10 === 0 ? 'etl' : `team${index % 50}`;
  const table = `Table::"billing/app/public/t${index % tables}"`;
  return index % 7 === 0
    ? `forbid (principal in Group::"${who}", action in Action::"define", resource in ${table});`
    : `permit (principal in Group::"${who}", action in Action::"read", resource in ${table});`;
});

/** Time per call, microseconds: the median of many batches. */
function timePerCall(call: (index: number) => void, batches = 200, size = 100): number {
  let index = 0;
  const times = Array.from({ length: batches }, () => {
    const start = performance.now();
    for (let at = 0; at < size; at++) call(index++);
    return ((performance.now() - start) * 1000) / size;
  });
  return median(times);
}

/** What one statement's decision costs, from its text on, with 1,000 policies. */
export async function* decisions(): AsyncGenerator<Figure> {
  await loadGrammar();
  const set = validatePolicySet(policies.join('\n'));
  if (!set.ok) throw new Error(set.problems.map(({ message }) => message).join('; '));
  const connection: ConnectionChunk = {
    id: 'con_1',
    name: 'billing',
    protocol: 'postgres',
    environment: 'production',
    database: 'app',
    databases: ['app'],
    agents: ['agent'],
    policies: set.policies,
    policyVersion: 1,
    hold: 45_000,
    audit: 'spool',
    detectors: true,
    hashKey: '',
    classes: { card_number: 'partial' },
    tags: [{ schema: 'public', table: 't0', column: 'card', classes: ['card_number'] }],
  };
  const decider = createDecider({
    connection,
    chain: [{ kind: 'subagent', id: 'sub_1', name: 'etl', groups: ['etl'], owner: undefined }],
  });
  const analyzer = createAnalyzer(catalog);
  const context = { now: Date.now(), database: 'app' };
  const decide = (text: string): void => {
    const read = analyzer.analyze(text, searchPath);
    if (read.kind !== 'facts') throw new Error(read.message);
    decider.decide(read.facts, context);
  };
  const cached = timePerCall((index) => decide(`select name from t0 where id = ${index}`));
  yield {
    name: 'decision, cached, 1,000 policies',
    unit: 'us',
    values: { Sallyport: cached },
    score: cached,
    goal: atMost(10, 'us'),
  };
  // A new alias is a new text of no known shape: parsed, resolved and decided from the start.
  const fresh = timePerCall((index) => decide(`select a${index}.name from t${index % tables} a${index}`), 50, 20);
  yield {
    name: 'decision, uncached, 1,000 policies',
    unit: 'us',
    values: { Sallyport: fresh },
    score: fresh,
    goal: atMost(1_000, 'us'),
  };
}
