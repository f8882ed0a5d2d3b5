import type { RestClient } from './client.js';
import type { Output } from './output.js';

/** What every command is given; nothing reaches for globals. */
export interface CommandContext {
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
  /** Made on first use, so that `--help` and offline commands need no login. */
  client(): RestClient;
  readText(path: string): Promise<string>;
  readStdin(): Promise<string>;
  /** Resolves when the person presses Ctrl-C or the process is told to end. */
  interrupted(): Promise<void>;
}
