import type { Launch } from '../src/launch.js';
import { run } from '../src/run.js';

export interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SallyOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input, or what is typed where a secret is asked for. */
  readonly input?: string;
  readonly interrupted?: () => Promise<void>;
  readonly now?: () => number;
  /** By default no time passes. */
  readonly wait?: (milliseconds: number) => Promise<void>;
  /** What `sally run` would start; its exit code. */
  readonly launch?: (what: Launch) => Promise<number>;
}

/** `sally` in this process, with an environment of its own; what it said, as a person or a program would get it. */
export async function sally(
  args: readonly string[],
  {
    env = {},
    input = '',
    interrupted,
    now = Date.now,
    wait = () => Promise.resolve(),
    launch = () => Promise.resolve(0),
  }: SallyOptions = {},
): Promise<Said> {
  const said = { stdout: '', stderr: '' };
  const exitCode = await run(args, {
    env,
    now,
    wait,
    launch,
    out: { write: (text) => (said.stdout += text) },
    err: { write: (text) => (said.stderr += text) },
    readStdin: () => Promise.resolve(input),
    readSecret: () => Promise.resolve(input.trim()),
    interrupted: interrupted ?? (() => Promise.resolve()),
  });
  return { exitCode, ...said };
}
