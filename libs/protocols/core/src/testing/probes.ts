import { encodeUtf8 } from '@sallyport/kernel';
import type { Control } from '@sallyport/kernel';
import { concat, sameBytes } from '../bytes.js';
import { bytesOf, cut, must, piece } from './play.js';
import type { ScriptEvent } from './play.js';
import type { ControlSubject, Scene } from './scene.js';
import { allowing, refusing, Stage, trying } from './stage.js';
import type { Decide } from './stage.js';

type Probe = (subject: ControlSubject, scene: Scene) => void;

/** How each control is tried. */
export const probes: Readonly<Record<Control, Probe>> = {
  statement: (subject, scene) => {
    for (const decide of [refusing, whenItRuns(refusing)]) {
      const stage = begun(subject, scene);
      stage.decide = decide;
      stage.client(scene.command);
      must(stage.questions.length > 0, 'nothing was asked');
      must(stage.commandBytes === 0 && !tells(stage, scene), 'a refused command reached the target');
      stage.play(scene.refused);
      must(stage.toClient.length > 0, 'the client was not told');
      must(!stage.closed, 'the session did not survive');
      must(stage.outcomes.length === 0, 'a command that never went has an outcome');
      stage.forget().decide = allowing();
      must(stage.client(scene.command).commandBytes > 0, 'the session took no command afterwards');
    }
  },

  /** What shapes an answer is in the question: the very text and values, before the first byte of it goes. */
  filter: (subject, scene) => {
    const stage = begun(subject, scene).client(scene.command);
    const [run, ...more] = stage.runs;
    must(run !== undefined && more.length === 0, 'a command is one question');
    must(run?.question.text === scene.asks.text, 'another text was asked about');
    const values = run?.question.parameters.map(({ value }) => value) ?? [];
    must(
      values.length === scene.asks.parameters.length &&
        scene.asks.parameters.every(({ value }, index) => same(value, values[index] ?? null)),
      'other values were asked about',
    );
    const earlier = stage.steps.slice(0, run?.at ?? 0);
    must(!earlier.some((step) => step.kind === 'toTarget'), 'bytes went before the question');
  },

  mask: (subject, scene) => {
    const { mask, secret, rest } = scene;
    if (mask === undefined || secret === undefined) throw new Error('nothing to be masked');
    const clear = begun(subject, scene).client(scene.command).play(rest);
    must(holds(clear.toClient, secret), 'nothing to be seen where nothing is masked');
    const told = rest.flatMap((event) => (event.kind === 'bytes' && event.side === 'target' ? [event.bytes] : []));
    must(sameBytes(clear.toClient, concat(told)), 'what is not masked is not byte-identical');
    const whole = masked(subject, scene, rest);
    for (const [index, event] of rest.entries()) {
      if (event.kind !== 'bytes' || event.side !== 'target') continue;
      for (let at = 1; at < event.bytes.length; at += 1)
        must(sameBytes(whole, masked(subject, scene, cut(rest, index, [at]))), `masked otherwise when cut at ${at}`);
    }
    must(sameBytes(whole, masked(subject, scene, rest.flatMap(byteByByte))), 'masked otherwise byte by byte');
  },

  hold: (subject, scene) => {
    for (const verdict of [allowing(), refusing]) {
      const stage = begun(subject, scene);
      stage.decide = whenItRuns(() => 'later');
      stage.client(scene.command);
      const [run] = stage.runs;
      if (run === undefined) throw new Error('nothing was asked');
      must(stage.commandBytes === 0 && !tells(stage, scene), 'a held command reached the target');
      const heard = stage.toClient.length;
      stage.perform(stage.session.inform(run.id, { code: 'held', message: 'waits for a word' }));
      must(stage.toClient.length > heard, 'the client was not told that it waits');
      const late = verdict(run.question);
      if (late === 'later') throw new Error('no verdict');
      stage.answer(run.id, late);
      must(stage.commandBytes > 0 === (late.kind === 'allow'), 'what went is not what the verdict says');
      stage.play(late.kind === 'allow' ? scene.rest : scene.refused);
      must(stage.outcomes.length === (late.kind === 'allow' ? 1 : 0), 'the outcome is not what the verdict says');
      must(!stage.closed, 'the session did not survive');
    }
  },

  preview: (subject, scene) => {
    const { trial, secret } = scene;
    if (trial === undefined || secret === undefined) throw new Error('nothing is tried in it');
    for (const verdict of [allowing(), refusing]) {
      const stage = begun(subject, scene);
      stage.decide = whenItRuns(trying);
      stage.client(scene.command).play(trial.asked);
      const [run] = stage.runs;
      const [asked] = stage.tried;
      must(stage.commandBytes > 0, 'nothing was tried');
      if (run === undefined || asked === undefined) throw new Error('nobody was asked with what it did');
      must(asked.question.of === run.id && asked.question.attempt.kind === 'ran', 'asked about something else');
      must(!holds(stage.toClient, secret) && stage.outcomes.length === 0, 'it was over before anybody was asked');
      const late = verdict(run.question);
      if (late === 'later') throw new Error('no verdict');
      stage.answer(asked.id, late).play(late.kind === 'allow' ? trial.kept : trial.undone);
      const [outcome, ...more] = stage.outcomes;
      must(outcome?.question === run.id && more.length === 0, 'not one outcome');
      must((outcome?.status === 'completed') === (late.kind === 'allow'), 'the outcome is not what the verdict says');
      if (late.kind === 'allow') must(sameBytes(stage.toClient, trial.answer), 'the client sees another answer');
      else must(stage.toClient.length > 0 && !holds(stage.toClient, secret), 'the client sees what was undone');
      must(!stage.closed, 'the session did not survive');
      stage.forget().decide = allowing();
      must(stage.client(scene.command).commandBytes > 0, 'the session took no command afterwards');
    }
  },

  budget: (subject, scene) => {
    const counted = begun(subject, scene).client(scene.command).play(scene.rest);
    const [all] = counted.outcomes;
    must(all?.rows === scene.rows, 'rows are not counted as they were');
    must([all?.returned, all?.written].includes(scene.rows), 'rows count neither as returned nor as written');
    const { beyond } = scene;
    if (beyond === undefined) return;
    must(holds(counted.toClient, beyond), 'nothing to be cut off');
    const stage = begun(subject, scene);
    let left = 1;
    stage.decide = allowing({ limit: { admit: (rows) => (left -= rows) >= 0 } });
    stage.client(scene.command).play(scene.rest);
    must(!holds(stage.toClient, beyond), 'the answer went on past its limit');
    const [outcome] = stage.outcomes;
    must(outcome?.rows === 1 && outcome.status === 'failed', 'the outcome does not say that it was cut off');
    must(
      stage.steps.some(({ kind }) => kind === 'stop'),
      'the target was not told to stop',
    );
    must(!stage.closed, 'the session did not survive');
  },

  evidence: (subject, scene) => {
    const stage = begun(subject, scene).client(scene.command).play(scene.rest);
    const asked = stage.runs.map(({ id }) => id);
    must(asked.length > 0, 'nothing was asked');
    must(
      asked.join() === stage.outcomes.map(({ question }) => question).join(),
      'not one outcome per command, in order',
    );
    must(
      stage.outcomes.every(({ status }) => status === 'completed'),
      'a success is not told as one',
    );
    const left = begun(subject, scene).client(scene.command);
    left.perform(left.session.end('target'));
    must(left.outcomes.map(({ status }) => status).join() === 'unknown', 'an end that nobody saw is not told as that');
  },

  kill: (subject, scene) => {
    for (let played = 0; played <= scene.rest.length; played += 1) {
      const stage = begun(subject, scene).client(scene.command).play(scene.rest.slice(0, played));
      stage.perform(stage.session.terminate({ code: 'session_ended', message: 'over' }));
      must(stage.closed, 'the session went on');
      must(stage.outcomes.length === 1, 'what ran has no outcome');
      stage.forget().client(scene.command).play(scene.rest);
      must(stage.steps.length === 0, 'something came after the end');
    }
    const key = keyOf(subject, scene);
    const canceller = subject.open().feed('client', subject.cancel(key));
    const asked = canceller.flatMap((step) => (step.kind === 'ask' ? [step.question] : []));
    must(asked[0]?.kind === 'cancel' && sameBytes(asked[0].key, key), 'its own key cancels nothing');
  },
};

const begun = (subject: ControlSubject, scene: Scene): Stage => {
  const stage = new Stage(subject.open()).play(scene.before);
  must(!stage.closed, 'the scene did not begin');
  return stage.forget();
};

/** Under whatever permit. */
const tells = (stage: Stage, { asks }: Scene): boolean =>
  holds(bytesOf(stage.steps, 'toTarget'), encodeUtf8(asks.text));

const keyOf = (subject: ControlSubject, scene: Scene): Uint8Array => {
  const { steps } = new Stage(subject.open()).play(scene.before);
  const offer = steps.find((step) => step.kind === 'cancellable');
  if (offer?.kind !== 'cancellable') throw new Error('nothing to cancel with');
  return offer.key;
};

const masked = (subject: ControlSubject, scene: Scene, rest: readonly ScriptEvent[]): Uint8Array => {
  const { mask, secret } = scene;
  const stage = begun(subject, scene);
  stage.decide = allowing(mask ? { mask } : {});
  const { toClient } = stage.client(scene.command).play(rest);
  must(secret !== undefined && !holds(toClient, secret), 'a masked value was seen');
  must(!stage.closed && toClient.length > 0, 'the session did not survive');
  return toClient;
};

/** Prepared freely, decided when it runs. */
const whenItRuns =
  (decide: Decide): Decide =>
  (question) =>
    question.phase === 'run' ? decide(question) : allowing()(question);

const byteByByte = (event: ScriptEvent): readonly ScriptEvent[] =>
  event.kind === 'bytes' ? Array.from(event.bytes, (_, at) => piece(event, at, at + 1)) : [event];

const same = (left: Uint8Array | null, right: Uint8Array | null): boolean =>
  left === null || right === null ? left === right : sameBytes(left, right);

const holds = (bytes: Uint8Array, part: Uint8Array): boolean => {
  for (let at = bytes.indexOf(part[0] ?? -1); at >= 0; at = bytes.indexOf(part[0] ?? -1, at + 1))
    if (sameBytes(bytes.subarray(at, at + part.length), part)) return true;
  return false;
};
