import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { rootDirectory } from '@sallyport/tools';

/** The demo plays the scenario of the README by itself; what a stranger sees is what is tested. */
test('the guided scenario holds, from the masked select to the credential that is nowhere', async () => {
  const { exitCode, output } = await runDemo();
  const failures = output.split('\n').filter((line) => line.includes('✗'));
  expect(failures).toEqual([]);
  expect(output).toMatch(/^\d+ passed, 0 failed$/m);
  expect(Number(/^(\d+) passed/m.exec(output)?.[1])).toBeGreaterThanOrEqual(35);
  expect(exitCode).toBe(0);
}, 180_000);

function runDemo(): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(rootDirectory, 'tools/dist/demo/main.js'), '--once'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}
