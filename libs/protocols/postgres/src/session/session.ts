import { refuse } from '@sallyport/kernel';
import type {
  AnswerMask,
  DialOutcome,
  Notice,
  Permit,
  QuestionId,
  Refusal,
  Session,
  SessionContext,
  Side,
  Step,
  TargetGreeting,
  Verdict,
} from '@sallyport/kernel';
import { errorResponse } from '../message/refusal.js';
import type { Complaint } from '../message/refusal.js';
import { protocolVersion } from '../message/type.js';
import { authenticationOk, backendKeyData, parameterStatus, readyForQuery } from '../message/write.js';
import type { Startup } from '../startup/packet.js';
import { Answers } from './answers.js';
import { Entrance } from './entrance.js';
import { Exchange } from './exchange.js';
import { Requests } from './requests.js';

/** Where the conversation is. It only ever goes forward. */
type Phase =
  | { readonly kind: 'entrance' }
  | { readonly kind: 'login'; readonly id: QuestionId; readonly startup: Startup }
  | { readonly kind: 'cancel'; readonly id: QuestionId }
  | {
      readonly kind: 'dialing';
      readonly startup: Startup;
      readonly permit: Permit;
      readonly mask: AnswerMask | undefined;
    }
  | { readonly kind: 'talk'; readonly exchange: Exchange; readonly requests: Requests; readonly answers: Answers }
  | { readonly kind: 'closed' };

/** One client's PostgreSQL conversation. */
export class PostgresSession implements Session {
  private phase: Phase = { kind: 'entrance' };
  private readonly entrance: Entrance;
  private ids = 0;
  /** Sent while the login is being decided. */
  private early: Uint8Array[] = [];
  private earlyBytes = 0;
  private clientEnded = false;

  constructor(private readonly context: SessionContext) {
    this.entrance = new Entrance(context);
  }

  get stalled(): boolean {
    return this.phase.kind === 'talk' && this.phase.requests.stalled;
  }

  feed(side: Side, bytes: Uint8Array): readonly Step[] {
    const { phase } = this;
    if (bytes.length === 0) return [];
    if (phase.kind === 'talk') {
      if (side === 'client') phase.requests.feed(bytes);
      else {
        phase.answers.feed(bytes);
        phase.requests.resume();
      }
      return this.over(phase.exchange);
    }
    if (side === 'target') return [];
    switch (phase.kind) {
      case 'entrance':
        return this.enter(bytes);
      case 'login':
      case 'dialing':
        this.early.push(bytes);
        this.earlyBytes += bytes.length;
        if (this.earlyBytes <= this.context.limits.heldBytes) return [];
        return this.refuse({ refusal: refuse('limit_exceeded', 'too much was sent before the login was decided') });
      case 'cancel':
      case 'closed':
        return [];
    }
  }

  answer(id: QuestionId, verdict: Verdict): readonly Step[] {
    const { phase } = this;
    if (phase.kind === 'talk') {
      phase.requests.answer(id, verdict);
      return this.over(phase.exchange);
    }
    if (phase.kind === 'cancel' && phase.id === id) return this.close([], 'finished');
    if (phase.kind !== 'login' || phase.id !== id) return [];
    if (verdict.kind === 'deny') return this.refuse({ refusal: verdict.refusal });
    this.phase = { kind: 'dialing', startup: phase.startup, permit: verdict.permit, mask: verdict.mask };
    return [{ kind: 'dial', permit: verdict.permit }];
  }

  inform(id: QuestionId, notice: Notice): readonly Step[] {
    const { phase } = this;
    if (phase.kind !== 'talk') return [];
    phase.requests.inform(id, notice);
    return this.over(phase.exchange);
  }

  secured(alpn: string | undefined): readonly Step[] {
    if (this.phase.kind !== 'entrance') return [];
    const steps: Step[] = [];
    this.entrance.secured(alpn, steps);
    return this.noticing(steps);
  }

  dialed(outcome: DialOutcome): readonly Step[] {
    const { phase } = this;
    if (phase.kind !== 'dialing') return [];
    if (outcome.kind === 'refused') return this.refuse({ refusal: outcome.refusal });
    const { startup, permit, mask } = phase;
    const exchange = new Exchange(this.context, startup.database, permit, mask);
    const requests = new Requests(exchange, () => this.nextId());
    const answers = new Answers(exchange);
    this.phase = { kind: 'talk', exchange, requests, answers };
    const steps = this.welcome(startup, exchange, outcome.greeting);
    if (outcome.greeting.trailing.length > 0) answers.feed(outcome.greeting.trailing);
    for (const bytes of this.early) requests.feed(bytes);
    this.early = [];
    return [...steps, ...this.over(exchange)];
  }

  end(side: Side): readonly Step[] {
    const { phase } = this;
    if (phase.kind === 'closed') return [];
    if (phase.kind !== 'talk') return this.close([], side === 'client' ? 'client_left' : 'target_left');
    const { exchange, requests } = phase;
    if (side === 'client') this.clientLeft(exchange, requests);
    else if (exchange.draining) exchange.close('finished');
    else exchange.fatal({ refusal: refuse('target_unavailable', 'the target closed the connection') }, 'target_left');
    return this.over(exchange);
  }

  stopped(): readonly Step[] {
    const { phase } = this;
    if (phase.kind !== 'talk') return [];
    phase.requests.stopped();
    return this.over(phase.exchange);
  }

  /** One that will say no more may still listen: what it sent is answered first, as a server does. Told again, it is gone. */
  private clientLeft(exchange: Exchange, requests: Requests): void {
    const listens = !this.clientEnded;
    this.clientEnded = true;
    if (!listens || !requests.finish()) exchange.close(exchange.draining ? 'finished' : 'client_left');
  }

  terminate(refusal: Refusal): readonly Step[] {
    const { phase } = this;
    if (phase.kind === 'closed') return [];
    if (phase.kind === 'talk') {
      phase.exchange.fatal({ refusal }, 'refused');
      return this.over(phase.exchange);
    }
    return this.entrance.waitsForTls ? this.close([], 'refused') : this.refuse({ refusal });
  }

  private enter(bytes: Uint8Array): readonly Step[] {
    const steps: Step[] = [];
    const arrival = this.entrance.feed(bytes, steps);
    if (arrival === undefined) return this.noticing(steps);
    const id = this.nextId();
    if (arrival.kind === 'cancel') {
      this.phase = { kind: 'cancel', id };
      steps.push({ kind: 'ask', id, question: { kind: 'cancel', key: arrival.key } });
      return steps;
    }
    const { startup, credential } = arrival;
    this.phase = { kind: 'login', id, startup };
    const { user: connection, database, parameters, hold } = startup;
    const asked = { kind: 'login', connection, credential, database, parameters } as const;
    steps.push({ kind: 'ask', id, question: hold === undefined ? asked : { ...asked, hold } });
    const { rest } = this.entrance;
    if (rest.length > 0) steps.push(...this.feed('client', rest));
    return steps;
  }

  /** As a server greets: let in, what it is set to, how to cancel, and ready. */
  private welcome(startup: Startup, exchange: Exchange, greeting: TargetGreeting): Step[] {
    // Our own key: a process number that says nothing and a secret, longer where the version allows it.
    const key = this.context.random(4 + (startup.version >= protocolVersion.newest ? 32 : 4));
    const steps: Step[] = [{ kind: 'cancellable', key }];
    exchange.output.inject(authenticationOk());
    exchange.begunWith = new Map(Object.entries(greeting.parameters));
    for (const [name, value] of exchange.begunWith) {
      exchange.setParameter(name, value);
      exchange.output.inject(parameterStatus(name, value));
    }
    exchange.output.inject(backendKeyData(key));
    exchange.setTransaction(greeting.transaction);
    exchange.output.inject(readyForQuery(greeting.transaction));
    return steps;
  }

  private nextId(): QuestionId {
    this.ids += 1;
    return this.ids;
  }

  private over(exchange: Exchange): readonly Step[] {
    if (exchange.draining && exchange.ledger.length === 0) exchange.close('finished');
    const steps = exchange.finish();
    if (exchange.closed) this.phase = { kind: 'closed' };
    return steps;
  }
  private noticing(steps: Step[]): readonly Step[] {
    if (steps.at(-1)?.kind === 'close') this.phase = { kind: 'closed' };
    return steps;
  }
  private refuse(complaint: Complaint): readonly Step[] {
    return this.close([{ kind: 'toClient', bytes: errorResponse('FATAL', complaint) }], 'refused');
  }
  private close(steps: Step[], cause: Extract<Step, { kind: 'close' }>['cause']): readonly Step[] {
    this.phase = { kind: 'closed' };
    this.early = [];
    return [...steps, { kind: 'close', cause }];
  }
}
