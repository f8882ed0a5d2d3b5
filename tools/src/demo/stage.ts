import type { Stack } from '../stack/stack.js';

/** Where a scene is played: the running system, and somebody who writes down what was seen and whether it held. */
export interface Stage {
  readonly stack: Stack;
  readonly screen: (line: string) => void;
  /** A command as a person would type it, and the answer that a person would see. */
  show(command: string, answer: string): void;
  /** Counts; says what was expected where it did not hold. */
  check(name: string, holds: boolean, seen?: unknown): void;
}

export interface Scene {
  readonly title: string;
  play(stage: Stage): Promise<void>;
}

export interface Tally {
  passed: number;
  failed: number;
}

export function createStage(
  stack: Stack,
  screen: (line: string) => void,
): { readonly stage: Stage; readonly tally: Tally } {
  const tally: Tally = { passed: 0, failed: 0 };
  const indent = (text: string): string => text.replace(/\n+$/, '').replace(/^/gm, '    ');
  return {
    tally,
    stage: {
      stack,
      screen,
      show: (command, answer) => {
        screen(`  $ ${command}`);
        if (answer.trim() !== '') screen(indent(answer));
      },
      check: (name, holds, seen) => {
        if (holds) tally.passed++;
        else tally.failed++;
        screen(
          `  ${holds ? '✓' : '✗'} ${name}${holds ? '' : `   (seen: ${JSON.stringify(seen)?.slice(0, 600) ?? 'nothing'})`}`,
        );
      },
    },
  };
}
