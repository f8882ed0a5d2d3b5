import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { causeOf } from './cause.js';
import { Failure } from './failure.js';

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** What a supervisor or a person sends; a terminal sends the last two to the whole group, so the program has them already. */
const forwarded = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const;
const ofTerminal: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT']);

/** As a shell says it. */
const notFound = 127;
const notExecutable = 126;

/**
 * Runs a program with our terminal, hands it every signal that we get, and waits for it; its exit code, or 128 and the
 * number of the signal that ended it.
 *
 * @throws Failure when it cannot be started
 */
export function launch({ program, args, env }: Launch): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: 'inherit' });
    const hand = (signal: NodeJS.Signals): void => {
      if (!ofTerminal.has(signal) || !process.stdin.isTTY) child.kill(signal);
    };
    const end = (): void => void child.kill('SIGTERM');
    for (const signal of forwarded) process.on(signal, hand);
    // Should we crash, it does not go on with a token that nobody renews.
    process.once('exit', end);
    const over = (settle: () => void): void => {
      for (const signal of forwarded) process.off(signal, hand);
      process.off('exit', end);
      settle();
    };
    child.once('error', (cause) => {
      const { code, reason } = causeOf(cause);
      const failure = new Failure(`cannot run ${program}: ${code === '' ? reason : code}`, {
        hint: 'is it installed, and on the PATH?',
        exitCode: code === 'ENOENT' ? notFound : notExecutable,
      });
      over(() => reject(failure));
    });
    child.once('exit', (code, signal) =>
      over(() => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))),
    );
  });
}
