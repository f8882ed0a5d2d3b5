import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';

/** One of our programs as a process of its own; what it says goes to a log file. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  readonly logPath: string;
  /** Resolves with the first line of output that matches. Rejects when the process ends first or time runs out. */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  running(): boolean;
  /** Resolves when it ends and nobody asked it to, with what a person wants to know. */
  readonly died: Promise<string>;
  /** What it was asked for did not come: the error, with the end of its log. */
  failure(why: string): Error;
  /** It is expected to end; resolves with its exit code, or the signal that ended it. */
  terminate(): Promise<number | string>;
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

/** What runs first in every program: whoever is killed here, or crashes, leaves no program behind. */
const endWithUs = `data:text/javascript,${encodeURIComponent(
  `process.stdin.resume().on('end', () => process.kill(process.pid, 'SIGTERM')).on('error', () => {}).unref();`,
)}`;

/** The end of a log that is told with a failure. */
const tailLines = 8;

export function startProgram({ name, script, env, logPath, ...rest }: ProgramOptions): Program {
  const log = createWriteStream(logPath, { flags: 'a', mode: 0o600 });
  const child = spawn(process.execPath, ['--import', endWithUs, script, ...(rest.arguments ?? [])], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    // Nothing is ever written to its standard input; it ends when we do, however we end.
    stdio: ['pipe', 'pipe', 'pipe'],
    // A process group of its own: Ctrl-C is for us, who then stop it in its turn.
    detached: true,
  });
  if (child.pid === undefined) throw new Error(`${name} could not be started`);
  const seen: string[] = [];
  const tail: string[] = [];
  const watchers = new Set<(line: string) => void>([
    (line) => void (seen.length < 2000 && seen.push(line)),
    (line) => void (tail.push(line) > tailLines && tail.shift()),
  ]);
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      log.write(chunk);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) for (const watcher of watchers) watcher(line);
    });
  }
  let asked = false;
  const ended = new Promise<void>((resolve) => child.once('close', () => log.end(resolve)));
  const failure = (why: string): Error =>
    new Error(`${name} ${why}; its log ends with:\n${tail.map((line) => `  ${line}`).join('\n')}`);
  return {
    name,
    pid: child.pid,
    logPath,
    waitForLine: (pattern, timeoutMs = 60_000) => waitForLine({ pattern, timeoutMs, seen, watchers, ended, failure }),
    running: () => isRunning(child),
    died: new Promise((resolve) => {
      void ended.then(() => {
        if (!asked) resolve(failure(`ended by itself (${child.signalCode ?? `exit code ${child.exitCode}`})`).message);
      });
    }),
    failure,
    terminate: async () => {
      asked = true;
      child.kill('SIGTERM');
      await ended;
      return child.exitCode ?? child.signalCode ?? 'unknown';
    },
    stop: (graceMs = 8_000) => {
      asked = true;
      return stop(child, ended, graceMs);
    },
    kill: async () => {
      asked = true;
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

async function stop(child: ChildProcess, ended: Promise<void>, graceMs: number): Promise<void> {
  if (!isRunning(child)) return ended;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
}

function waitForLine(wait: {
  readonly pattern: RegExp;
  readonly timeoutMs: number;
  readonly seen: readonly string[];
  readonly watchers: Set<(line: string) => void>;
  readonly ended: Promise<void>;
  readonly failure: (why: string) => Error;
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
    const fail = (why: string): void => finish(() => reject(wait.failure(why)));
    const timer = setTimeout(
      () => fail(`said nothing like ${wait.pattern} within ${wait.timeoutMs} ms`),
      wait.timeoutMs,
    );
    wait.watchers.add(look);
    for (const line of wait.seen) look(line);
    void wait.ended.then(() => fail('ended'));
  });
}
