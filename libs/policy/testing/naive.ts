import type { CedarValueJson, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import type { EngineRequest } from '../src/cedar/engine.js';

/**
 * Cedar on one screen, slow and plain, written from the language's specification and not from the compiler: throws where
 * Cedar errs. The compiled closures are fuzzed against it and against cedar-wasm.
 */
type Json = Record<string, unknown>;
type Val =
  | boolean
  | bigint
  | string
  | TypeAndId
  | { set: Val[] }
  | { record: Map<string, Val> }
  | { time: 'datetime' | 'duration'; ms: bigint };

class Err extends Error {}
const fail = (): never => {
  throw new Err();
};
const uid = (json: unknown): TypeAndId => {
  const inner = ((json as Json)['__entity'] ?? json) as TypeAndId;
  return { type: inner.type, id: inner.id };
};
const show = (value: Val): string => {
  if (typeof value !== 'object') return `${typeof value} ${String(value)}`;
  if ('set' in value) return `{${[...new Set(value.set.map(show))].sort().join(',')}}`;
  if ('record' in value)
    return `<${[...value.record]
      .map(([k, v]) => `${JSON.stringify(k)}:${show(v)}`)
      .sort()
      .join(',')}>`;
  return 'ms' in value ? `${value.time} ${value.ms}` : `entity ${JSON.stringify([value.type, value.id])}`;
};
const same = (a: Val, b: Val): boolean => show(a) === show(b);
const bool = (v: Val): boolean => (typeof v === 'boolean' ? v : fail());
const num = (v: Val): bigint => (typeof v === 'bigint' ? v : fail());
const str = (v: Val): string => (typeof v === 'string' ? v : fail());
const set = (v: Val): Val[] => (typeof v === 'object' && 'set' in v ? v.set : fail());
const ent = (v: Val): TypeAndId => (typeof v === 'object' && 'type' in v ? v : fail());
const time = (v: Val, kind: 'datetime' | 'duration'): bigint =>
  typeof v === 'object' && 'ms' in v && v.time === kind ? v.ms : fail();
const fit = (n: bigint): bigint => (BigInt.asIntN(64, n) === n ? n : fail());

export const naiveOutcome = (policy: Json, q: EngineRequest): 'satisfied' | 'unsatisfied' | 'error' => {
  const find = (e: TypeAndId): EntityJson | undefined =>
    q.entities.find(({ uid: u }) => uid(u).type === e.type && uid(u).id === e.id);
  const isIn = (e: TypeAndId, up: TypeAndId): boolean =>
    same(e, up) || (find(e)?.parents.some((parent) => isIn(uid(parent), up)) ?? false);
  const load = (json: CedarValueJson): Val => {
    if (typeof json === 'boolean' || typeof json === 'string') return json;
    if (typeof json === 'number') return BigInt(json);
    if (Array.isArray(json)) return { set: json.map(load) };
    if (json === null) return fail();
    if ('__entity' in json) return uid(json);
    if ('__extn' in json) {
      const { fn, arg } = json['__extn'] as { fn: string; arg: string };
      return fn === 'datetime'
        ? { time: 'datetime', ms: BigInt(Date.parse(arg)) }
        : { time: 'duration', ms: BigInt(arg.replace('ms', '')) };
    }
    return { record: new Map(Object.entries(json).map(([k, v]) => [k, load(v as CedarValueJson)])) };
  };
  const attr = (v: Val, name: string): Val | undefined => {
    if (typeof v === 'object' && 'record' in v) return v.record.get(name);
    const attrs = find(ent(v))?.attrs;
    return attrs && Object.hasOwn(attrs, name) ? load(attrs[name] as CedarValueJson) : undefined;
  };
  const inside = (l: Val, r: Val): boolean => {
    // Also where there is nothing to be in.
    const self = ent(l);
    return typeof r === 'object' && 'set' in r ? r.set.map(ent).some((e) => isIn(self, e)) : isIn(self, ent(r));
  };
  const compare = (l: Val, r: Val): bigint => {
    if (typeof l === 'bigint') return l - num(r);
    return typeof l === 'object' && 'ms' in l ? l.ms - time(r, l.time) : fail();
  };
  const ev = (json: unknown): Val => {
    const [op = '', body] = Object.entries(json as Json)[0] ?? [];
    const b = body as Json;
    const l = (): Val => ev(b['left']);
    const r = (): Val => ev(b['right']);
    const both = <T>(use: (left: Val, right: Val) => T): T => {
      const left = l();
      return use(left, r());
    };
    switch (op) {
      case 'Value':
        return load(body as CedarValueJson);
      case 'Var':
        return body === 'context' ? load(q.context as CedarValueJson) : uid(q[body as 'principal']);
      case 'Set':
        return { set: (body as unknown[]).map(ev) };
      case 'Record':
        return { record: new Map(Object.entries(b).map(([k, v]) => [k, ev(v)])) };
      case '!':
        return !bool(ev(b['arg']));
      case 'neg':
        return fit(-num(ev(b['arg'])));
      case 'isEmpty':
        return set(ev(b['arg'])).length === 0;
      case '&&':
        return bool(l()) ? bool(r()) : false;
      case '||':
        return bool(l()) ? true : bool(r());
      case 'if-then-else':
        return bool(ev(b['if'])) ? ev(b['then']) : ev(b['else']);
      case '==':
        return both(same);
      case '!=':
        return !both(same);
      case '<':
        return both(compare) < 0n;
      case '<=':
        return both(compare) <= 0n;
      case '>':
        return both(compare) > 0n;
      case '>=':
        return both(compare) >= 0n;
      case '+':
        return both((x, y) => fit(num(x) + num(y)));
      case '-':
        return both((x, y) => fit(num(x) - num(y)));
      case '*':
        return both((x, y) => fit(num(x) * num(y)));
      case 'in':
        return both(inside);
      case 'is':
        return ent(l()).type === b['entity_type'] && (b['in'] === undefined || inside(l(), ev(b['in'])));
      case 'contains':
        return both((x, y) => set(x).some((item) => same(item, y)));
      case 'containsAll':
        return both((x, y) => set(y).every((want) => set(x).some((item) => same(item, want))));
      case 'containsAny':
        return both((x, y) => set(y).some((want) => set(x).some((item) => same(item, want))));
      case '.':
        return attr(l(), b['attr'] as string) ?? fail();
      case 'has': {
        let at: Val | undefined = l();
        for (const name of [b['attr']].flat() as string[]) if (at !== undefined) at = attr(at, name);
        return at !== undefined;
      }
      case 'like': {
        const source = (b['pattern'] as (string | { Literal: string })[]).map((p) =>
          typeof p === 'string' ? '[^]*' : p.Literal.replace(/[^\w]/gu, '\\$&'),
        );
        return new RegExp(`^${source.join('')}$`).test(str(l()));
      }
      case 'datetime': {
        const text = str(ev((body as unknown[])[0]));
        const iso =
          /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]([01]\d|2[0-3])[0-5]\d))?$/.test(text) &&
          !/T24|:60/.test(text);
        const ms = iso
          ? Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, (_, h, m) => (text.includes('T') ? `${h}:${m}` : `${h}${m}`)))
          : NaN;
        const [y, m, d] = text.slice(0, 10).split('-').map(Number);
        const real = new Date(0);
        real.setUTCFullYear(y ?? NaN, (m ?? NaN) - 1, d ?? NaN);
        return Number.isNaN(ms) || real.getUTCDate() !== d ? fail() : { time: 'datetime', ms: BigInt(ms) };
      }
      case 'duration': {
        const found = /^(-?)(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/.exec(str(ev((body as unknown[])[0])));
        if (!found || found.slice(2).every((part) => part === undefined)) return fail();
        const units = [86_400_000n, 3_600_000n, 60_000n, 1000n, 1n];
        const total = found
          .slice(2)
          .reduce((sum, part, i) => sum + BigInt(/^\d+/.exec(part ?? '0')?.[0] ?? '0') * (units[i] ?? 0n), 0n);
        return { time: 'duration', ms: fit(found[1] === '-' ? -total : total) };
      }
    }
    const args = (body as unknown[]).map(ev);
    const [first = fail(), second = 0n] = args;
    const DAY = 86_400_000n;
    const rest = (ms: bigint): bigint => ((ms % DAY) + DAY) % DAY;
    switch (op) {
      case 'toTime':
        return { time: 'duration', ms: rest(time(first, 'datetime')) };
      case 'toDate':
        return { time: 'datetime', ms: fit(time(first, 'datetime') - rest(time(first, 'datetime'))) };
      case 'offset':
        return { time: 'datetime', ms: fit(time(first, 'datetime') + time(second, 'duration')) };
      case 'durationSince':
        return { time: 'duration', ms: fit(time(first, 'datetime') - time(second, 'datetime')) };
      case 'toMilliseconds':
        return time(first, 'duration');
      case 'toSeconds':
        return time(first, 'duration') / 1000n;
      case 'toMinutes':
        return time(first, 'duration') / 60_000n;
      case 'toHours':
        return time(first, 'duration') / 3_600_000n;
      case 'toDays':
        return time(first, 'duration') / DAY;
      default:
        throw new TypeError(`the naive evaluator does not know ${op}`);
    }
  };
  const scope = (json: Json, e: TypeAndId): boolean => {
    switch (json['op']) {
      case 'All':
        return true;
      case '==':
        return same(e, uid(json['entity']));
      case 'in':
        return [json['entities'] ?? json['entity']].flat().some((up) => isIn(e, uid(up)));
      case 'is':
        return (
          e.type === json['entity_type'] && (json['in'] === undefined || isIn(e, uid((json['in'] as Json)['entity'])))
        );
      default:
        throw new TypeError('the naive evaluator does not know this scope');
    }
  };
  try {
    for (const slot of ['principal', 'action', 'resource'] as const)
      if (!scope(policy[slot] as Json, q[slot])) return 'unsatisfied';
    for (const { kind, body } of policy['conditions'] as { kind: string; body: unknown }[]) {
      if (bool(ev(body)) !== (kind === 'when')) return 'unsatisfied';
    }
    return 'satisfied';
  } catch (cause) {
    if (cause instanceof Err) return 'error';
    throw cause;
  }
};
