import { isObject } from '../json.js';
import { NotCompiled } from './closure.js';
import type { Expression } from './closure.js';
import { conversions, durationSince, offset, parseDatetime, parseDuration, toDate, toTime } from './time.js';
import type { TimeValue, Value } from './value.js';

/** Cedar's extension functions, as far as times go; `ip` and `decimal` are left to cedar-wasm. */
export const callOf = (name: string, body: readonly unknown[], compile: (json: unknown) => Expression): Expression => {
  if (name === 'datetime' || name === 'duration') return timeLiteral(name, body);
  const [subject, argument, ...rest] = body.map(compile);
  const expected = methods.get(name);
  if (!expected || !subject || rest.length > 0 || (argument !== undefined) !== expected.argument) {
    throw new NotCompiled(`unknown function ${name}`);
  }
  return (scene) => {
    const value = timeOf(subject(scene), expected.on);
    if (!value) return undefined;
    if (!argument) return expected.compute(value, value);
    const second = timeOf(argument(scene), name === 'offset' ? 'duration' : 'datetime');
    return second ? expected.compute(value, second) : undefined;
  };
};

const timeOf = (value: Value | undefined, kind: TimeValue['kind']): TimeValue | undefined =>
  typeof value === 'object' && value.kind === kind ? value : undefined;

/** Parsed once; a text that is no time is an error each time that it is evaluated, as in Cedar. */
const timeLiteral = (name: 'datetime' | 'duration', body: readonly unknown[]): Expression => {
  const text = isObject(body[0]) ? body[0]['Value'] : undefined;
  if (body.length !== 1 || typeof text !== 'string') throw new NotCompiled(`${name} of something computed`);
  const value = name === 'datetime' ? parseDatetime(text) : parseDuration(text);
  return () => value;
};

interface Method {
  readonly on: TimeValue['kind'];
  readonly argument: boolean;
  readonly compute: (subject: TimeValue, argument: TimeValue) => Value | undefined;
}

const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['toTime', { on: 'datetime', argument: false, compute: (at) => toTime(at) }],
  ['toDate', { on: 'datetime', argument: false, compute: (at) => toDate(at) }],
  ['offset', { on: 'datetime', argument: true, compute: offset }],
  ['durationSince', { on: 'datetime', argument: true, compute: durationSince }],
  ...[...conversions].map(([name, unit]): [string, Method] => [
    name,
    { on: 'duration', argument: false, compute: (length) => length.ms / unit },
  ]),
]);
