import type {
  CommandQuestion,
  Note,
  OutcomeNote,
  QuestionId,
  Session,
  Step,
  TriedQuestion,
  Verdict,
} from '@sallyport/kernel';
import { bytesOf } from './play.js';
import type { ScriptEvent } from './play.js';
import { testPermit } from './permit.js';

export type Decide = (question: CommandQuestion) => Verdict | 'later';

export const allowing = (more: Omit<Extract<Verdict, { kind: 'allow' }>, 'kind' | 'permit'> = {}): Decide => {
  return () => ({ kind: 'allow', permit: testPermit('command'), ...more });
};
/** Run it, undo it, and ask with what it did. */
export const trying: Decide = () => ({
  kind: 'try',
  permit: testPermit('command'),
  order: { lockTimeout: 1_000, runTimeout: 1_000, idleTimeout: 1_000, tables: [] },
});
export const refusing: Decide = () => ({ kind: 'deny', refusal: { code: 'denied', message: 'not for you' } });

/** A session on which a scene is played, and everything that came of it. */
export class Stage {
  readonly steps: Step[] = [];
  readonly questions: { readonly id: QuestionId; readonly question: CommandQuestion; readonly at: number }[] = [];
  /** Commands that were tried, of which nobody said yet what becomes of them. */
  readonly tried: { readonly id: QuestionId; readonly question: TriedQuestion }[] = [];
  decide: Decide = allowing();
  private readonly given = new Set<unknown>();

  constructor(readonly session: Session) {}

  play(script: readonly ScriptEvent[]): this {
    for (const event of script)
      this.perform(
        event.kind === 'bytes' ? this.session.feed(event.side, event.bytes) : this.session.dialed(event.outcome),
      );
    return this;
  }
  client(bytes: Uint8Array): this {
    return this.play([{ kind: 'bytes', side: 'client', bytes }]);
  }
  answer(id: QuestionId, verdict: Verdict): this {
    if (verdict.kind !== 'deny') this.given.add(verdict.permit);
    return this.perform(this.session.answer(id, verdict));
  }
  perform(steps: readonly Step[]): this {
    for (const step of steps) {
      this.steps.push(step);
      if ((step.kind === 'toTarget' || step.kind === 'dial') && !this.given.has(step.permit))
        throw new Error('bytes for the target under a permit that nobody gave');
      if (step.kind !== 'ask') continue;
      const { id, question } = step;
      if (question.kind === 'tried') {
        this.tried.push({ id, question });
        continue;
      }
      if (question.kind !== 'command') {
        this.answer(id, { kind: 'allow', permit: testPermit('login') });
        continue;
      }
      this.questions.push({ id, question, at: this.steps.length });
      const verdict = this.decide(question);
      if (verdict !== 'later') this.answer(id, verdict);
    }
    return this;
  }
  /** Forget what came so far. */
  forget(): this {
    this.steps.length = 0;
    this.questions.length = 0;
    this.tried.length = 0;
    return this;
  }

  get toClient(): Uint8Array {
    return bytesOf(this.steps, 'toClient');
  }
  /** Bytes of commands; housekeeping travels under the login's permit. */
  get commandBytes(): number {
    return this.steps.reduce(
      (sum, step) => sum + (step.kind === 'toTarget' && step.permit.scope === 'command' ? step.bytes.length : 0),
      0,
    );
  }
  get runs(): readonly { readonly id: QuestionId; readonly question: CommandQuestion; readonly at: number }[] {
    return this.questions.filter(({ question }) => question.phase === 'run');
  }
  get notes(): readonly Note[] {
    return this.steps.flatMap((step) => (step.kind === 'note' ? [step.note] : []));
  }
  get outcomes(): readonly OutcomeNote[] {
    return this.notes.flatMap((note) => (note.kind === 'outcome' ? [note] : []));
  }
  get closed(): boolean {
    return this.steps.some(({ kind }) => kind === 'close');
  }
}
