import type { RestClient } from './client.js';
import type { Launch } from './launch.js';
import type { Output } from './output.js';

/** What every command is given; nothing reaches for globals. */
export interface CommandContext {
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Made on first use, so that `--help` and offline commands need no login. */
  client(): RestClient;
  readText(path: string): Promise<string>;
  readStdin(): Promise<string>;
  /** A secret: typed unseen where standard input is a terminal, else the whole of standard input. */
  readSecret(prompt: string): Promise<string>;
  /** Trusts one more authority, beside the system's, for every HTTPS request of this process. */
  trust(pem: string): void;
  /** Runs a program in our terminal; its exit code. */
  launch(what: Launch): Promise<number>;
  /** The exit code of `sally`, where a program that it ran says it. */
  endWith(exitCode: number): void;
  /** Resolves when the person presses Ctrl-C or the process is told to end. */
  interrupted(): Promise<void>;
}
