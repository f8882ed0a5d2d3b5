import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Stack, connectAs, startStack, waitFor } from '@sallyport/tools';

interface AuditPage {
  readonly items: readonly { readonly id: string; readonly type: string; readonly text?: string }[];
  readonly next: string | null;
}

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ holdSeconds: 5, progress: () => undefined, targetSettings: ['log_statement=all'] });
}, 120_000);
afterAll(() => stack.stop(), 60_000);

/** Every intent that the control plane holds, by the marker in its text. */
async function recorded(): Promise<readonly string[]> {
  const markers: string[] = [];
  let cursor: string | null = null;
  do {
    const page: AuditPage = (await stack.admin.expect(
      'GET',
      `/v1/audit?type=statement.intent&limit=200${cursor === null ? '' : `&cursor=${cursor}`}`,
    )) as unknown as AuditPage;
    for (const { text } of page.items) markers.push(...(text?.match(/marker_\w+/g) ?? []));
    cursor = page.next;
  } while (cursor !== null);
  return markers;
}

const reached = (): ReadonlySet<string> => new Set(stack.target.log.join('').match(/marker_\w+/g) ?? []);

/** Statements one after the other until `count` were answered, over new connections whenever the wire breaks. */
async function work(name: string, count: number, answered: (soFar: number) => void): Promise<void> {
  const deadline = Date.now() + 60_000;
  let done = 0;
  for (let at = 0; done < count;) {
    if (Date.now() > deadline) throw new Error(`only ${done} of ${count} statements were answered within a minute`);
    try {
      const { client } = await connectAs(stack, 'etl');
      try {
        while (done < count) {
          await client.query(`select ${at} as marker_${name}_${at++}`);
          answered(++done);
        }
      } finally {
        await client.end().catch(() => undefined);
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe('kill -9 loses no record of a command that reached the target', () => {
  for (const program of ['proxy', 'agent', 'control-plane'] as const)
    test(`of the ${program}`, async () => {
      const name = program.replace('-', '_');
      let killed: Promise<void> | undefined;
      await work(name, 80, (soFar) => {
        if (soFar >= 30) killed ??= stack.restart(program);
      });
      await killed;
      const { client } = await connectAs(stack, 'etl');
      await client.query(`select 0 as marker_${name}_after`);
      await client.end();
      const mine = (): readonly string[] => [...reached()].filter((marker) => marker.startsWith(`marker_${name}_`));
      expect(mine().length).toBeGreaterThan(80);
      await waitFor(
        'every record to arrive',
        async () => {
          const known = new Set(await recorded());
          return mine().every((marker) => known.has(marker)) ? true : undefined;
        },
        20_000,
      );
      const all = (await recorded()).filter((marker) => marker.startsWith(`marker_${name}_`));
      expect(all.length).toBe(new Set(all).size);
    }, 90_000);
});
