import { describe, expect, test } from '@jest/globals';
import { RunCommand, RunResult } from '@sallyport/contracts';
import { createRuns } from './runs.js';

const order = (runId: string, again = false): RunCommand => RunCommand.fromPartial({ runId, again });

describe('orders to run a kept command', () => {
  test('told twice, it runs once, and its answer is given again', async () => {
    let finish: (result: RunResult) => void = () => undefined;
    let begun = 0;
    const runs = createRuns(() => {
      begun += 1;
      return new Promise((resolve) => (finish = resolve));
    });
    const first = runs.order(order('run_1'));
    expect(await runs.order(order('run_1'))).toBeUndefined();
    expect(await runs.order(order('run_1', true))).toBeUndefined();
    const result = RunResult.fromPartial({ runId: 'run_1', completed: true });
    finish(result);
    expect(await first).toBe(result);
    expect(await runs.order(order('run_1', true))).toBe(result);
    expect(await runs.order(order('run_1'))).toBe(result);
    expect(begun).toBe(1);
  });

  test('told again of what it does not know, it runs nothing', async () => {
    let begun = 0;
    const runs = createRuns(() => {
      begun += 1;
      return Promise.reject(new Error('begun'));
    });
    expect(await runs.order(order('run_1', true))).toMatchObject({
      runId: 'run_1',
      completed: false,
      code: 'unknown_run',
    });
    expect(begun).toBe(0);
  });

  test('only the last answers are kept', async () => {
    const runs = createRuns(({ runId }) => Promise.resolve(RunResult.fromPartial({ runId, completed: true })));
    for (let count = 0; count < 100; count += 1) await runs.order(order(`run_${count}`));
    expect(await runs.order(order('run_0', true))).toMatchObject({ code: 'unknown_run' });
    expect(await runs.order(order('run_99', true))).toMatchObject({ completed: true });
  });
});
