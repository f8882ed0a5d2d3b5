import { parseArgs } from 'node:util';
import { clientNames, startStack } from '../stack/stack.js';
import { connectionString } from './caller.js';
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

const { values } = parseArgs({ options: { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (values.help === true) {
  say(`Runs the whole of Sallyport on this machine's loopback: control plane, proxy, agent, an identity provider and a target.

  npm run demo             sets it up, tells you what to paste, stays until Ctrl-C
  npm run demo -- --once   plays the guided scenario by itself and exits 0 only if all of it held

Nothing is left behind: data, logs and keys live in a temporary directory that goes when the demo ends.`);
} else {
  // Said aloud: a library that guards embedded servers would end the process with its own code.
  process.exit(await run(values.once === true));
}

async function run(once: boolean): Promise<number> {
  const started = performance.now();
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(7);
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve('interrupted'));
  });
  const starting = startStack({
    holdSeconds: once ? 4 : 45,
    usualPorts: !once,
    progress: (step) => say(`[${seconds()}] ${step}`),
  });
  const first = await Promise.race([starting, interrupted]).catch((error: unknown) => {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  });
  if (first === undefined) return 1;
  if (first === 'interrupted') {
    await starting.then(
      (stack) => stack.stop(),
      () => undefined,
    );
    return 130;
  }
  const stack = first;
  say(`[${seconds()}] ready`);
  try {
    if (!once) {
      await tell(stack);
      await interrupted;
      say('\nStopping.');
      return 0;
    }
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
  } finally {
    await stack.stop();
  }
}

async function tell(stack: Awaited<ReturnType<typeof startStack>>): Promise<void> {
  say('\nEach line is one subagent with its own token (they live for an hour):\n');
  for (const name of clientNames.filter((client) => client !== 'brief' && client !== 'stranger'))
    say(`# ${name}\nPGPASSWORD=${await stack.token(name)} \\\n  psql "${connectionString(stack)}"\n`);
  say(`Try, as etl:       select * from payments limit 3;   drop table payments;
Try, as deployer:  delete from payments where id = 1;
  and agree to it in another terminal, as the human grace or ada:
  export SALLYPORT_URL=${stack.controlPlaneUrl} SALLYPORT_TOKEN=${stack.adminToken}
  npx sally approvals ls --state pending;   npx sally approvals approve apr_...

REST      ${stack.controlPlaneUrl}/v1      docs ${stack.controlPlaneUrl}/docs
Logs      ${stack.directory}/logs

Ctrl-C stops everything and leaves nothing behind.`);
}
