import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** One of our programs as a process of its own; what it says goes to a log file. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  readonly logPath: string;
  /** Resolves with the first line of output that matches. Rejects when the process ends first or time runs out. */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  running(): boolean;
  /** SIGTERM, then SIGKILL after the grace period. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL at once. */
  kill(): Promise<void>;
}

export interface ProgramOptions {
  readonly name: string;
  /** The JavaScript file that Node runs. */
  readonly script: string;
  readonly arguments?: readonly string[];
  /** The whole environment of the program, beside PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly logPath: string;
}

export function startProgram({ name, script, env, logPath, ...rest }: ProgramOptions): Program {
  const log = createWriteStream(logPath, { flags: 'a', mode: 0o600 });
  const child = spawn(process.execPath, [script, ...(rest.arguments ?? [])], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid === undefined) throw new Error(`${name} could not be started`);
  const watchers = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      log.write(chunk);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) for (const watcher of watchers) watcher(line);
    });
  }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const seen: string[] = [];
  watchers.add((line) => void (seen.length < 2000 && seen.push(line)));
  return {
    name,
    pid: child.pid,
    logPath,
    waitForLine: (pattern, timeoutMs = 20_000) =>
      waitForLine({ name, logPath, pattern, timeoutMs, seen, watchers, ended }),
    running: () => child.exitCode === null && child.signalCode === null,
    stop: (graceMs = 8_000) => stop(child, ended, graceMs),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function stop(child: ChildProcess, ended: Promise<void>, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
}

function waitForLine(wait: {
  readonly name: string;
  readonly logPath: string;
  readonly pattern: RegExp;
  readonly timeoutMs: number;
  readonly seen: readonly string[];
  readonly watchers: Set<(line: string) => void>;
  readonly ended: Promise<void>;
}): Promise<RegExpMatchArray> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      wait.watchers.delete(look);
      settle();
    };
    const look = (line: string): void => {
      const match = wait.pattern.exec(line);
      if (match !== null) finish(() => resolve(match));
    };
    const fail = async (why: string): Promise<void> => {
      const tail = (await readFile(wait.logPath, 'utf8').catch(() => '')).split('\n').slice(-8).join('\n');
      finish(() => reject(new Error(`${wait.name} ${why}; its log ends with:\n${tail}`)));
    };
    const timer = setTimeout(
      () => void fail(`said nothing like ${wait.pattern} within ${wait.timeoutMs} ms`),
      wait.timeoutMs,
    );
    wait.watchers.add(look);
    for (const line of wait.seen) look(line);
    void wait.ended.then(() => fail('ended'));
  });
}
