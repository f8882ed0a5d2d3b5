import type { Stack } from '../stack/stack.js';
import { approved, denied, pendingThenRun } from './scenes/approval.js';
import { audited, credentialNowhere, survives } from './scenes/evidence.js';
import { refusedAlike } from './scenes/identity.js';
import { maskedAlike, maskedSelect } from './scenes/masking.js';
import { dropRefused } from './scenes/refusal.js';
import { createStage } from './stage.js';

const scenes = [
  maskedSelect,
  maskedAlike,
  dropRefused,
  approved,
  denied,
  pendingThenRun,
  refusedAlike,
  audited,
  survives,
  credentialNowhere,
];

/** The guided scenario; 0 only if all of it held. */
export async function play(stack: Stack, say: (line: string) => void): Promise<number> {
  const { stage, tally } = createStage(stack, say);
  for (const scene of scenes) {
    say(`\n${scene.title}`);
    try {
      await scene.play(stage);
    } catch (error) {
      stage.check('the scene could be played to its end', false, error instanceof Error ? error.message : error);
    }
  }
  say(`\n${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 ? 0 : 1;
}
