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
  /** A secret: typed unseen where standard input is a terminal, else the whole of standard input. */
  readSecret(prompt: string): Promise<string>;
  /** Trusts one more authority, beside the system's, for every HTTPS request of this process. */
  trust(pem: string): void;
  /** Resolves when the person presses Ctrl-C or the process is told to end. */
  interrupted(): Promise<void>;
}
