import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AnswerMask, CommandQuestion, Permit, Verdict } from '@sallyport/kernel';
import { refuse } from '@sallyport/kernel';
import { allow, bytes, deny, join, maskOf, permit, Rig } from '../../testing/rig.js';
import { canary, LittleServer, texts } from '../../testing/little-server.js';
import {
  encodeBind,
  encodeClose,
  encodeCopyData,
  encodeCopyDone,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '../client.js';

/**
 * Random histories: a client that sends whatever it likes, cut anywhere, over answers that come whenever they come; verdicts
 * at once, late, too late; denials, withheld and limited answers; a target that fails, remarks and keeps answers back.
 */
const hide = (): Uint8Array => bytes('***');
const scrub: AnswerMask['scrub'] = ({ fields }) =>
  new Map([...fields].map(([code, value]) => [code, value.replaceAll(canary, '***')]));
const asText = { format: 'text', header: false, delimiter: 9, null: bytes('\\N') } as const;
const masking = maskOf({ mail: hide, 1: hide }, { scrub, copyOptions: () => asText });
const withholding = maskOf({}, { scrub, choose: () => ({ kind: 'refuse', refusal: refuse('unmaskable', 'no') }) });

const text = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...texts.filter((each) => each !== 'copy in')) },
  { weight: 1, arbitrary: fc.constant('copy in') },
);
const name = fc.constantFrom('', '', 'a', 'b');
const of = fc.constantFrom('statement' as const, 'portal' as const);
const value = fc.constantFrom('x', 'y');
const message = fc.oneof(
  { weight: 4, arbitrary: text.map((sql) => encodeQuery(sql)) },
  { weight: 1, arbitrary: fc.array(text, { minLength: 2, maxLength: 3 }).map((all) => encodeQuery(all.join('; '))) },
  { weight: 5, arbitrary: fc.tuple(text, name).map(([sql, statement]) => encodeParse(sql, statement)) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(name, name, value)
      .map(([portal, statement, bound]) =>
        encodeBind({ portal, statement, parameters: [{ format: 'text', value: bytes(bound) }] }),
      ),
  },
  { weight: 2, arbitrary: fc.tuple(of, name).map(([kind, which]) => encodeDescribe(kind, which)) },
  { weight: 1, arbitrary: fc.tuple(of, name).map(([kind, which]) => encodeClose(kind, which)) },
  { weight: 6, arbitrary: fc.tuple(name, fc.constantFrom(0, 2)).map(([portal, most]) => encodeExecute(portal, most)) },
  { weight: 1, arbitrary: fc.constant(encodeFlush()) },
  { weight: 4, arbitrary: fc.constant(encodeSync()) },
);
/** As drivers do it, so that most histories get somewhere. */
const whole = fc
  .tuple(text, name, name, value, fc.boolean(), fc.constantFrom(0, 2))
  .map(([sql, statement, portal, bound, described, most]) => [
    encodeParse(sql, statement),
    encodeBind({ portal, statement, parameters: [{ format: 'text', value: bytes(bound) }] }),
    ...(described ? [encodeDescribe('portal', portal)] : []),
    encodeExecute(portal, most),
  ]);
const copying = fc.constantFrom(encodeCopyData(bytes('1\tx\n')), encodeCopyDone(), encodeSync());
const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('client' as const),
      frames: message.map((one) => [one]),
      keep: fc.nat(12),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('client' as const), frames: whole, keep: fc.nat(12) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('target' as const), all: fc.boolean(), keep: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('verdict' as const), yes: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('remark' as const),
      of: fc.constantFrom('notice' as const, 'payload' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('copy' as const), frame: copying }) },
);
const load = fc.record({ kind: fc.constant('load' as const), simple: fc.boolean() });
const events = fc.array(fc.oneof({ weight: 15, arbitrary: event }, { weight: 1, arbitrary: load }), { maxLength: 60 });
type Event = typeof event | typeof load extends fc.Arbitrary<infer T> ? T : never;
const plan = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant('allow' as const) },
    { weight: 2, arbitrary: fc.constant('deny' as const) },
    { weight: 1, arbitrary: fc.constant('fail' as const) },
    { weight: 2, arbitrary: fc.constant('hold' as const) },
    { weight: 1, arbitrary: fc.constant('withhold' as const) },
    { weight: 1, arbitrary: fc.constant('limit' as const) },
  ),
  { minLength: 1, maxLength: 30 },
);

/** One history, and what is checked while it happens. */
class History {
  readonly server = new LittleServer();
  readonly rig: Rig;
  readonly granted = new Map<Permit, CommandQuestion>();
  held: CommandQuestion | undefined;
  runs = 0;
  asked = 0;
  private stopping = false;
  private sent = 0;
  private frames: Uint8Array[] = [];
  private matched = 0;
  private toClient: Uint8Array = new Uint8Array(0);
  private fromTarget: Uint8Array = new Uint8Array(0);
  private readonly login = permit('login');

  constructor(private readonly verdicts: readonly ('allow' | 'deny' | 'fail' | 'hold' | 'withhold' | 'limit')[]) {
    const login: Verdict = { kind: 'allow', permit: this.login, mask: masking };
    this.rig = new Rig((question) => this.decide(question), {}, login).begin();
  }

  private decide(question: CommandQuestion): Verdict | 'hold' {
    const verdict = this.verdicts[this.asked++ % this.verdicts.length] ?? 'allow';
    counts[verdict] += 1;
    if (verdict === 'deny') return deny();
    if (verdict === 'fail') return { kind: 'deny', refusal: refuse('unreadable', 'no', { failsAtTarget: true }) };
    if (verdict === 'hold' && question.phase === 'run') {
      this.held = question;
      return 'hold';
    }
    return this.grant(question, verdict);
  }
  private grant(question: CommandQuestion, how: string): Verdict {
    const verdict = allow(how === 'withhold' ? withholding : masking);
    if (verdict.kind !== 'allow') return verdict;
    this.granted.set(verdict.permit, question);
    if (question.phase === 'run') this.runs += 1;
    let left = 1;
    return how === 'limit' ? { ...verdict, limit: { admit: (rows) => (left -= rows) >= 0 } } : verdict;
  }

  /** `keep`: so many of its last bytes come later. */
  client(frames: readonly Uint8Array[], keep = 0): void {
    this.frames.push(...frames);
    const stream = join(this.toClient, ...frames);
    const to = Math.max(0, stream.length - keep);
    this.toClient = stream.slice(to);
    this.rig.client(stream.slice(0, to));
    this.watch();
  }
  target(all: boolean, keep = 0): void {
    const stream = join(this.fromTarget, this.server.speak(all));
    const to = Math.max(0, stream.length - keep);
    this.fromTarget = stream.slice(to);
    this.rig.target(stream.slice(0, to));
    this.watch();
  }
  left(): void {
    this.target(true);
    this.rig.perform(this.rig.session.end('target'));
  }
  verdict(yes: boolean): void {
    const { held } = this;
    this.held = undefined;
    if (this.rig.open === undefined || held === undefined) return;
    if (yes) counts.late += 1;
    this.rig.verdict(yes ? this.grant(held, 'allow') : deny());
    this.watch();
  }

  stopped(): void {
    if (!this.stopping) return;
    this.stopping = false;
    this.rig.perform(this.rig.session.stopped());
    this.watch();
  }

  /** Every slice for the target: under a permit that was given, for what it makes the target do, and nothing made up. */
  private watch(): void {
    for (; this.sent < this.rig.steps.length; this.sent += 1) {
      const step = this.rig.steps[this.sent];
      if (step?.kind === 'stop') {
        expect(this.stopping).toBe(false);
        this.stopping = true;
        counts.stops += 1;
      }
      if (step?.kind !== 'toTarget') continue;
      const before = this.server.heard.length;
      const ran = this.server.ran.length;
      this.server.hear(step.bytes);
      const frames = this.server.heard.slice(before);
      expect(Buffer.concat(frames).equals(step.bytes)).toBe(true);
      for (const frame of frames) if (!isOurs(frame)) this.match(frame);
      const executed = this.server.ran.slice(ran);
      if (this.stopping) expect(executed).toEqual([]);
      const question = this.granted.get(step.permit);
      if (question === undefined) expect([step.permit === this.login, executed]).toEqual([true, []]);
      else if (executed.length > 0) expect(isStartOf(executed, doing(question))).toBe(true);
    }
  }
  /** The client's own frames, in its order; some of them were not passed on. */
  private match(frame: Buffer): void {
    while (this.matched < this.frames.length && !frame.equals(this.frames[this.matched] ?? frame)) this.matched += 1;
    expect(this.matched).toBeLessThan(this.frames.length);
    this.matched += 1;
  }
}

/** What a question is about, as the little server tells what it ran. A COPY goes on where it was interrupted. */
const doing = (question: CommandQuestion): readonly string[] =>
  question.form === 'simple'
    ? question.text.split('; ')
    : [`${question.text}|${Buffer.from(question.parameters[0]?.value ?? []).toString()}`];
const isStartOf = (part: readonly string[], all: readonly string[]): boolean =>
  ` ${all.join(' ; ')} `.includes(` ${part.join(' ; ')} `);

/** Housekeeping: nothing that runs, names or tells anything. */
const isOurs = (frame: Buffer): boolean => {
  const type = String.fromCharCode(frame[0] ?? 0);
  if (type === 'E') return frame.subarray(5, 15).toString() === 'sallyport_';
  if (type === 'D') return frame[5] === 0x50;
  return type === 'H' || type === 'S' || (type === 'f' && frame.subarray(5).toString() === 'refused\0');
};

const counts = {
  allow: 0,
  deny: 0,
  fail: 0,
  hold: 0,
  withhold: 0,
  limit: 0,
  late: 0,
  stops: 0,
  histories: 0,
  closed: 0,
  masked: 0,
  copies: 0,
  failed: 0,
};

/** A client that loads: it waits for the target to want the data. */
const bulk = (simple: boolean, history: History): void => {
  const { server } = history;
  const command = simple
    ? [encodeQuery('copy in')]
    : [encodeParse('copy in'), encodeBind(), encodeExecute(), encodeSync()];
  history.client(command);
  history.target(true);
  if (!server.inCopy) return;
  history.client([encodeCopyData(bytes('1\tx\n')), encodeCopyDone(), ...(simple ? [] : [encodeSync()])]);
};

const live = (events: readonly Event[], history: History): void => {
  const { rig, server } = history;
  for (const next of events) {
    if (server.dead) history.left();
    if (rig.closed !== undefined) return;
    if (next.kind === 'client') history.client(next.frames, next.keep);
    else if (next.kind === 'target') history.target(next.all, next.keep);
    else if (next.kind === 'verdict') {
      history.verdict(next.yes);
      if (next.yes) history.stopped();
    } else if (next.kind === 'remark') server.remark(next.of);
    else if (next.kind === 'load') bulk(next.simple, history);
    else if (server.inCopy) history.client([next.frame]);
  }
  // The client ends what it began, and waits.
  for (let round = 0; round < 60 && rig.closed === undefined; round += 1) {
    history.verdict(true);
    history.stopped();
    history.client([]);
    history.target(true);
    if (server.inCopy) history.client([encodeCopyDone()]);
    if (server.dead) history.left();
    if (round === 30) history.client([encodeSync()]);
  }
};

describe('over random histories', () => {
  test('no permit, no byte; no cell slips; nothing is forgotten and nothing hangs', () => {
    fc.assert(
      fc.property(events, plan, (happening, verdicts) => {
        const history = new History(verdicts);
        live(happening, history);
        const { rig, server } = history;
        expect(Buffer.from(rig.toClient).includes(canary)).toBe(false);
        // An error of the target's own leaves no block open.
        expect(rig.heard).not.toMatch(/E\(42601\)[^Z]*Z\(open\)/);
        const { outcomes } = rig;
        expect(outcomes).toHaveLength(history.runs);
        expect(new Set(outcomes.map(({ question }) => question)).size).toBe(outcomes.length);
        counts.histories += 1;
        counts.masked += outcomes.reduce((sum, { maskedCells }) => sum + maskedCells, 0);
        counts.copies += outcomes.filter(({ tag }) => tag === 'COPY 1').length;
        counts.failed += outcomes.filter(({ status }) => status === 'failed').length;
        if (rig.closed !== undefined) {
          counts.closed += 1;
          // Only for what the client did wrong.
          if (!server.dead)
            expect(rig.notes).toContainEqual(
              expect.objectContaining({
                kind: 'alarm',
                refusal: expect.objectContaining({ message: expect.stringContaining('the client broke') }),
              }),
            );
          return;
        }
        expect(server.finished).toBe(true);
        expect(rig.heard).toMatch(/Z\((?:idle|open|failed)\)(?: [NAS](?:\([^)]*\))?)*$/);
      }),
      { numRuns: 1500 },
    );
  });
});

describe('where nothing is masked and nothing refused', () => {
  const plain = fc.constantFrom(...texts.filter((each) => !/fails|prepare|deallocate|discard|copy in/.test(each)));
  const unit = fc.oneof(
    plain.map((sql) => [encodeQuery(sql)]),
    fc.array(plain, { minLength: 2, maxLength: 3 }).map((all) => [encodeQuery(all.join('; '))]),
    fc
      .tuple(plain, value, fc.boolean(), fc.boolean())
      .map(([sql, bound, described, flushed]) => [
        encodeParse(sql),
        encodeBind({ parameters: [{ format: 'text', value: bytes(bound) }] }),
        ...(described ? [encodeDescribe('portal')] : []),
        encodeExecute(),
        ...(flushed ? [encodeFlush()] : []),
        encodeSync(),
      ]),
    fc.constant([encodeQuery('copy in'), encodeCopyData(bytes('1\n')), encodeCopyData(bytes('2\n')), encodeCopyDone()]),
  );
  test('both directions are byte for byte what they were, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 12 }), fc.array(fc.nat(40), { minLength: 1 }), (units, cuts) => {
        const server = new LittleServer();
        const rig = new Rig(() => allow()).begin();
        const sent = units.flat();
        const said: Uint8Array[] = [];
        let heard = 0;
        let turn = 0;
        const cut = (): number => (cuts[turn++ % cuts.length] ?? 0) + 1;
        const serve = (): void => {
          for (;;) {
            for (; heard < rig.steps.length; heard += 1) {
              const step = rig.steps[heard];
              if (step?.kind === 'toTarget') server.hear(step.bytes);
            }
            const answer = server.speak(true);
            if (answer.length === 0) return;
            said.push(answer);
            for (let at = 0; at < answer.length;) {
              const to = at + cut();
              rig.target(answer.slice(at, to));
              at = to;
            }
          }
        };
        // A client of COPY waits for the target; others run ahead as they like.
        for (const frame of sent) {
          for (let at = 0; at < frame.length;) {
            const to = at + cut();
            rig.client(frame.slice(at, to));
            at = to;
          }
          if (cut() % 2 === 0 || frame[0] === 0x64 || frame[0] === 0x51) serve();
        }
        serve();
        const withoutFlush = (frames: readonly Uint8Array[]): string =>
          Buffer.concat(frames.filter((frame) => frame[0] !== 0x48)).toString('latin1');
        expect(withoutFlush(server.heard)).toBe(withoutFlush(sent));
        expect(Buffer.from(rig.toClient).toString('latin1')).toBe(Buffer.concat(said).toString('latin1'));
        expect(rig.closed).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});

/** A property that never meets what it is about says nothing. */
afterAll(() => {
  const { histories, closed, stops, ...rest } = counts;
  expect(stops).toBeGreaterThan(0);
  expect(closed).toBeLessThan(histories / 2);
  for (const [what, often] of Object.entries(rest)) expect([what, often > histories / 20]).toEqual([what, true]);
});
