import { setTimeout as delay } from 'node:timers/promises';
import { loginRefusal, splitToken, tokenLimits } from '@sallyport/identity';
import type { ProvedIdentity } from '@sallyport/identity';
import { clip } from '@sallyport/audit';
import type { AnswerMask, LoginQuestion, Permit, Refusal, Verdict } from '@sallyport/kernel';
import { mintLoginPermit } from '@sallyport/policy';
import { watchToken } from './caller.js';
import type { CallerWatch } from './caller.js';
import { createDesk } from './desk.js';
import type { DeskNow } from './desk.js';
import type { Gate } from './gate.js';
import type { InForce } from './in-force.js';
import { watchOwnToken } from './own-caller.js';
import type { Recorder } from './record.js';

/** A caller who proved who it is, in front of the database that it named. */
export interface Admitted {
  readonly connection: string;
  readonly database: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** As the client asked for it. */
  readonly hold: number | undefined;
  readonly permit: Permit;
  /** For what the target says unasked. */
  readonly mask: AnswerMask | undefined;
  readonly desk: (now: number) => DeskNow;
}

export type Proof =
  | { readonly kind: 'known'; readonly watch: CallerWatch }
  | {
      readonly kind: 'refused';
      readonly cause: string;
      readonly claimed: { readonly issuer: string; readonly subject: string } | undefined;
      readonly proved?: ProvedIdentity;
    };

/** How a caller proves who it is. */
export type Prove = (question: LoginQuestion, inForce: InForce, now: number) => Promise<Proof>;

export const proveByToken: Prove = async (question, inForce, now) => {
  const { credential } = question;
  const parts = credential.length > tokenLimits.token ? undefined : splitToken(credential);
  const { issuer } = inForce.identity.own;
  if (parts !== undefined && issuer !== '' && parts.payload['iss'] === issuer) {
    const { sub } = parts.payload;
    const own = await inForce.ownVerifier.verify(credential, parts, now);
    if (typeof own !== 'string') return { kind: 'known', watch: watchOwnToken(own) };
    return { kind: 'refused', cause: own, claimed: { issuer, subject: typeof sub === 'string' ? sub : '' } };
  }
  const verified = await inForce.verifier.verifyToken(credential, { now, parts });
  return verified.kind === 'verified' ? { kind: 'known', watch: watchToken(verified) } : verified;
};

export interface LoginInput {
  readonly gate: Gate;
  readonly recorder: Recorder;
  readonly protocol: string;
  readonly clientAddress: string;
  readonly prove: Prove;
}

export type LoginOutcome =
  { readonly kind: 'admitted'; readonly admitted: Admitted } | { readonly kind: 'refused'; readonly verdict: Verdict };

/** Every refusal takes at least this long, so that its time does not tell what was wrong. */
const refusalTime = 250;

/** Refused alike for every cause; the auditor reads which one it was. */
export const login = async (question: LoginQuestion, input: LoginInput): Promise<LoginOutcome> => {
  const { gate, recorder, protocol, clientAddress, prove } = input;
  const started = gate.clock.monotonic();
  const connection = clip(question.connection, 256);

  const refused = async (
    cause: string,
    of: Partial<Pick<Extract<Proof, { kind: 'refused' }>, 'claimed' | 'proved'>> = {},
    refusal: Refusal = loginRefusal,
  ): Promise<LoginOutcome> => {
    const database = clip(question.database, 256);
    const { claimed, proved } = of;
    recorder.record({
      type: 'login.refused',
      connection,
      database,
      clientAddress,
      cause: clip(cause, 1024),
      claimed: claimed && { issuer: clip(claimed.issuer, 256), subject: clip(claimed.subject, 256) },
      ...(proved === undefined ? {} : { proved }),
    });
    gate.log.info({ connection, clientAddress, cause }, 'login refused');
    await delay(Math.max(0, refusalTime - (gate.clock.monotonic() - started)));
    return { kind: 'refused', verdict: { kind: 'deny', refusal } };
  };

  // Not the caller's doing, and it tells nothing about anybody.
  const { unfit, current } = gate.configuration;
  if (unfit !== undefined || current === undefined) return refused(unfit?.code ?? 'no_bundle', {}, unfit);

  const proof = await prove(question, current, gate.clock.now());
  if (proof.kind === 'refused') return refused(proof.cause, proof);

  const chunk = current.connection(question.connection);
  if (chunk === undefined) return refused('unknown_connection');
  if (chunk.protocol !== protocol) return refused('wrong_protocol');
  // A client that names no database sends its user name, which is the connection here.
  const named = question.database === '' || question.database === question.connection;
  const database = named && !chunk.databases.includes(question.database) ? chunk.database : question.database;
  const desk = createDesk({
    configuration: gate.configuration,
    watch: proof.watch,
    connection: chunk.name,
    database,
    columnsOf: gate.statements.columnsOf,
  });
  const now = gate.clock.now();
  const at = desk(now);
  if (at.kind === 'refused') return refused(at.cause);
  const decision = at.decider.connect({ now, database });
  if (decision.kind !== 'allow') return refused(`${decision.kind}: ${decision.reason}`);
  return {
    kind: 'admitted',
    admitted: {
      connection: chunk.name,
      database,
      parameters: question.parameters,
      hold: question.hold,
      permit: mintLoginPermit(decision),
      mask: at.masks.of({ statements: [] }, '', { now, database }),
      desk,
    },
  };
};
