import { refuse as refusal } from '@sallyport/kernel';
import type { Parameter } from '@sallyport/kernel';
import { readBind, readExecute, readNamed, readParse } from '../message/frontend.js';
import type { Complaint } from '../message/refusal.js';
import { describePortal } from '../message/write.js';
import { changesOf } from './changes.js';
import { absent, madeBySql, malformed, misread, notText, tooManyPortals } from './complaints.js';
import { weightOf } from './exchange.js';
import type { Exchange } from './exchange.js';
import { newRun } from './ledger.js';
import type { Portal } from './ledger.js';
import type { Names } from './names.js';
import type { Requesting } from './requesting.js';

/** Statements and portals by name: read, bound, described, run and closed, message by message. */
export class ExtendedQuery {
  constructor(private readonly requesting: Requesting) {}

  parse(frame: Uint8Array): void {
    const { exchange, held, ask, refuse } = this.requesting;
    const { statements, context } = exchange;
    const parsed = readParse(frame);
    if (parsed === undefined) return refuse(malformed('Parse'), false);
    const { text, types, statement: name } = parsed;
    if (text === undefined) return refuse(notText, false);
    const full = statements.size >= context.limits.statements && !statements.has(name);
    if (full || statements.weight + weightOf({ text, types }) > context.limits.clientMessage)
      return refuse({ refusal: refusal('limit_exceeded', 'too many prepared statements') }, false);
    const drift = misread(exchange.state);
    if (drift) return refuse(drift, false);
    ask(
      { phase: 'prepare', form: 'extended', text, parameters: [] },
      (_id, { permit, mask }) => {
        const change = statements.change(name, { text, types, mask, doubtful: false }, exchange.epoch);
        exchange.named('statement', name);
        held.add(frame, permit, { kind: 'parse', change, mask });
      },
      name === '',
    );
  }

  bind(frame: Uint8Array): void {
    const { exchange, held, refuse, wait } = this.requesting;
    const { portals, context } = exchange;
    const parsed = readBind(frame);
    if (parsed === undefined) return refuse(malformed('Bind'), false);
    const statement = exchange.statement(parsed.statement);
    if (statement === 'unsure') return wait(frame);
    if (statement === undefined) return refuse(unknownName(exchange, 'statement', parsed.statement), false);
    const keep = parsed.portal !== '';
    const parameters: Parameter[] = parsed.parameters.map(({ value, format }, index) => ({
      type: statement.types[index] ?? 0,
      format,
      // A named portal may live long: it keeps its values, not the chunk that they came in.
      value: keep && value ? value.slice() : value,
    }));
    const full = portals.size >= context.limits.portals && !portals.has(parsed.portal);
    const heavy = portals.weight + frame.length > context.limits.clientMessage * 2;
    // What is under way gets lighter with every answer.
    if (heavy && exchange.ledger.length > 0) {
      exchange.urge();
      return wait(frame);
    }
    if (full || heavy) return refuse(tooManyPortals, false);
    const portal: Portal = { statement, parameters, describing: undefined, description: undefined };
    const change = portals.change(parsed.portal, portal, exchange.epoch);
    exchange.named('portal', parsed.portal);
    held.add(frame, exchange.permit, { kind: 'bind', change, mask: statement.mask });
  }

  describe(frame: Uint8Array): void {
    const { exchange, held, refuse, wait } = this.requesting;
    const named = readNamed(frame);
    if (named === undefined) return refuse(malformed('Describe'), false);
    const found = named.of === 'portal' ? exchange.portal(named.name) : exchange.statement(named.name);
    if (found === 'unsure') return wait(frame);
    if (found === undefined && named.name === '') return refuse(absent(named.of, ''), false);
    if (found === undefined) {
      // What SQL declared or prepared is only known to the target. Nothing of a description was not decided with its text.
      const typesCame = named.of === 'portal';
      return held.add(frame, exchange.permit, {
        kind: 'describe',
        portal: undefined,
        mask: undefined,
        own: false,
        typesCame,
      });
    }
    const portal = 'statement' in found ? found : undefined;
    const { mask } = 'statement' in found ? found.statement : found;
    if (portal) portal.describing = exchange.epoch;
    held.add(frame, exchange.permit, { kind: 'describe', portal, mask, own: false, typesCame: false });
  }

  close(frame: Uint8Array): void {
    const { exchange, held, refuse } = this.requesting;
    const named = readNamed(frame);
    if (named === undefined) return refuse(malformed('Close'), false);
    const { statements, portals, epoch } = exchange;
    exchange.named(named.of, named.name);
    const gone = <T>(names: Names<T>) =>
      names.has(named.name) ? names.change(named.name, undefined, epoch) : undefined;
    const entry =
      named.of === 'statement'
        ? ({ kind: 'close', statement: gone(statements), portal: undefined } as const)
        : ({ kind: 'close', statement: undefined, portal: gone(portals) } as const);
    held.add(frame, exchange.permit, entry);
  }

  execute(frame: Uint8Array): void {
    const { exchange, held, ask, refuse, wait } = this.requesting;
    const parsed = readExecute(frame);
    if (parsed === undefined) return refuse(malformed('Execute'), false);
    const portal = exchange.portal(parsed.portal);
    if (portal === 'unsure') return wait(frame);
    if (portal === undefined) return refuse(unknownName(exchange, 'portal', parsed.portal), false);
    const drift = misread(exchange.state);
    if (drift) return refuse(drift, false);
    const { text } = portal.statement;
    const question = { phase: 'run', form: 'extended', text, parameters: portal.parameters } as const;
    const whole = parsed.limit === 0;
    ask({ ...question, whole }, (id, { permit, mask, limit, intake }) => {
      if (mask && portal.description === undefined && portal.describing !== exchange.epoch) {
        // Rows come without a description here, and what cannot be told apart cannot be masked: so it is asked for.
        portal.describing = exchange.epoch;
        const entry = { kind: 'describe', portal, mask, own: true, typesCame: false } as const;
        held.add(describePortal(parsed.portal), exchange.permit, entry);
      }
      const changes = changesOf(text);
      const run = newRun({ form: 'extended', id, permit, mask, limit, intake, portal, ...changes });
      exchange.drifts ||= run.drifts;
      held.add(frame, permit, run);
      held.release();
      exchange.runs += 1;
    });
  }
}

const unknownName = (exchange: Exchange, of: 'statement' | 'portal', name: string): Complaint =>
  exchange.madeBySql[of].has(name) ? madeBySql(of, name) : absent(of, name);
