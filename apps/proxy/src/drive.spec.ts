import { describe, expect, test } from '@jest/globals';
import { refuse } from '@sallyport/kernel';
import type { Permit, Question, Session, Step, Verdict } from '@sallyport/kernel';
import { drive } from './drive.js';
import type { Answerer, ClientPipe, Dialled } from './drive.js';
import type { Pipe, PipeEvents } from './pipe.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** Both ends of a pipe in a test's hands. */
interface FakePipe extends ClientPipe {
  events: PipeEvents | undefined;
  readonly written: string[];
  readonly calls: string[];
  full: boolean;
}

const fakePipe = (): FakePipe => {
  const pipe: FakePipe = {
    events: undefined,
    written: [],
    calls: [],
    full: false,
    attach: (events) => void (pipe.events = events),
    write: (chunk) => {
      pipe.written.push(Buffer.from(chunk).toString());
      return !pipe.full;
    },
    pause: () => void pipe.calls.push('pause'),
    resume: () => void pipe.calls.push('resume'),
    end: () => void pipe.calls.push('end'),
    destroy: () => void pipe.calls.push('destroy'),
    secure: (_unread, alpn) => Promise.resolve(alpn[0]),
  };
  return pipe;
};

const login: Question = { kind: 'login', connection: 'c', credential: '', database: 'd', parameters: {} };
// The brand is policy's; a test of the driver needs only objects that are told apart.
const permitOf = (scope: Permit['scope']): Permit => ({ scope }) as never;
const allow = (permit: Permit): Verdict => ({ kind: 'allow', permit });

/** A session that does as its script says, and remembers what it was told. */
const scripted = (script: Partial<Session>): Session & { readonly told: string[] } => {
  const told: string[] = [];
  const say = <A extends readonly unknown[]>(name: string, then?: (...args: A) => readonly Step[]) => {
    return (...args: A): readonly Step[] => {
      told.push(`${name} ${args.map(show).join(' ')}`.trim());
      return then?.(...args) ?? [];
    };
  };
  return {
    told,
    stalled: false,
    feed: say('feed', script.feed),
    answer: say('answer', script.answer),
    inform: say('inform', script.inform),
    secured: say('secured', script.secured),
    dialed: say('dialed', script.dialed),
    stopped: say('stopped', script.stopped),
    end: say('end', script.end),
    terminate: say('terminate', script.terminate),
  };
};

const show = (value: unknown): string => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (typeof value === 'object' && value !== null && 'kind' in value) return String(value.kind);
  if (typeof value === 'object' && value !== null && 'code' in value) return String(value.code);
  return String(value);
};

interface Bench {
  readonly client: FakePipe;
  readonly target: FakePipe;
  readonly session: ReturnType<typeof scripted>;
  readonly reported: unknown[];
  readonly closed: string[];
  readonly notes: string[];
  readonly terminate: (code: 'session_ended') => void;
}

const bench = (script: Partial<Session>, answers: Partial<Answerer> = {}): Bench => {
  const client = fakePipe();
  const target = fakePipe();
  const session = scripted(script);
  const reported: unknown[] = [];
  const closed: string[] = [];
  const notes: string[] = [];
  const opened: Dialled = {
    kind: 'opened',
    greeting: { parameters: {}, transaction: 'idle', trailing: new Uint8Array() },
    pipe: target satisfies Pipe,
  };
  const answerer: Answerer = {
    ask: () => ({ kind: 'deny', refusal: refuse('denied', 'no') }),
    dial: () => Promise.resolve(opened),
    cancellable: () => undefined,
    stop: () => Promise.resolve(),
    note: (note) => void notes.push(note.kind),
    closed: (cause) => void closed.push(cause),
    ...answers,
  };
  const driven = drive({ session, client, answerer, report: (error) => reported.push(error) });
  return {
    client,
    target,
    session,
    reported,
    closed,
    notes,
    terminate: (code) => driven.terminate(refuse(code, 'ended')),
  };
};

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Logs in and dials, so that both pipes are there; then goes on with `feed`. */
const openedBench = async (feed: Session['feed'], answers: Partial<Answerer> = {}, more: Partial<Session> = {}) => {
  const permit = permitOf('login');
  const made = bench(
    {
      feed: (side, chunk) =>
        Buffer.from(chunk).toString() === 'login' ? [{ kind: 'ask', id: 0, question: login }] : feed(side, chunk),
      answer: (id, verdict) => {
        if (id === 0) return [{ kind: 'dial', permit }];
        return verdict.kind === 'allow' ? [{ kind: 'toTarget', bytes: bytes(`run${id}`), permit: verdict.permit }] : [];
      },
      ...more,
    },
    {
      ...answers,
      ask: (id, question, inform) =>
        id === 0 ? allow(permit) : (answers.ask?.(id, question, inform) ?? allow(permit)),
    },
  );
  made.client.events?.data(bytes('login'));
  await soon();
  return { ...made, permit };
};

const command = (id: number): Step => ({
  kind: 'ask',
  id,
  question: {
    kind: 'command',
    phase: 'run',
    form: 'simple',
    text: '',
    parameters: [],
    state: { database: '', transaction: 'idle', parameters: new Map() },
    group: 0,
  },
});

describe('drive', () => {
  test('performs steps in order, and an immediate answer before anything else', async () => {
    const made = await openedBench(() => [
      { kind: 'toClient', bytes: bytes('a') },
      command(1),
      { kind: 'toClient', bytes: bytes('b') },
    ]);
    made.client.events?.data(bytes('q'));
    expect(made.client.written).toEqual(['a', 'b']);
    expect(made.target.written).toEqual(['run1']);
    expect(made.session.told).toEqual([
      'feed client login',
      'answer 0 allow',
      'dialed opened',
      'feed client q',
      'answer 1 allow',
    ]);
  });

  test('a target is told to stop, and the session hears when it was', async () => {
    let told: () => void = () => undefined;
    const stop = (): Promise<void> => new Promise((resolve) => (told = resolve));
    const made = await openedBench(() => [{ kind: 'stop' }], { stop }, { stopped: () => [command(1)] });
    made.target.events?.data(bytes('rows'));
    await soon();
    expect(made.session.told.at(-1)).toBe('feed target rows');
    told();
    await soon();
    expect(made.session.told.slice(-2)).toEqual(['stopped', 'answer 1 allow']);
    expect(made.target.written).toEqual(['run1']);
  });

  test('reads both sides on while a question is open, and never pauses the client for it', async () => {
    let decide: (verdict: Verdict) => void = () => undefined;
    const slow = new Promise<Verdict>((resolve) => (decide = resolve));
    const made = await openedBench((_side, chunk) => (Buffer.from(chunk).toString() === 'q' ? [command(1)] : []), {
      ask: (_id, _question, inform) => {
        inform({ code: 'held', message: 'held for approval' });
        return slow;
      },
    });
    made.client.events?.data(bytes('q'));
    made.client.events?.data(bytes('more'));
    made.target.events?.data(bytes('rows'));
    expect(made.session.told.slice(-3)).toEqual(['inform 1 held', 'feed client more', 'feed target rows']);
    expect(made.client.calls).toEqual([]);
    made.client.events?.end();
    expect(made.session.told.at(-1)).toBe('end client');
    decide(allow(made.permit));
    await soon();
    expect(made.target.written).toEqual(['run1']);
  });

  test('a client that does not read is not read and pauses the target, a slow target pauses the client', async () => {
    const made = await openedBench((side, chunk) =>
      side === 'target' ? [{ kind: 'toClient', bytes: chunk }] : [command(1)],
    );
    made.client.full = true;
    made.target.events?.data(bytes('rows'));
    expect([made.client.calls, made.target.calls]).toEqual([['pause'], ['pause']]);
    made.client.events?.drain();
    expect([made.client.calls, made.target.calls]).toEqual([
      ['pause', 'resume'],
      ['pause', 'resume'],
    ]);
    made.target.full = true;
    made.client.events?.data(bytes('q'));
    expect(made.client.calls).toEqual(['pause', 'resume', 'pause']);
    made.target.events?.drain();
    expect(made.client.calls).toEqual(['pause', 'resume', 'pause', 'resume']);
    expect(made.target.calls).toEqual(['pause', 'resume']);
  });

  test('an event that comes up while a step is performed waits for its turn', async () => {
    const made = await openedBench((_side, chunk) => {
      const text = Buffer.from(chunk).toString();
      return text === 'q'
        ? [
            { kind: 'toClient', bytes: bytes('1') },
            { kind: 'toClient', bytes: bytes('2') },
          ]
        : [];
    });
    const write = made.client.write;
    made.client.write = (chunk) => {
      if (Buffer.from(chunk).toString() === '1') made.client.events?.data(bytes('inner'));
      return write(chunk);
    };
    made.client.events?.data(bytes('q'));
    expect(made.client.written).toEqual(['1', '2']);
    expect(made.session.told.at(-1)).toBe('feed client inner');
  });

  test('bytes for the target without a permit of this session end it, and do not leave', async () => {
    const made = await openedBench(() => [{ kind: 'toTarget', bytes: bytes('DROP'), permit: permitOf('command') }]);
    made.client.events?.data(bytes('q'));
    expect(made.target.written).toEqual([]);
    expect(made.session.told.at(-1)).toBe('terminate internal');
    expect(made.closed).toEqual(['internal']);
    expect(made.target.calls).toEqual(['destroy']);
  });

  test('a session that throws is told to end in its own words, and both sides are closed', async () => {
    const made = await openedBench(
      () => {
        throw new Error('a bug');
      },
      {},
      {
        terminate: () => [
          { kind: 'toClient', bytes: bytes('sorry') },
          { kind: 'close', cause: 'refused' },
        ],
      },
    );
    made.client.events?.data(bytes('q'));
    expect(made.client.written).toEqual(['sorry']);
    expect(made.client.calls).toEqual(['end']);
    expect(made.closed).toEqual(['refused']);
    expect(made.reported).toHaveLength(1);
  });

  test('one that throws again while it ends is cut', async () => {
    const fail = (): never => {
      throw new Error('a bug');
    };
    const made = await openedBench(fail, {}, { terminate: fail });
    made.client.events?.data(bytes('q'));
    expect(made.reported).toHaveLength(2);
    expect(made.closed).toEqual(['internal']);
    made.client.events?.data(bytes('again'));
    expect(made.session.told.at(-1)).toBe('terminate internal');
  });

  test('a failing answer or dial ends the session, not the process', async () => {
    const late = await openedBench(() => [command(1)], { ask: () => Promise.reject(new Error('a bug')) });
    late.client.events?.data(bytes('q'));
    await soon();
    expect(late.closed).toEqual(['internal']);
    const dial = await openedBench(() => [], { dial: () => Promise.reject(new Error('a bug')) });
    expect(dial.closed).toEqual(['internal']);
  });

  test('a target that opens after the client has left is closed', async () => {
    let open: (dialled: Dialled) => void = () => undefined;
    const dialling = new Promise<Dialled>((resolve) => (open = resolve));
    const made = await openedBench(
      () => [],
      { dial: () => dialling },
      { end: () => [{ kind: 'close', cause: 'client_left' }] },
    );
    made.client.events?.end();
    const late = fakePipe();
    open({ kind: 'opened', greeting: { parameters: {}, transaction: 'idle', trailing: new Uint8Array() }, pipe: late });
    await soon();
    expect(late.calls).toEqual(['destroy']);
    expect(made.session.told).not.toContain('dialed opened');
  });

  test('ended from outside: the protocol says it, then everything closes', async () => {
    const made = await openedBench(
      () => [],
      {},
      {
        terminate: () => [
          { kind: 'toClient', bytes: bytes('bye') },
          { kind: 'close', cause: 'finished' },
        ],
      },
    );
    made.terminate('session_ended');
    expect(made.client.written).toEqual(['bye']);
    expect([made.client.calls, made.target.calls, made.closed]).toEqual([['end'], ['end'], ['finished']]);
  });
});
