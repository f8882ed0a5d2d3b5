import { Client } from 'pg';
import { atMost, quantile } from '../figure.js';
import type { Figure } from '../figure.js';
import type { Scene } from '../scene.js';

const times = 50;
/** The first ones find every program cold. */
const warmUps = 4;
/** Between two looks. A session that asks without pause would be one more thing that two cores have to do. */
const interval = 5;

/** From the moment that an admin asks to publish until an open session's next statement is bound by it. */
export async function* publishing({ stack, sallyport }: Scene): AsyncGenerator<Figure> {
  const { admin } = stack;
  const client = new Client({ ...sallyport, host: '127.0.0.1' });
  await client.connect();
  const allowed = async (): Promise<boolean> =>
    client.query('select count(*) from people where id = 1').then(
      () => true,
      () => false,
    );
  const took: number[] = [];
  try {
    for (let index = 0; index < warmUps + times; index++) {
      const forbid = index % 2 === 0;
      const start = performance.now();
      await admin.expect('PUT', '/v1/policy-sets/bench-switch', { text: policy(forbid), publish: true });
      while ((await allowed()) === forbid) await new Promise((resolve) => setTimeout(resolve, interval));
      if (index >= warmUps) took.push(performance.now() - start);
    }
  } finally {
    await client.end();
  }
  yield {
    name: 'publish to enforced in an open session',
    unit: 'ms',
    values: { p50: quantile(took, 0.5), p99: quantile(took, 0.99) },
    score: quantile(took, 0.99),
    goal: atMost(250, 'ms'),
  };
}

const policy = (forbid: boolean): string =>
  forbid
    ? `@id("bench-switch") forbid (principal, action in Action::"read", resource == Table::"billing/app/public/people");`
    : `@id("bench-switch") forbid (principal, action in Action::"read", resource == Table::"billing/app/public/none");`;
