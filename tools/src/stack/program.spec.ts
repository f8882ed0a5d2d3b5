import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@sallyport/testing';
import { rootDirectory } from './paths.js';
import { type Program, startProgram } from './program.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-program-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function start(source: string): Program {
  const script = join(directory, 'program.mjs');
  writeFileSync(script, source);
  return startProgram({ name: 'thing', script, env: {}, logPath: join(directory, 'thing.log') });
}
const stay = 'setInterval(() => {}, 1000); console.log("up");';

describe('a program', () => {
  test('that dies by itself is told with its exit code and the end of its log', async () => {
    const program = start('for (let n = 1; n <= 20; n++) console.log(`line ${n}`); process.exitCode = 3;');
    const report = await program.died;
    expect(report).toContain('thing ended by itself (exit code 3); its log ends with:\n  line 13\n');
    expect(report).toMatch(/line 20$/);
    expect(readFileSync(program.logPath, 'utf8')).toContain('line 1\n');
  });

  test('that somebody kills is told too', async () => {
    const program = start(stay);
    await program.waitForLine(/up/);
    process.kill(program.pid, 'SIGKILL');
    expect(await program.died).toContain('SIGKILL');
  });

  test('that was asked to end is not', async () => {
    let told = false;
    for (const end of ['stop', 'kill'] as const) {
      const program = start(stay);
      void program.died.then(() => (told = true));
      await program.waitForLine(/up/);
      await program[end]();
      expect(program.running()).toBe(false);
    }
    expect(told).toBe(false);
  });

  test('that does not heed SIGTERM is killed', async () => {
    const program = start(`process.on('SIGTERM', () => {}); ${stay}`);
    await program.waitForLine(/up/);
    await program.stop(50);
    expect(program.running()).toBe(false);
  });

  test('ends with the process that started it, however that ends', async () => {
    const starter = join(directory, 'starter.mjs');
    const program = join(directory, 'program.mjs');
    writeFileSync(program, stay);
    const options = JSON.stringify({ name: 'thing', script: program, env: {}, logPath: join(directory, 'thing.log') });
    const built = join(rootDirectory, 'tools/dist/stack/program.js');
    writeFileSync(
      starter,
      `import { startProgram } from ${JSON.stringify(built)};
       const program = startProgram(${options});
       await program.waitForLine(/up/);
       console.log(program.pid);
       process.kill(process.pid, 'SIGKILL');`,
    );
    const { stdout, signal } = spawnSync(process.execPath, [starter], { encoding: 'utf8' });
    expect(signal).toBe('SIGKILL');
    expect(Number(stdout)).toBeGreaterThan(0);
    await until(() => !existsSync(`/proc/${Number(stdout)}`), 'the program has ended');
  });

  test('that ends before it says what it should is told at once', async () => {
    const program = start('console.error("no such thing");');
    await expect(program.waitForLine(/ready/)).rejects.toThrow('thing ended; its log ends with:\n  no such thing');
  });
});
