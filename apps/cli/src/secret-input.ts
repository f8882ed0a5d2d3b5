import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { Failure, exitCodes } from './failure.js';

interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly screen: { write(text: string): unknown };
}

/** Typed, and not shown; or the whole of standard input where that is no terminal. Never an argument: `ps` shows those. */
export async function readSecret(prompt: string, { input, screen }: Terminal): Promise<string> {
  if (!input.isTTY) return (await text(input)).trim();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input, output: nowhere, terminal: true });
  const given = new Promise<never>((_resolve, reject) => {
    reader.once('SIGINT', () => reject(new Failure('interrupted', { exitCode: exitCodes.interrupted })));
    reader.once('close', () => reject(new Failure('nothing was typed', { exitCode: exitCodes.usage })));
  });
  screen.write(prompt);
  try {
    return (await Promise.race([reader.question(''), given])).trim();
  } finally {
    reader.close();
    screen.write('\n');
  }
}
