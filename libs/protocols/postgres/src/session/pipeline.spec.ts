import { describe, expect, test } from '@jest/globals';
import { refuse } from '@sallyport/kernel';
import {
  complete,
  deny,
  denyMatching,
  describeRow,
  failure,
  from,
  ready,
  Rig,
  row,
  allow,
  text,
} from '../../testing/rig.js';
import {
  encodeBind,
  encodeClose,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '../client.js';

const one = (sql: string): Uint8Array[] => [encodeParse(sql), encodeBind(), encodeDescribe('portal'), encodeExecute()];
const parsed = [from('1'), from('2'), describeRow({ name: 'a' })];

describe('simple queries', () => {
  test('one question with the exact text, the very bytes, one slice, one outcome', () => {
    const rig = new Rig().begin();
    const query = encodeQuery('select 1 -- x');
    rig.client(query);
    expect(rig.questions).toEqual([expect.objectContaining({ phase: 'run', form: 'simple', text: 'select 1 -- x' })]);
    expect(rig.toTarget).toEqual(query);
    rig.target(describeRow({ name: 'a' }), row('1'), complete('SELECT 1'), ready());
    expect(rig.steps.filter(({ kind }) => kind === 'toClient')).toHaveLength(1);
    expect(rig.heard).toBe('T D(1) C(SELECT 1) Z(idle)');
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'completed', rows: 1, tag: 'SELECT 1' })]);
  });

  test('several statements are one question about the whole text, before its first byte goes', () => {
    const whole = 'select 1; delete from x; select 2';
    const rig = new Rig(denyMatching(/delete/)).begin().client(encodeQuery(whole), encodeQuery('select 3; select 4'));
    expect(rig.questions.map((question) => question.kind === 'command' && question.text)).toEqual([
      whole,
      'select 3; select 4',
    ]);
    expect(rig.toTarget).toEqual(encodeQuery('select 3; select 4'));
  });

  test('denied: nothing goes, the error and the true status come behind the answers before it', () => {
    const rig = new Rig(denyMatching(/drop/)).begin();
    rig.client(encodeQuery('begin')).target(complete('BEGIN'), ready('T')).forget();
    rig.client(encodeQuery('select 1'), encodeQuery('drop table x'));
    expect(rig.letters).toBe('Q');
    expect(rig.toClient).toHaveLength(0);
    rig.target(describeRow({ name: 'a' }), row('1'), complete('SELECT 1'), ready('T'));
    expect(rig.heard).toBe('T D(1) C(SELECT 1) Z(open) E(42501) Z(open)');
    rig.forget().client(encodeQuery('commit'));
    expect(rig.letters).toBe('Q');
  });
});

describe('extended protocol', () => {
  test('one statement in one chunk leaves as one slice under the command’s permit', () => {
    const verdicts: unknown[] = [];
    const rig = new Rig((question) => {
      const verdict = allow();
      verdicts.push([question.phase, verdict.kind === 'allow' && verdict.permit]);
      return verdict;
    }).begin();
    rig.client(...one('select 1'), encodeSync());
    const slices = rig.steps.filter((step) => step.kind === 'toTarget');
    expect(slices).toHaveLength(1);
    expect(rig.letters).toBe('PBDES');
    expect(slices[0]?.kind === 'toTarget' && slices[0].permit).toBe((verdicts[1] as unknown[])[1]);
  });

  test('asked at every Execute, with the parameters of that Bind', () => {
    const rig = new Rig().begin();
    rig.client(encodeParse('select $1', 's', [25]), encodeSync());
    rig.target(from('1'), ready()).forget();
    for (const value of ['a', 'b'])
      rig.client(
        encodeBind({ statement: 's', parameters: [{ format: 'text', value: Buffer.from(value) }] }),
        encodeExecute(),
      );
    expect(rig.questions.map((question) => question.kind === 'command' && text(question.parameters[0]?.value))).toEqual(
      ['a', 'b'],
    );
    expect(rig.questions[0]).toMatchObject({
      phase: 'run',
      form: 'extended',
      text: 'select $1',
      parameters: [{ type: 25 }],
    });
  });

  test('a command behind one that may change how it is read waits for its answer, and is asked after what came of it', () => {
    const rig = new Rig(({ text: sql }) => (sql === 'select 2' ? 'hold' : allow())).begin();
    rig.client(...one('set search_path = x'), ...one('select 2'), encodeSync());
    expect(rig.letters).toBe('PBDEH');
    rig.target(from('1'), from('2'), from('n'), complete('SET'));
    const told = rig.steps.map((step) => (step.kind === 'note' ? step.note.kind : step.kind));
    expect(rig.questions.at(-1)).toMatchObject({ text: 'select 2' });
    expect(told.indexOf('outcome')).toBeLessThan(told.lastIndexOf('ask'));
    expect(told).toContain('outcome');
  });

  test('a denied Parse: the error at its place, then everything up to Sync is dropped', () => {
    const rig = new Rig(denyMatching(/drop/)).begin();
    rig.client(...one('drop table x'), encodeSync());
    expect(rig.letters).toBe('S');
    rig.target(ready());
    expect(rig.heard).toBe('E(42501) Z(idle)');
  });

  test('a denied Execute takes its own Parse and Bind along: the target hears nothing of it', () => {
    const rig = new Rig(({ phase }) => (phase === 'run' ? deny() : allow())).begin();
    rig.client(...one('delete from x'), encodeSync());
    expect(rig.letters).toBe('S');
    rig.target(ready());
    expect(rig.heard).toBe('E(42501) Z(idle)');
    expect(rig.outcomes).toEqual([]);
  });

  test('held: what went before goes on, what belongs to the held portal stays back', () => {
    const rig = new Rig(({ phase, text: sql }) => (phase === 'run' && /delete/.test(sql) ? 'hold' : allow())).begin();
    rig.client(...one('select 1'), ...one('delete from x'), encodeSync());
    expect(rig.letters).toBe('PBDE');
    rig.target(...parsed, row('1'), complete('SELECT 1'));
    expect(rig.heard).toBe('1 2 T D(1) C(SELECT 1)');
    rig.verdict(allow());
    expect(rig.letters).toBe('PBDEPBDES');
  });

  test('a Parse and Bind in an earlier chunk stay back as well', () => {
    const rig = new Rig(({ phase }) => (phase === 'run' ? 'hold' : allow())).begin();
    rig.client(encodeParse('delete from x')).client(encodeBind()).client(encodeExecute());
    expect(rig.letters).toBe('');
    rig.verdict(allow()).client(encodeSync());
    expect(rig.letters).toBe('PBES');
  });

  test('Flush sends what is prepared', () => {
    const rig = new Rig().begin();
    rig.client(encodeParse('select 1', 's'), encodeDescribe('statement', 's'), encodeFlush());
    expect(rig.letters).toBe('PDH');
    rig.target(from('1'), from('t', [0, 0]), describeRow({ name: 'a' }));
    expect(rig.heard).toBe('1 t T');
  });
});

describe('a denial inside a pipeline', () => {
  const pipeline = [...one('insert into a'), ...one('drop table a'), encodeSync()];

  test('outside of a block the target is made to roll back, unseen', () => {
    const rig = new Rig(denyMatching(/drop/)).begin();
    rig.client(...pipeline);
    expect(rig.letters).toBe('PBDEH');
    rig.target(from('1'), from('2'), from('n'), complete('INSERT 0 1'));
    expect(rig.letters).toBe('PBDEHES');
    expect(rig.heard).toBe('1 2 n C(INSERT 0 1) E(42501)');
    rig.target(failure('34000'), ready());
    expect(rig.heard).toBe('1 2 n C(INSERT 0 1) E(42501) Z(idle)');
    expect(rig.outcomes).toHaveLength(1);
  });

  test('inside a block nothing is undone, and the block lives', () => {
    const rig = new Rig(denyMatching(/drop/)).begin();
    rig.client(encodeQuery('begin')).target(complete('BEGIN'), ready('T')).forget();
    rig.client(...pipeline).target(from('1'), from('2'), from('n'), complete('INSERT 0 1'));
    expect(rig.letters).toBe('PBDEHS');
    rig.target(ready('T'));
    expect(rig.heard).toBe('1 2 n C(INSERT 0 1) E(42501) Z(open)');
  });

  test('a block that the pipeline itself began lives too', () => {
    const rig = new Rig(denyMatching(/drop/)).begin();
    rig.client(...one('begin'), ...pipeline);
    rig.target(
      from('1'),
      from('2'),
      from('n'),
      complete('BEGIN'),
      from('1'),
      from('2'),
      from('n'),
      complete('INSERT 0 1'),
    );
    expect(rig.letters).toBe('PBDEPBDEHS');
  });

  test('a simple query denied behind unsynced commands', () => {
    const rig = new Rig(denyMatching(/drop/)).begin();
    rig.client(...one('insert into a'), encodeQuery('drop table a'));
    rig.target(from('1'), from('2'), from('n'), complete('INSERT 0 1'));
    expect(rig.letters).toBe('PBDEHES');
    rig.target(failure('34000'), ready());
    expect(rig.heard).toBe('1 2 n C(INSERT 0 1) E(42501) Z(idle)');
  });
});

describe('the target’s own errors', () => {
  test('what follows up to Sync failed with it, and names are as they were', () => {
    const rig = new Rig().begin();
    rig.client(encodeParse('bad', 's'), encodeBind({ statement: 's' }), encodeExecute(), encodeSync());
    rig.target(failure('42601'), ready());
    expect(rig.heard).toBe('E(42601) Z(idle)');
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'failed', error: '42601' })]);
    rig
      .forget()
      .client(encodeBind({ statement: 's' }), encodeSync())
      .target(ready());
    expect(rig.heard).toBe('E(26000) Z(idle)');
  });

  test.each([
    ['a portal', [encodeParse('select 1', 'kept'), encodeExecute('gone')], ['1'], '1 E(34000) Z(idle)'],
    ['a statement', [encodeClose('statement', 's'), encodeBind({ statement: 'gone' })], ['3'], '3 E(26000) Z(idle)'],
  ])('what stands before %s that is not there goes to the target, and counts', (_name, sent, answers, heard) => {
    const rig = new Rig().begin().client(...sent, encodeSync());
    rig.target(...answers.map((letter) => from(letter)), ready());
    expect(rig.heard).toBe(heard);
  });

  test('a name that is there by then: the statement before a refused one was prepared', () => {
    const rig = new Rig().begin().client(encodeParse('select 1', 's'), encodeExecute('gone'), encodeSync());
    rig.target(from('1'), ready()).forget();
    rig.client(encodeBind({ statement: 's' }), encodeSync()).target(from('2'), ready());
    expect(rig.heard).toBe('2 Z(idle)');
  });

  test('while a question is open: allowed too late, it does not run', () => {
    const rig = new Rig(({ text: sql, phase }) => (/slow/.test(sql) && phase === 'run' ? 'hold' : allow())).begin();
    rig.client(...one('select 1/0'), ...one('slow'), encodeSync());
    rig.target(...parsed, failure('22012'));
    rig.verdict(allow());
    expect(rig.letters).toBe('PBDES');
    rig.target(ready());
    expect(rig.heard).toBe('1 2 T E(22012) Z(idle)');
    expect(rig.outcomes.map(({ status }) => status)).toEqual(['failed', 'failed']);
  });

  test('a commit that fails at Sync', () => {
    const rig = new Rig().begin();
    rig.client(...one('insert'), encodeSync());
    rig.target(from('1'), from('2'), from('n'), complete('INSERT 0 1'), failure('23503'), ready());
    expect(rig.heard).toBe('1 2 n C(INSERT 0 1) E(23503) Z(idle)');
    expect(rig.closed).toBeUndefined();
  });
});

describe('an error of the target’s own that the gateway says', () => {
  const unreadable = refuse('unreadable', 'syntax error', { failsAtTarget: true });
  const rigged = (status: string): Rig => {
    const rig = new Rig(({ text: sql }) =>
      sql.includes('selec 1') ? { kind: 'deny', refusal: unreadable } : allow(),
    ).begin();
    return rig.client(encodeQuery('begin')).target(complete('BEGIN'), ready(status)).forget();
  };
  const nowhere = (rig: Rig): string =>
    /sallyport_[0-9a-f]{32}/.test(text(rig.toTarget)) ? rig.letters : 'nothing fails';

  test('ends the block as it would there, and the client hears of it once', () => {
    const rig = rigged('T').client(encodeQuery('selec 1'), encodeQuery('commit'));
    expect(nowhere(rig)).toBe('ES');
    expect(rig.heard).toBe('E(42601)');
    rig.target(failure('34000'), ready('E')).target(complete('ROLLBACK'), ready());
    expect(rig.heard).toBe('E(42601) Z(failed) C(ROLLBACK) Z(idle)');
  });

  test('in its turn: what was sent before it runs, what was sent behind it waits', () => {
    const rig = rigged('T').client(encodeQuery('insert'), encodeQuery('selec 1'), encodeQuery('commit'));
    expect(rig.letters).toBe('Q');
    rig.target(complete('INSERT 0 1'), ready('T'));
    expect(nowhere(rig)).toBe('QES');
    rig.target(failure('34000'), ready('E')).target(complete('ROLLBACK'), ready());
    expect(rig.heard).toBe('C(INSERT 0 1) Z(open) E(42601) Z(failed) C(ROLLBACK) Z(idle)');
  });

  test('of a Parse: what was prepared before it stays, and the block ends at the Sync', () => {
    const rig = rigged('T').client(encodeParse('select 1', 'a'), encodeParse('selec 1'), encodeBind(), encodeSync());
    rig.target(from('1'));
    expect(nowhere(rig)).toBe('PHES');
    rig.target(failure('34000'), ready('E'));
    expect(rig.heard).toBe('1 E(42601) Z(failed)');
    rig.forget().client(encodeBind({ statement: 'a' }), encodeSync());
    expect(rig.letters).toBe('BS');
  });

  test.each([
    ['a name that is not there', [encodeBind({ statement: 'a' }), encodeSync()], 'E(26000)'],
    ['bytes that are no text', [from('P', '\0', [0xff, 0, 0, 0]), encodeSync()], 'E(22021)'],
  ])('%s', (_name, messages, told) => {
    const rig = rigged('T').client(...messages);
    expect(nowhere(rig)).toBe('ES');
    rig.target(failure('34000'), ready('E'));
    expect(rig.heard).toBe(`${told} Z(failed)`);
  });

  test('the unnamed statement is gone, as at a server', () => {
    const rig = rigged('T').client(encodeParse('select 1'), encodeParse('selec 1'), encodeSync());
    rig.target(from('1')).target(failure('34000'), ready('E')).forget();
    rig.client(encodeBind(), encodeSync(), encodeDescribe('statement'), encodeSync()).target(ready('E'), ready('E'));
    expect(rig.heard).toBe('E(26000) Z(failed) E(26000) Z(failed)');
  });

  test('of two that are under way, each undoes its own pipeline', () => {
    const pipeline = [encodeParse('insert'), encodeBind(), encodeExecute(), encodeExecute('nowhere'), encodeSync()];
    const rig = new Rig().begin().client(encodeBind({ statement: 'nowhere' }), encodeSync(), ...pipeline);
    rig.target(ready());
    expect(rig.letters).toBe('SPBEH');
    rig.target(from('1'), from('2'), complete('INSERT 0 1'));
    expect(rig.letters).toBe('SPBEHES');
    rig.target(failure('34000'), ready());
    expect(rig.heard).toBe('E(26000) Z(idle) 1 2 C(INSERT 0 1) E(34000) Z(idle)');
  });

  test.each([
    ['no block is open', 'I', 'Z(idle)'],
    ['it has failed already', 'E', 'Z(failed)'],
  ])('%s: the target hears nothing of it', (_name, status, state) => {
    const rig = rigged(status).client(encodeQuery('selec 1'));
    expect(rig.letters).toBe('');
    expect(rig.heard).toBe(`E(42601) ${state}`);
  });
});

describe('names', () => {
  test('a duplicate Parse that fails leaves the first text decided and run', () => {
    const rig = new Rig().begin();
    rig.client(encodeParse('select 1', 's'), encodeSync()).target(from('1'), ready()).forget();
    rig.client(
      encodeParse('drop table x', 's'),
      encodeSync(),
      encodeBind({ statement: 's' }),
      encodeExecute(),
      encodeSync(),
    );
    // The name is in doubt until the target has spoken.
    expect(rig.letters).toBe('PS');
    rig.target(failure('42P05'), ready());
    expect(rig.questions.at(-1)).toMatchObject({ phase: 'run', text: 'select 1' });
    expect(rig.letters).toBe('PSBES');
  });

  test('an unnamed Parse that was skipped does not stand', () => {
    const rig = new Rig().begin();
    rig.client(encodeParse('select 1'), encodeSync()).target(from('1'), ready()).forget();
    rig.client(encodeBind({ portal: 'p', resultFormats: ['text'] }), encodeParse('drop table x'), encodeSync());
    rig.client(encodeBind(), encodeExecute(), encodeSync());
    rig.target(failure('22023'), ready());
    expect(rig.questions.at(-1)).toMatchObject({ phase: 'run', text: 'select 1' });
  });

  test('SQL that gives a name away: the statement is forgotten, not run unseen', () => {
    const rig = new Rig().begin();
    rig.client(encodeParse('select 1', 's'), encodeSync()).target(from('1'), ready()).forget();
    rig.client(
      encodeQuery('deallocate s; prepare s as delete from x'),
      encodeBind({ statement: 's' }),
      encodeExecute(),
      encodeSync(),
    );
    expect(rig.letters).toBe('Q');
    rig.target(complete('DEALLOCATE'), complete('PREPARE'), ready());
    expect(rig.letters).toBe('QS');
    rig.target(ready());
    expect(rig.heard).toBe('C(DEALLOCATE) C(PREPARE) Z(idle) E(0A000) Z(idle)');
  });

  test('Close frees a name; portals end with the transaction', () => {
    const rig = new Rig().begin();
    rig.client(encodeParse('select 1', 's'), encodeBind({ portal: 'p', statement: 's' }), encodeSync());
    rig.target(from('1'), from('2'), ready()).forget();
    rig.client(encodeExecute('p'), encodeSync()).target(ready());
    expect(rig.heard).toBe('E(34000) Z(idle)');
    rig.forget().client(encodeClose('statement', 's'), encodeSync()).target(from('3'), ready());
    rig.client(encodeBind({ statement: 's' }), encodeSync()).target(ready());
    expect(rig.heard).toBe('3 Z(idle) E(26000) Z(idle)');
  });
});

describe('portals in slices', () => {
  test('PortalSuspended, and every Execute is asked again', () => {
    const rig = new Rig().begin();
    rig.client(encodeParse('select 1'), encodeBind({ portal: 'p' }), encodeExecute('p', 1), encodeFlush());
    rig.target(from('1'), from('2'), row('1'), from('s'));
    rig.client(encodeExecute('p', 1), encodeSync()).target(row('2'), complete('SELECT 1'), ready());
    expect(rig.questions.map((question) => question.kind === 'command' && question.phase)).toEqual([
      'prepare',
      'run',
      'run',
    ]);
    expect(rig.outcomes).toHaveLength(2);
  });
});
