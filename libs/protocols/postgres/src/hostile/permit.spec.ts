import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Permit, Verdict } from '@sallyport/kernel';
import {
  allow,
  complete,
  deny,
  describeRow,
  failure,
  from,
  join,
  lettersOf,
  ready,
  Rig,
  row,
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

/** A little server that answers as PostgreSQL does: in order, skipping to Sync after an error. */
class Server {
  private skipping = false;
  readonly ran: string[] = [];
  private readonly statements = new Map<string, string>();
  private readonly portals = new Map<string, string>();

  hear(stream: Uint8Array): Uint8Array[] {
    const answers: Uint8Array[] = [];
    const view = Buffer.from(stream);
    for (let at = 0; at < view.length;) {
      const end = at + 1 + view.readInt32BE(at + 1);
      answers.push(...this.answer(String.fromCharCode(view[at] ?? 0), view.subarray(at + 5, end)));
      at = end;
    }
    return answers;
  }

  private answer(type: string, body: Buffer): Uint8Array[] {
    if (type === 'S') {
      this.skipping = false;
      this.portals.clear();
      return [ready()];
    }
    if (this.skipping) return [];
    const [first = '', second = ''] = body.toString('latin1').split('\0');
    switch (type) {
      case 'Q':
        this.ran.push(first);
        return [...this.run(first, true), ready()];
      case 'P':
        if (first !== '' && this.statements.has(first)) return this.fail('42P05');
        if (second.includes('bad')) return this.fail('42601');
        this.statements.set(first, second);
        return [from('1')];
      case 'B': {
        const statement = this.statements.get(second);
        if (statement === undefined) return this.fail('26000');
        if (first !== '' && this.portals.has(first)) return this.fail('42P03');
        this.portals.set(first, statement);
        return [from('2')];
      }
      case 'D':
        if (first.startsWith('S'))
          return this.statements.has(first.slice(1)) ? [from('t', [0, 0]), from('n')] : this.fail('26000');
        return this.portals.has(first.slice(1)) ? [from('n')] : this.fail('34000');
      case 'C':
        (first.startsWith('S') ? this.statements : this.portals).delete(first.slice(1));
        return [from('3')];
      case 'E': {
        const statement = this.portals.get(first);
        if (statement === undefined) return this.fail('34000');
        this.ran.push(statement);
        return this.run(statement, false);
      }
      default:
        return [];
    }
  }
  private run(sql: string, simple: boolean): Uint8Array[] {
    if (sql.includes('fails')) return simple ? [failure('22012')] : this.fail('22012');
    return simple ? [describeRow({ name: 'a' }), row('1'), complete('SELECT 1')] : [row('1'), complete('SELECT 1')];
  }
  private fail(code: string): Uint8Array[] {
    this.skipping = true;
    return [failure(code)];
  }
}

const sql = fc.constantFrom('select 1', 'select 2', 'deny me', 'bad', 'fails', 'hold me');
const name = fc.constantFrom('', 'a', 'b');
const act = fc.oneof(
  sql.map((text) => encodeQuery(text)),
  fc.tuple(sql, name).map(([text, statement]) => encodeParse(text, statement)),
  fc.tuple(name, name).map(([portal, statement]) => encodeBind({ portal, statement })),
  fc.tuple(fc.constantFrom('statement', 'portal'), name).map(([of, which]) => encodeDescribe(of, which)),
  fc.tuple(fc.constantFrom('statement', 'portal'), name).map(([of, which]) => encodeClose(of, which)),
  name.map((portal) => encodeExecute(portal)),
  fc.constant(encodeFlush()),
  fc.constant(encodeSync()),
);
const event = fc.oneof(
  { weight: 4, arbitrary: act.map((bytes) => ({ kind: 'client', bytes }) as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'target' } as const) },
  { weight: 1, arbitrary: fc.boolean().map((yes) => ({ kind: 'verdict', yes }) as const) },
);

describe('no permit, no byte: over random histories', () => {
  test('what the target runs is exactly what was allowed, in order, and every answer is accounted for', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.boolean(), (events, prompt) => {
        const given = new Set<Permit>();
        const allowed: string[] = [];
        const server = new Server();
        const grant = (text: string | undefined): Verdict => {
          const verdict = allow();
          if (verdict.kind === 'allow') given.add(verdict.permit);
          if (text !== undefined) allowed.push(text);
          return verdict;
        };
        let waiting = '';
        const rig = new Rig(({ text, phase }) => {
          if (text === 'deny me' && phase === 'run') return deny();
          if (text === 'hold me' && phase === 'run') {
            waiting = text;
            return 'hold';
          }
          return grant(phase === 'run' ? text : undefined);
        }).begin();
        let heard = 0;
        let pending: Uint8Array[] = [];
        const serve = (): void => {
          // Until nothing more goes to and fro.
          for (;;) {
            const stream = rig.toTarget;
            pending.push(...server.hear(stream.subarray(heard)));
            heard = stream.length;
            if (pending.length === 0) return;
            const answers = pending;
            pending = [];
            rig.feed('target', ...answers);
          }
        };
        const settle = (yes: boolean): void => {
          if (rig.open !== undefined) rig.verdict(yes ? grant(waiting) : deny());
        };
        for (const next of events) {
          if (next.kind === 'client') rig.client(next.bytes);
          else if (next.kind === 'target') serve();
          else settle(next.yes);
          if (prompt) serve();
        }
        // A good client ends its stretch and waits.
        settle(true);
        serve();
        settle(true);
        rig.client(encodeSync());
        for (let round = 0; round < 50; round += 1) {
          serve();
          settle(true);
        }
        expect(rig.closed).toBeUndefined();
        for (const step of rig.steps)
          if (step.kind === 'toTarget') expect(given.has(step.permit) || step.permit.scope === 'login').toBe(true);
        const outcomes = rig.outcomes;
        expect(outcomes).toHaveLength(allowed.length);
        expect(new Set(outcomes.map(({ question }) => question)).size).toBe(outcomes.length);
        // Whatever ran had been allowed under its very text, in that order.
        let from = 0;
        for (const text of server.ran) {
          const at = allowed.indexOf(text, from);
          expect([text, at >= from]).toEqual([text, true]);
          from = at + 1;
        }
        expect(server.ran).not.toContain('deny me');
        expect(rig.heard.endsWith('Z(idle)')).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  test('the bytes of allowed messages are the bytes the target gets', () => {
    fc.assert(
      fc.property(
        fc.array(
          sql.filter((text) => text !== 'hold me'),
          { maxLength: 10 },
        ),
        fc.nat(200),
        (texts, at) => {
          const rig = new Rig(({ text }) => (text === 'deny me' ? deny() : allow())).begin();
          const stream = join(...texts.map((text) => encodeQuery(text)));
          rig.client(stream.slice(0, at)).client(stream.slice(at));
          const server = new Server();
          rig.feed('target', ...server.hear(rig.toTarget));
          expect(rig.toTarget).toEqual(
            join(...texts.filter((text) => text !== 'deny me').map((text) => encodeQuery(text))),
          );
          expect(lettersOf(rig.toTarget)).toMatch(/^Q*$/);
        },
      ),
      { numRuns: 200 },
    );
  });
});
