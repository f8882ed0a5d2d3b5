import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { Failure } from './failure.js';
import { createOutput, inertJson, shorten, tableLines, unsafe } from './output.js';
import { inertYaml } from './yaml.js';

/** Clears the screen, writes a title, turns the reading direction, starts a line that looks like ours. */
const hostile = '\u001b[2J\u001b]0;x\u0007\r\nsally: approved\u202e\u2066\u009b31m\u2028\u{e0041}\u200b';
const anyText = fc.string({ unit: 'binary' });

const record = (json: boolean) => {
  const said = { out: '', err: '' };
  const output = createOutput(() => json, {
    out: { write: (text) => (said.out += text) },
    err: { write: (text) => (said.err += text) },
  });
  return { said, output };
};

/** Nothing but our own line feeds. */
const expectInert = (text: string): void => expect(text.replaceAll('\n', '')).not.toMatch(new RegExp(unsafe, 'u'));

describe('nothing that came over the wire reaches a terminal as it is', () => {
  test.each([
    ['a line', (say: ReturnType<typeof record>['output']) => say.line(hostile), 1],
    ['a note', (say: ReturnType<typeof record>['output']) => say.note(hostile), 1],
    ['a table', (say: ReturnType<typeof record>['output']) => say.table(['a', hostile], [[hostile, hostile]]), 2],
    ['a block', (say: ReturnType<typeof record>['output']) => say.block(hostile), 2],
    [
      'a failure',
      (say: ReturnType<typeof record>['output']) =>
        say.failure(new Failure(hostile, { details: [hostile, hostile], hint: hostile })),
      4,
    ],
  ] as const)('%s', (_name, act, lines) => {
    const { said, output } = record(false);
    act(output);
    const all = said.out + said.err;
    expectInert(all);
    expect(all.split('\n')).toHaveLength(lines + 1);
    expect(all).not.toMatch(/^sally: approved/m);
  });

  test('JSON: inert, and still the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), anyText, (value, text) => {
        const json = inertJson({ value, [text]: text });
        expectInert(json);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ value, [text]: text })));
      }),
    );
    expectInert(inertJson({ hostile }));
  });

  test('YAML: inert, and still the same documents', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ name: anyText, spec: fc.dictionary(anyText, anyText) })), (values) => {
        const yaml = inertYaml(values);
        expectInert(yaml);
        expect(parseAllDocuments(yaml).flatMap((document) => (values.length > 0 ? [document.toJS()] : []))).toEqual(
          values,
        );
      }),
    );
    expectInert(inertYaml([{ hostile, [hostile]: `${hostile}\n${hostile}` }]));
  });
});

test('a failure for programs is one JSON document on standard error', () => {
  const { said, output } = record(true);
  output.failure(new Failure('no', { hint: 'try', code: 'conflict', exitCode: 1 }));
  expect(said.out).toBe('');
  expect(JSON.parse(said.err)).toEqual({ error: { message: 'no', hint: 'try', code: 'conflict', exitCode: 1 } });
});

test('columns are as wide as what is seen of their cells', () => {
  expect(
    tableLines(
      ['a', 'b'],
      [
        ['\t', 'x'],
        ['long', 'y'],
      ],
    ),
  ).toEqual(['A     B', '\\t    x', 'long  y']);
});

test('texts are shortened to one line', () => {
  expect([shorten('a\n  b', 10), shorten('abcdef', 4)]).toEqual(['a b', 'abc…']);
});
