import { join } from 'node:path';
import { entries } from './paths.js';
import { type Program, startProgram } from './program.js';
import { Interrupted } from './scope.js';
import type { Scope } from './scope.js';

export type ProgramName = Exclude<keyof typeof entries, 'sally'>;

/** The programs of a stack by name, each with how to launch it again. */
export interface Programs {
  readonly running: ReadonlyMap<string, Program>;
  /** `as`: where one program runs several times. */
  start(name: ProgramName, env: Readonly<Record<string, string>>, as?: string): Promise<Program>;
  /** kill -9, then the same again. */
  relaunch(name: ProgramName): Promise<Program>;
}

export function createPrograms(
  directory: string,
  scope: Scope,
  onDeath: (report: string) => void = () => undefined,
): Programs {
  const running = new Map<string, Program>();
  const environments = new Map<string, Readonly<Record<string, string>>>();
  const launch = (name: ProgramName, as: string = name): Promise<Program> => {
    if (scope.closed) return Promise.reject(new Interrupted());
    const env = environments.get(as);
    if (env === undefined) return Promise.reject(new Error(`${as} was never started`));
    const logPath = join(directory, 'logs', `${as}.log`);
    const program = startProgram({ name: as, script: entries[name], env, logPath });
    running.set(as, program);
    void program.died.then(onDeath);
    return scope.hold(Promise.resolve(program), () => program.stop());
  };
  return {
    running,
    start: (name, env, as = name) => {
      environments.set(as, env);
      return launch(name, as);
    },
    relaunch: async (name) => {
      await running.get(name)?.kill();
      return launch(name);
    },
  };
}

/** Asks its readiness page until it says yes. */
export async function untilReady(url: string, program: Program): Promise<void> {
  const deadline = Date.now() + 90_000;
  let last = 'no answer';
  while (Date.now() < deadline) {
    if (!program.running()) throw program.failure('ended');
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      if (response.ok) return;
      last = `${response.status} ${(await response.text()).slice(0, 200)}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw program.failure(`is not ready after 90 s (${last})`);
}
