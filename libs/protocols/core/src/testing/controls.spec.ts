import { describe, expect, test } from '@jest/globals';
import { decodeUtf8, encodeUtf8 } from '@sallyport/kernel';
import type {
  Allowed,
  Control,
  Mode,
  OutcomeNote,
  Permit,
  QuestionId,
  Session,
  Side,
  Step,
  Tried,
} from '@sallyport/kernel';
import { concat } from '../bytes.js';
import { attest, controlCases } from './controls.js';
import type { ControlSubject, Scene } from './scene.js';

/** Ways in which a protocol may fall short of what it declares. */
type Fault =
  | 'sends before it asks'
  | 'dies of a refusal'
  | 'says nothing'
  | 'asks about another text'
  | 'shows what is masked'
  | 'changes what is clear'
  | 'sends what is held'
  | 'waits in silence'
  | 'tries nothing'
  | 'asks nobody'
  | 'shows what it tries'
  | 'shows what was undone'
  | 'counts nothing'
  | 'has no end'
  | 'lets the target go on'
  | 'forgets outcomes'
  | 'calls an unseen end a success'
  | 'outlives its end'
  | 'gives no key';

const key = Uint8Array.of(1, 2, 3);
const line = (text: string): Uint8Array => encodeUtf8(`${text}\n`);
const lines = (bytes: Uint8Array): string[] => (decodeUtf8(bytes) ?? '').split('\n').slice(0, -1);

/** A protocol of lines, just large enough to have every control: `run x`, answered by `row a b` and `end 2`. */
class LineSession implements Session {
  readonly stalled = false;
  private kept: Record<Side, Uint8Array> = { client: new Uint8Array(0), target: new Uint8Array(0) };
  private login: Permit | undefined;
  private asked = 0;
  private open: { readonly id: QuestionId; readonly text: string } | undefined;
  private run: { readonly id: QuestionId; readonly verdict: Allowed; rows: number; cut: boolean } | undefined;
  /** A command that is tried, and what the target said to it. */
  private trial: { readonly of: QuestionId; readonly verdict: Tried; readonly kept: string[] } | undefined;
  private over = false;

  constructor(private readonly fault: Fault | undefined) {}

  feed(side: Side, bytes: Uint8Array): readonly Step[] {
    if (this.over) return [];
    const whole = concat([this.kept[side], bytes]);
    const end = whole.lastIndexOf(10) + 1;
    this.kept[side] = whole.slice(end);
    return lines(whole.slice(0, end)).flatMap((text) => (side === 'client' ? this.client(text) : this.target(text)));
  }
  answer(id: QuestionId, verdict: Parameters<Session['answer']>[1]): readonly Step[] {
    if (id === 0 && verdict.kind === 'allow') {
      this.login = verdict.permit;
      return [{ kind: 'dial', permit: verdict.permit }];
    }
    const { open } = this;
    if (id === tried) return this.tried(verdict);
    if (open?.id !== id) return [];
    this.open = undefined;
    if (verdict.kind === 'deny') {
      const steps: Step[] = this.fault === 'says nothing' ? [] : [this.say('no')];
      return this.fault === 'dies of a refusal' ? [...steps, ...this.close()] : steps;
    }
    if (verdict.kind === 'try') {
      this.trial = { of: id, verdict, kept: [] };
      const { permit } = verdict;
      return this.fault === 'tries nothing' ? [] : [{ kind: 'toTarget', bytes: line(open.text), permit }];
    }
    this.run = { id, verdict, rows: 0, cut: false };
    if (this.fault === 'sends what is held') return [];
    return [{ kind: 'toTarget', bytes: line(open.text), permit: verdict.permit }];
  }
  private tried(verdict: Parameters<Session['answer']>[1]): readonly Step[] {
    const { trial, fault } = this;
    this.trial = undefined;
    if (trial === undefined) return [];
    this.run = { id: trial.of, verdict: { ...trial.verdict, kind: 'allow' }, rows: 2, cut: false };
    const kept = trial.kept.map(this.say);
    if (verdict.kind === 'allow') return [...kept, ...this.outcome('completed')];
    return [...(fault === 'shows what was undone' ? kept : []), this.say('no'), ...this.outcome('failed')];
  }
  inform = (): readonly Step[] => (this.fault === 'waits in silence' ? [] : [this.say('waiting')]);
  secured = (): readonly Step[] => [];
  stopped = (): readonly Step[] => [];
  dialed = (): readonly Step[] => (this.fault === 'gives no key' ? [] : [{ kind: 'cancellable', key }]);
  end = (): readonly Step[] => [
    ...this.outcome(this.fault === 'calls an unseen end a success' ? 'completed' : 'unknown'),
    ...this.close(),
  ];
  terminate = (): readonly Step[] => {
    const steps = [...this.outcome('unknown'), ...this.close()];
    if (this.fault === 'outlives its end') this.over = false;
    return steps;
  };

  private client(text: string): readonly Step[] {
    if (text === 'login')
      return [
        {
          kind: 'ask',
          id: 0,
          question: { kind: 'login', connection: '', credential: '', database: '', parameters: {} },
        },
      ];
    if (text.startsWith('cancel ')) return [{ kind: 'ask', id: 9, question: { kind: 'cancel', key } }];
    this.asked += 1;
    this.open = { id: this.asked, text };
    const early = this.fault === 'sends before it asks' || this.fault === 'sends what is held';
    const sent: Step[] = early && this.login ? [{ kind: 'toTarget', bytes: line(text), permit: this.login }] : [];
    const asks = this.fault === 'asks about another text' ? 'something' : text;
    return [
      ...sent,
      {
        kind: 'ask',
        id: this.asked,
        question: {
          kind: 'command',
          phase: 'run',
          form: 'simple',
          text: asks,
          parameters: [],
          state: { database: '', transaction: 'idle', parameters: new Map() },
          group: 0,
        },
      },
    ];
  }

  private target(text: string): readonly Step[] {
    const { run, fault, trial } = this;
    if (trial !== undefined) {
      trial.kept.push(text);
      if (fault === 'shows what it tries') return [this.say(text)];
      const attempt = { kind: 'ran', tables: [], samples: [], remarks: [] } as const;
      if (!text.startsWith('end') || fault === 'asks nobody') return [];
      return [{ kind: 'ask', id: tried, question: { kind: 'tried', of: trial.of, attempt } }];
    }
    if (run === undefined) return [];
    const [word = '', ...values] = text.split(' ');
    if (word === 'end') return [this.say(text), ...this.outcome(run.cut ? 'failed' : 'completed')];
    const limit = run.verdict.limit;
    if (run.cut || (fault !== 'has no end' && limit !== undefined && !limit.admit(1, text.length))) {
      const first = !run.cut;
      run.cut = true;
      return first && fault !== 'lets the target go on' ? [{ kind: 'stop' }] : [];
    }
    if (fault !== 'counts nothing') run.rows += 1;
    const mask = fault === 'shows what is masked' ? undefined : run.verdict.mask;
    const choice = mask?.choose({
      result: 0,
      copy: false,
      columns: values.map(() => ({ name: '', origin: undefined, type: 0, format: 'text' })),
    });
    const cells = choice?.kind === 'mask' ? choice.plan.cells : [];
    const shown = values.map((value, at) => decodeUtf8(cells[at]?.(encodeUtf8(value)) ?? encodeUtf8(value)) ?? '');
    return [this.say([fault === 'changes what is clear' ? 'ROW' : word, ...shown].join(' '))];
  }

  private say = (text: string): Step => ({ kind: 'toClient', bytes: line(text) });
  private close(): readonly Step[] {
    this.over = true;
    return [{ kind: 'close', cause: 'finished' }];
  }
  private outcome(status: OutcomeNote['status']): readonly Step[] {
    const { run, fault } = this;
    this.run = undefined;
    if (run === undefined || fault === 'forgets outcomes') return [];
    const { id: question, rows } = run;
    const note: OutcomeNote = {
      kind: 'outcome',
      question,
      status,
      rows,
      returned: rows,
      written: 0,
      bytes: 0,
      maskedColumns: [],
      maskedCells: 0,
    };
    return [{ kind: 'note', note }];
  }
}

const tried = 8;

const bytesFrom = (side: Side, ...texts: string[]) =>
  ({ kind: 'bytes', side, bytes: concat(texts.map(line)) }) as const;
const answer = ['row 1 secret', 'row second secret', 'end 2'];
const scene: Scene = {
  name: 'run',
  before: [
    bytesFrom('client', 'login'),
    {
      kind: 'dialed',
      outcome: { kind: 'opened', greeting: { parameters: {}, transaction: 'idle', trailing: new Uint8Array(0) } },
    },
  ],
  command: line('run x'),
  asks: { text: 'run x', parameters: [] },
  refused: [],
  rest: [bytesFrom('target', ...answer)],
  trial: { asked: [bytesFrom('target', ...answer)], kept: [], undone: [], answer: concat(answer.map(line)) },
  rows: 2,
  mask: {
    choose: ({ columns }) => ({
      kind: 'mask',
      plan: { cells: columns.map((_, at) => (at === 1 ? () => encodeUtf8('*') : undefined)), masked: [] },
    }),
    scrub: ({ fields }) => fields,
  },
  secret: encodeUtf8('secret'),
  beyond: encodeUtf8('second'),
};

const all: readonly Control[] = ['statement', 'mask', 'filter', 'hold', 'preview', 'budget', 'evidence', 'kill'];
const full: Mode = { name: 'lines', enforces: all, gaps: {} };
const subjectOf = (modes: readonly Mode[], fault?: Fault, scenes: ControlSubject['scenes'] = { lines: [scene] }) => {
  const open = () => new LineSession(fault);
  return { protocol: { name: 'line', modes, open }, open, scenes, cancel: () => line('cancel x') };
};

describe('what a protocol declares', () => {
  test('is attested, control by control, where it holds', () => {
    const [mode] = attest(subjectOf([full]));
    expect([...(mode?.enforces ?? [])].sort()).toEqual([...all].sort());
    for (const { run } of controlCases(subjectOf([full]))) run();
  });

  test.each<[Fault, Control]>([
    ['sends before it asks', 'filter'],
    ['dies of a refusal', 'statement'],
    ['says nothing', 'statement'],
    ['asks about another text', 'filter'],
    ['shows what is masked', 'mask'],
    ['changes what is clear', 'mask'],
    ['sends what is held', 'hold'],
    ['waits in silence', 'hold'],
    ['tries nothing', 'preview'],
    ['asks nobody', 'preview'],
    ['shows what it tries', 'preview'],
    ['shows what was undone', 'preview'],
    ['counts nothing', 'budget'],
    ['has no end', 'budget'],
    ['lets the target go on', 'budget'],
    ['forgets outcomes', 'evidence'],
    ['calls an unseen end a success', 'evidence'],
    ['outlives its end', 'kill'],
    ['gives no key', 'kill'],
  ])('a session that %s is not attested "%s"', (fault, control) => {
    const only: Mode = {
      ...full,
      enforces: [control],
      gaps: Object.fromEntries(all.filter((name) => name !== control).map((name) => [name, 'no'])),
    };
    expect(() => attest(subjectOf([only], fault))).toThrow(`line, lines, ${control}: run: `);
    attest(subjectOf([only]));
  });

  test.each<[string, ControlSubject, string]>([
    ['nothing plays in the mode', subjectOf([full], undefined, {}), 'lines, statement: declared, and nothing tries it'],
    [
      'nothing is tried in the scene',
      subjectOf([full], undefined, { lines: [{ ...scene, trial: undefined }] }),
      'lines, preview: run: nothing is tried in it',
    ],
    [
      'the scene has nothing for it',
      subjectOf([full], undefined, { lines: [{ ...scene, secret: encodeUtf8('elsewhere') }] }),
      'lines, mask: run: nothing to be seen',
    ],
    [
      'it is said to be a gap too',
      subjectOf([{ ...full, gaps: { ...full.gaps, hold: 'no' } }]),
      'lines, hold: declared, and said to be a gap',
    ],
    [
      'a gap is not explained',
      subjectOf([{ ...full, enforces: all.filter((name) => name !== 'preview') }]),
      'lines, preview: not declared, and nothing says why',
    ],
  ])('is refused where %s', (_name, subject, message) => {
    expect(() => attest(subject)).toThrow(message);
  });

  test('a scene of no mode is refused', () => {
    const cases = controlCases(subjectOf([full], undefined, { lines: [scene], stray: [scene] }));
    expect(() => cases.forEach(({ run }) => run())).toThrow('no such mode: stray');
  });
});
