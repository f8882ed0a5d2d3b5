import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AnswerMask, CellMask, CopyOptions } from '@sallyport/kernel';
import { refuse } from '@sallyport/kernel';
import {
  allow,
  bytes,
  complete,
  describeRow,
  failure,
  from,
  int16,
  int32,
  join,
  maskOf,
  ready,
  Rig,
  row,
  text,
} from '../../testing/rig.js';
import { encodeBind, encodeDescribe, encodeExecute, encodeParse, encodeQuery, encodeSync } from '../client.js';

const secret = 'CANARY';
const hide: CellMask = () => bytes('***');
const people = describeRow({ name: 'id' }, { name: 'mail', relation: 7, attribute: 2 });
const run = (mask: AnswerMask): Rig => new Rig(() => allow(mask)).begin().client(encodeQuery('select'));
const plain = { format: 'text', header: false, delimiter: 9, null: bytes('\\N') } as const satisfies CopyOptions;
const csv = { format: 'csv', header: true, delimiter: 0x2c, null: new Uint8Array(0) } as const satisfies CopyOptions;

describe('rows', () => {
  test('named cells change, others and NULL do not, and it is counted', () => {
    const rig = run(maskOf({ mail: hide })).target(
      people,
      row('1', secret),
      row(null, null),
      row('2', ''),
      complete('SELECT 3'),
      ready(),
    );
    expect(rig.heard).toBe('T D(1,***) D(NULL,NULL) D(2,***) C(SELECT 3) Z(idle)');
    expect(rig.outcomes[0]).toMatchObject({ rows: 3, maskedCells: 2, maskedColumns: ['mail'] });
  });
  test('a row that does not change is byte-identical, and an untouched chunk is one slice', () => {
    const rig = run(maskOf({ mail: (value) => value }));
    const answer = join(people, row('1', 'a'), row('2', 'b'), complete('SELECT 2'), ready());
    rig.target(answer);
    expect(rig.toClient).toEqual(answer);
    expect(rig.steps.filter(({ kind }) => kind === 'toClient')).toHaveLength(1);
  });
  test('a mask that writes for itself, spares or leaves the word to the call: the same rows', () => {
    // Upper case for short values at once, for others by the call; what begins with "-" stays.
    const upper = (value: Uint8Array): Uint8Array =>
      value[0] === 0x2d ? value : bytes(`<${text(value).toUpperCase()}>`);
    const quick: CellMask = Object.assign((value: Uint8Array) => upper(value), {
      spares: (from: Uint8Array, at: number) => from[at] === 0x2d,
      writes: (source: Uint8Array, at: number, to: number, into: Uint8Array, put: number) => {
        if (to - at > 3) return -1;
        const shown = upper(source.subarray(at, to));
        into.set(shown, put);
        return shown.length;
      },
    });
    const answer = join(
      people,
      ...[
        ['1', 'a'],
        ['2', 'abcdef'],
        ['3', '-a'],
        ['4', ''],
        [null, null],
        ['5', '-'],
        ['abcdefgh', 'b'],
      ].map((cells) => row(...cells)),
      complete('SELECT 7'),
      ready(),
    );
    const shown = (each: CellMask) => {
      const rig = run(maskOf({ id: each, mail: each })).target(answer);
      return { bytes: rig.toClient, cells: rig.outcomes[0]?.maskedCells };
    };
    expect(shown(quick)).toEqual(shown(upper));
    expect(shown(quick).cells).toBe(10);
  });
  test('what is chosen is told by origin, type and format', () => {
    const seen: unknown[] = [];
    const mask = maskOf({}, { choose: (answer) => (seen.push(answer), { kind: 'clear' }) });
    run(mask).target(
      describeRow({ name: 'a', relation: 7, attribute: 2, type: 25, binary: true }, { name: 'b' }),
      complete('SELECT 0'),
      people,
    );
    expect(seen).toEqual([
      {
        result: 0,
        copy: false,
        columns: [
          { name: 'a', origin: { relation: 7, attribute: 2 }, type: 25, format: 'binary' },
          { name: 'b', origin: undefined, type: 25, format: 'text' },
        ],
      },
      expect.objectContaining({ result: 1 }),
    ]);
  });
  test('a choice holds for the same mask, answer and description, and for no other', () => {
    let asked = 0;
    const of = (format: string): AnswerMask =>
      maskOf(
        {},
        {
          choose: ({ columns }) => {
            asked += 1;
            const cells = columns.map(({ name }) => (name === 'mail' ? () => bytes(format) : undefined));
            return { kind: 'mask', plan: { cells, masked: ['mail'] } };
          },
        },
      );
    const [one, other] = [of('one'), of('other')];
    let mask = one;
    const rig = new Rig(() => allow(mask)).begin();
    const answers = (description: Uint8Array) => {
      rig.client(encodeQuery('select')).target(description, row('1', secret), complete('SELECT 1'), ready());
    };
    answers(people);
    answers(people);
    expect(asked).toBe(1);
    answers(describeRow({ name: 'mail' }, { name: 'id' }));
    expect(asked).toBe(2);
    mask = other;
    answers(people);
    expect(asked).toBe(3);
    rig.client(encodeQuery('select; select'));
    for (const _ of [1, 2]) rig.target(people, row('1', secret), complete('SELECT 1'));
    rig.target(ready());
    expect(asked).toBe(4);
    expect(text(rig.toClient)).not.toContain(secret.repeat(2));
    expect(rig.heard).toContain('D(1,one) C(SELECT 1) Z(idle) T D(1,one)');
    expect(rig.heard).toContain('T D(one,CANARY)');
    expect(rig.heard).toContain('D(1,other) C(SELECT 1) T D(1,other)');
    expect(rig.outcomes.every(({ maskedColumns }) => maskedColumns.join() === 'mail')).toBe(true);
  });
  test('a mask that throws ends the session, and shows nothing', () => {
    const boom: CellMask = () => {
      throw new Error(secret);
    };
    const rig = run(maskOf({ mail: boom })).target(people, row('1', secret));
    expect(rig.closed).toBe('refused');
    expect(text(rig.toClient)).not.toContain(secret);
  });
});

describe('refused answers', () => {
  const refusing = maskOf({}, { choose: () => ({ kind: 'refuse', refusal: refuse('unmaskable', 'cannot tell') }) });
  test('simple: the rows are swallowed, the status is true', () => {
    const rig = run(refusing).target(
      people,
      row('1', secret),
      complete('SELECT 1'),
      people,
      row('2', secret),
      complete('SELECT 1'),
      ready('T'),
    );
    expect(rig.heard).toBe('E(SP007) Z(open)');
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'failed', error: 'SP007' })]);
    expect(text(rig.toClient)).not.toContain(secret);
  });
  test('extended: with its Sync behind it', () => {
    const rig = new Rig(() => allow(refusing)).begin();
    rig.client(encodeParse('select'), encodeBind(), encodeDescribe('portal'), encodeExecute(), encodeSync());
    rig.target(from('1'), from('2'), people, row('1', secret), complete('SELECT 1'), ready());
    expect(rig.heard).toBe('1 2 T E(SP007) Z(idle)');
  });
  test('extended: Sync still to come, so an implicit transaction is rolled back', () => {
    const rig = new Rig(() => allow(refusing)).begin();
    rig.client(encodeParse('update returning'), encodeBind(), encodeDescribe('portal'), encodeExecute());
    rig.target(from('1'), from('2'), people, row('1', secret));
    rig.client(encodeSync());
    expect(rig.letters).toBe('PBDEH');
    rig.target(complete('UPDATE 1'));
    expect(rig.letters).toBe('PBDEHES');
    rig.target(failure('34000'), ready());
    expect(rig.heard).toBe('1 2 T E(SP007) Z(idle)');
  });
  test('COPY FROM inside a refused text is ended, not left hanging', () => {
    const rig = run(refusing).target(people, complete('SELECT 0'), from('G', [0], int16(1), int16(0)));
    expect(rig.letters).toBe('Qf');
    rig.target(failure('57014'), ready());
    expect(rig.heard).toBe('E(SP007) Z(idle)');
  });
});

describe('extended protocol', () => {
  test('a client that never describes: the description is asked for and not shown', () => {
    const rig = new Rig(() => allow(maskOf({ mail: hide }))).begin();
    rig.client(encodeParse('select'), encodeBind({ resultFormats: ['binary'] }), encodeExecute(), encodeSync());
    expect(rig.letters).toBe('PBDES');
    rig.target(from('1'), from('2'), people, row('1', secret), complete('SELECT 1'), ready());
    expect(rig.heard).toBe('1 2 D(1,***) C(SELECT 1) Z(idle)');
  });
  test('a statement that was described long ago is not trusted: its portal is', () => {
    const rig = new Rig(() => allow(maskOf({ mail: hide }))).begin();
    rig.client(encodeParse('select', 's'), encodeDescribe('statement', 's'), encodeSync());
    rig.target(from('1'), from('t', [0, 0]), describeRow({ name: 'a' }, { name: 'b' }), ready()).forget();
    rig.client(encodeBind({ statement: 's' }), encodeExecute(), encodeSync());
    expect(rig.letters).toBe('BDES');
    rig.target(from('2'), people, row('1', secret), complete('SELECT 1'), ready());
    expect(rig.heard).toBe('2 D(1,***) C(SELECT 1) Z(idle)');
  });
  test('a portal in slices is masked in each', () => {
    const rig = new Rig(() => allow(maskOf({ mail: hide }))).begin();
    rig.client(
      encodeParse('select'),
      encodeBind({ portal: 'p' }),
      encodeExecute('p', 1),
      encodeExecute('p', 1),
      encodeSync(),
    );
    rig.target(from('1'), from('2'), people, row('1', secret), from('s'), row('2', secret), from('s'), ready());
    expect(rig.heard).toBe('1 2 D(1,***) s D(2,***) s Z(idle)');
  });
  test('rows without a description are withheld', () => {
    const rig = new Rig(() => allow(maskOf({ mail: hide }))).begin();
    rig.client(encodeParse('select'), encodeBind(), encodeExecute(), encodeSync());
    rig.target(from('1'), from('2'), from('n'), row(secret), complete('SELECT 1'), ready());
    expect(rig.heard).toBe('1 2 E(SP007) Z(idle)');
  });
});

describe('texts of the target', () => {
  const scrubbing = maskOf(
    {},
    {
      choose: () => ({ kind: 'clear' }),
      scrub: ({ fields }) => new Map([...fields].map(([code, value]) => [code, value.replaceAll(secret, '***')])),
    },
  );
  test('errors, notices and notifications', () => {
    const rig = run(scrubbing).target(
      from('N', `SNOTICE\0C00000\0M${secret}\0\0`),
      from('A', int32(9), `c\0${secret}\0`),
      failure('22P02', secret),
      ready(),
      from('A', int32(9), `c\0${secret}\0`),
    );
    expect(text(rig.toClient)).not.toContain(secret);
    expect(rig.heard).toBe('N(***) A E(22P02) Z(idle) A');
  });
});

describe('settings that the target reports', () => {
  const status = (name: string, value: string): Uint8Array => from('S', `${name}\0${value}\0`);
  const hiding = maskOf(
    {},
    { choose: () => ({ kind: 'clear' }), scrub: ({ fields }) => new Map(fields).set('value', '***') },
  );
  test('are shown as the mask says, and followed as they are', () => {
    const rig = run(hiding).target(complete('SELECT 1'), status('search_path', secret), ready());
    rig.client(encodeQuery('select'));
    expect(text(rig.toClient)).toContain('search_path\0***\0');
    expect(text(rig.toClient)).not.toContain(secret);
    const asked = rig.questions.at(-1);
    expect(asked?.kind === 'command' && asked.state.parameters.get('search_path')).toBe(secret);
  });
  test('what the session began with is no secret of a command', () => {
    const rig = run(hiding).target(complete('RESET'), status('server_version', '18.4'), ready());
    expect(text(rig.toClient)).toContain('server_version\x0018.4\0');
  });
  test('are the very bytes where nothing is hidden', () => {
    const answer = join(complete('SET'), status('a', 'b'), ready());
    expect(run(maskOf({})).target(answer).toClient).toEqual(answer);
  });
});

describe('the code of an error', () => {
  test('is kept as it was shown', () => {
    const rig = run(maskOf({}, { scrub: ({ fields }) => new Map(fields).set('C', 'P0001') }));
    rig.target(failure('42424'), ready());
    expect(rig.heard).toBe('E(P0001) Z(idle)');
    expect(rig.outcomes[0]?.error).toBe('P0001');
  });
});

describe('COPY to the client', () => {
  const out = (options: CopyOptions | undefined, columns: number, cells: Record<string, CellMask>, overall = 0): Rig =>
    run(maskOf(cells, options ? { copyOptions: () => options } : {})).target(
      from('H', [overall], int16(columns), ...Array.from({ length: columns }, () => int16(overall))),
    );
  const copied = (rig: Rig, ...data: (string | Uint8Array)[]): string => {
    rig.forget().target(...data.map((part) => from('d', part)), from('c'), complete('COPY 1'), ready());
    return rig.heard;
  };
  test('text: escapes are undone for the mask and done again', () => {
    const seen: string[] = [];
    const tabs: CellMask = (value) => (seen.push(text(value)), bytes('x\ty\\z\n'));
    expect(copied(out(plain, 3, { 1: tabs }), 'a\tb\\tc\\\\d\\101\\x41\te\n', '\\N\t\\N\t\\N\n')).toBe(
      'd(a\tx\\ty\\\\z\\n\te\n) d(\\N\t\\N\t\\N\n) c C(COPY 1) Z(idle)',
    );
    expect(seen).toEqual(['b\tc\\dAA']);
  });
  test('text: rows over messages, messages over rows', () => {
    expect(copied(out(plain, 2, { 1: hide }), 'a\tb\nc', '\t', `${secret}\nd\te`, '\n')).toBe(
      'd(a\t***\n) d(c\t***\n) d(d\t***\n) c C(COPY 1) Z(idle)',
    );
  });
  test('csv: header untouched, quotes, newlines in quotes, NULL and empty text', () => {
    const rig = out(csv, 3, { 1: (value) => (text(value) === 'q' ? bytes('a"b') : bytes('***')) });
    expect(copied(rig, 'id,mail,x\n', '1,"se""c\nret",2\n', '2,,3\n', '3,"",4\n', '4,q,5\n')).toBe(
      'd(id,mail,x\n) d(1,"***",2\n) d(2,,3\n) d(3,"***",4\n) d(4,"a""b",5\n) c C(COPY 1) Z(idle)',
    );
  });
  test('binary', () => {
    const head = join(bytes('PGCOPY\n'), Uint8Array.of(0xff, 13, 10, 0), Uint8Array.from([...int32(0), ...int32(0)]));
    const tuple = Uint8Array.from([...int16(2), ...int32(1), 0x61, ...int32(6), ...bytes(secret)]);
    const rig = out(undefined, 2, { 1: hide }, 1);
    copied(rig, join(head, tuple.subarray(0, 9)), tuple.subarray(9), Uint8Array.from(int16(-1)));
    expect(text(rig.toClient)).not.toContain(secret);
    expect(text(rig.toClient)).toContain('***');
  });
  test.each([
    ['text', { ...plain, delimiter: 0x7c }, [0x95, 0x5c, 0x7c, ...bytes(secret), 0x7c, 0x83, 0x7c, 0x0a]],
    [
      'csv',
      { ...csv, header: false, quote: 0x5c, delimiter: 0x7c },
      [0x95, 0x5c, 0x7c, ...bytes(secret), 0x5c, 0x7c, 0x83, 0x7c, 0x0a],
    ],
    ['text, cut short', plain, [0x41, 0x09, 0xc3, 0x09, 0x42, 0x0a]],
  ] as const)(
    '%s in an encoding whose characters end in ASCII cannot shift a cell: withheld',
    (_name, options, line) => {
      const rig = out(options, 3, { 1: hide });
      expect(copied(rig, Uint8Array.from(line))).toBe('E(SP007) Z(idle)');
      expect(text(rig.toClient)).not.toContain(secret);
    },
  );
  test('characters of UTF-8 are no matter', () => {
    expect(copied(out(plain, 2, { 1: hide }), 'é\t表ポ😀\n')).toBe('d(é\t***\n) c C(COPY 1) Z(idle)');
  });
  test('without knowing how its rows are written it is refused', () => {
    const rig = out(undefined, 2, { 1: hide });
    expect(rig.heard).toBe('E(SP007)');
    expect(copied(rig, `a\t${secret}\n`)).toBe('Z(idle)');
  });
  test.each([
    ['too few fields', 'a\n'],
    ['too many fields', 'a\tb\tc\n'],
  ])('%s: withheld', (_name, line) => {
    expect(copied(out(plain, 2, { 1: hide }), line)).toBe('E(SP007) Z(idle)');
  });
  test('a mask that leaves all as it is leaves every byte, however it is cut', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', '\\', ',', '\t', '\n', 'é', '.'), maxLength: 6 });
    const same: CellMask = (value) => value;
    const other: CellMask = (value) => value.slice();
    const escapeText = (value: string): string =>
      value.replace(/[\\\n\t]/g, (c) => (c === '\n' ? '\\n' : c === '\t' ? '\\t' : '\\\\'));
    const escapeCsv = (value: string): string =>
      /[",\n]/.test(value) || value === '' || value === '\\.' ? `"${value.replaceAll('"', '""')}"` : value;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(80), { maxLength: 4 }),
        fc.boolean(),
        fc.boolean(),
        (rows, cuts, isCsv, anew) => {
          const whole = Buffer.from(
            rows.map((cells) => cells.map(isCsv ? escapeCsv : escapeText).join(isCsv ? ',' : '\t') + '\n').join(''),
          );
          const seen: string[] = [];
          const watch: CellMask = (value) => (seen.push(text(value)), (anew ? other : same)(value));
          const rig = out(isCsv ? { ...csv, header: false } : plain, 2, { 0: watch, 1: watch });
          const edges = [0, ...cuts.map((at) => Math.min(at, whole.length)).sort((a, b) => a - b), whole.length];
          rig
            .forget()
            .target(...edges.slice(1).map((to, index) => from('d', whole.subarray(edges[index], to))), from('c'));
          const shown = rig
            .said()
            .flatMap((message) => (message.type === 'copyData' ? [Buffer.from(message.data)] : []));
          expect(Buffer.concat(shown).toString()).toBe(whole.toString());
          expect(seen).toEqual(rows.flat());
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('no cell slips', () => {
  test('random rows, cut anywhere: the canary is never seen', () => {
    const value = fc.option(fc.constantFrom('x', 'yy', ''), { nil: null });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, fc.boolean()), { maxLength: 8 }),
        fc.array(fc.nat(400), { maxLength: 6 }),
        (rows, cuts) => {
          const rig = run(maskOf({ mail: hide }));
          const answer = join(
            people,
            ...rows.map(([id, there]) => row(id, there ? secret : null)),
            complete('SELECT 1'),
            ready(),
          );
          const edges = [0, ...cuts.map((at) => Math.min(at, answer.length)).sort((a, b) => a - b), answer.length];
          for (const [index, to] of edges.slice(1).entries()) rig.target(answer.slice(edges[index], to));
          expect(text(rig.toClient)).not.toContain(secret);
          expect(rig.said().filter(({ type }) => type === 'row')).toHaveLength(rows.length);
        },
      ),
      { numRuns: 200 },
    );
  });
});
