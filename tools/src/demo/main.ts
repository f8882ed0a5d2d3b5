import { play } from './play.js';
import { takeSignals } from './signals.js';
import { startStack } from '../stack/stack.js';
import { tell } from './tell.js';

export interface DemoOptions {
  /** Play the guided scenario and end, instead of staying. */
  readonly once: boolean;
  /** `performance.now()` when the person pressed enter. */
  readonly started: number;
}

/** Runs the demo and ends the process: 0 done, 1 failed, 130 interrupted before it was ready. */
export async function runDemo(options: DemoOptions): Promise<never> {
  process.exit(await run(options));
}

/** As a shell says it of SIGINT. */
const interrupted = 130;

async function run({ once, started }: DemoOptions): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const complain = (line: string): void => void process.stderr.write(`${line}\n`);
  const progress = (step: string): void =>
    say(`[${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s] ${step}`);
  const signals = takeSignals(complain);
  let stopping = false;
  signals.aborted.addEventListener('abort', () => (stopping = true));
  try {
    const stack = await startStack({
      holdSeconds: once ? 4 : 45,
      usualPorts: !once,
      progress,
      signal: signals.aborted,
      onDeath: (report) => {
        if (!stopping) complain(`\n${report}`);
      },
    });
    try {
      progress('ready');
      if (once) {
        const played = await Promise.race([play(stack, (line) => !stopping && say(line)), signals.received]);
        return played ?? interrupted;
      }
      await tell(stack, say);
      await signals.received;
      say('\nStopping.');
      return 0;
    } finally {
      stopping = true;
      await stack.stop();
    }
  } catch (error) {
    if (signals.aborted.aborted) {
      complain('demo: interrupted; what was begun has been ended');
      return interrupted;
    }
    complain(`demo: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
