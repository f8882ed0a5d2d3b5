import { refuse } from '@sallyport/kernel';
import type { QuestionId, Refusal, TargetState } from '@sallyport/kernel';
import type { Facts, SessionEffect } from '@sallyport/sql';

/** What the session's settings make of a text: in which schemas a bare name is looked up. */
export interface Meaning {
  readonly searchPath: readonly string[];
  /** Something is not certain. Only what sets it anew, or ends the transaction, may run. */
  readonly drift: Refusal | undefined;
}

/**
 * Settings that change what a statement means. The target's own reports are the truth where it makes them (they come when
 * it is ready, so a pipeline runs ahead of them); what it does not report is followed by what was sent. Where that is not
 * certain, nothing runs that depends on it.
 */
export interface SettingsWatch {
  look(state: TargetState, defaultPath: readonly string[]): Meaning;
  /** A SET that could not be followed is refused before it is sent. */
  admit(facts: Facts): Refusal | undefined;
  sent(question: QuestionId, facts: Facts, state: TargetState): void;
  settled(question: QuestionId, completed: boolean): void;
}

type Name = 'search_path' | 'role' | 'session_authorization';

/** A value that was sent and that no report has confirmed. */
interface Sent {
  /** `undefined`: what the session started with. */
  readonly value: string | undefined;
  /** The report when it was sent: another one since is newer than this. */
  readonly reported: string | undefined;
  /** It goes when the transaction is rolled back. */
  volatile: boolean;
  /** SET LOCAL: it goes when the transaction ends, and this is back. */
  readonly before: Sent | undefined;
  readonly local: boolean;
}

const drifted = (message: string): Refusal =>
  refuse('state_drift', message, { hint: 'Nothing was executed. Set it again by itself, or open a new session.' });

export const createSettingsWatch = (login: Readonly<Record<string, string>>): SettingsWatch => {
  const flying = new Map<QuestionId, { readonly facts: Facts; readonly state: TargetState }>();
  const sent = new Map<Name, Sent>();
  const doubted = new Set<Name>();
  let initial: TargetState['parameters'] | undefined;
  let mayMove = false;

  const refresh = ({ parameters, transaction }: TargetState): void => {
    for (const [name, each] of sent) {
      const now = parameters.get(name);
      if (now === undefined) {
        if (transaction === 'idle' && flying.size === 0) each.volatile = false;
        continue;
      }
      const confirmed = sameList(now, each.value ?? initial?.get(name) ?? '');
      if (now === each.reported && !confirmed) continue;
      sent.delete(name);
      doubted.delete(name);
    }
  };

  const apply = (facts: Facts, state: TargetState): void => {
    for (const { session } of facts.statements) {
      for (const name of namesIn(session)) {
        const local = session?.kind === 'set' && session.local;
        // DISCARD ALL takes it back, its other forms do not.
        const untouched = session?.kind === 'discard' && !sent.has(name) && isInitial(name, state);
        if (untouched) continue;
        sent.set(name, {
          value: session?.kind === 'set' ? session.value : undefined,
          reported: state.parameters.get(name),
          volatile: true,
          before: sent.get(name),
          local,
        });
        if (session?.kind === 'discard') doubted.add(name);
        else doubted.delete(name);
      }
    }
  };

  const isInitial = (name: Name, { parameters }: TargetState): boolean =>
    (parameters.get(name) ?? '') === (initial?.get(name) ?? '');

  const rolledBack = (): void => {
    for (const [name, { volatile }] of sent) if (volatile) doubted.add(name);
  };

  /** The end of a transaction takes its SET LOCAL with it. */
  const committed = (): void => {
    for (const [name, { local, before }] of sent) {
      if (!local) continue;
      if (before === undefined) sent.delete(name);
      else sent.set(name, before);
    }
  };

  const uncertain = (): Refusal | undefined => {
    const inFlight = [...flying.values()].flatMap(({ facts }) =>
      facts.statements.flatMap((each) => namesIn(each.session)),
    );
    const [name] = [...doubted, ...inFlight];
    return name === undefined ? undefined : drifted(`it is not certain what ${name} is now`);
  };

  return {
    look(state, defaultPath) {
      const { parameters } = state;
      initial ??= parameters;
      refresh(state);
      const now = (name: Name): string | undefined => {
        const each = sent.get(name);
        return each === undefined ? parameters.get(name) : (each.value ?? initial?.get(name));
      };
      const session = now('session_authorization') ?? '';
      const role = sent.get('role')?.value;
      const user = role === undefined || role === 'none' ? session : role;
      const list = now('search_path') ?? login['search_path'];
      const searchPath =
        list === undefined
          ? defaultPath
          : readList(list).flatMap((name) => (name !== '$user' ? [name] : user === '' ? [] : [user]));
      const moved = session !== (initial.get('session_authorization') ?? '') && !mayMove;
      return { searchPath, drift: unreadable(parameters) ?? (moved ? unexpected : uncertain()) };
    },

    admit(facts) {
      for (const [index, { session }] of facts.statements.entries()) {
        const refused = unfollowable(session);
        if (refused !== undefined) return refused;
        if (namesIn(session).length === 0) continue;
        // The texts behind it were read with the settings of before.
        const later = facts.statements.slice(index + 1);
        if (later.some((next) => next.effects.length > 0 || next.session?.kind === 'prepare'))
          return drifted('a setting that changes what names mean is sent by itself, not with statements behind it');
      }
      return undefined;
    },

    sent(question, facts, state) {
      for (const { transaction, session } of facts.statements) {
        if (transaction === 'rollback') rolledBack();
        if (transaction === 'rollback' || transaction === 'commit') committed();
        if (namesIn(session).includes('session_authorization')) mayMove = true;
      }
      if (facts.statements.some(({ session }) => namesIn(session).length > 0)) flying.set(question, { facts, state });
    },

    settled(question, completed) {
      const landed = flying.get(question);
      flying.delete(question);
      if (!completed) rolledBack();
      if (landed === undefined) return;
      if (completed) apply(landed.facts, landed.state);
      // Half of a text may have run.
      else if (landed.facts.statements.length > 1)
        for (const each of landed.facts.statements) for (const name of namesIn(each.session)) doubted.add(name);
    },
  };
};

const unexpected = drifted('session_authorization changed without a statement that sets it');

const unreadable = (parameters: TargetState['parameters']): Refusal | undefined => {
  if ((parameters.get('standard_conforming_strings') ?? 'on') !== 'on')
    return drifted('standard_conforming_strings is off: texts would be read differently');
  if ((parameters.get('client_encoding') ?? 'UTF8').toUpperCase() !== 'UTF8')
    return drifted('client_encoding is not UTF8: texts would be read differently');
  return undefined;
};

const unfollowable = (session: SessionEffect | undefined): Refusal | undefined => {
  if (session?.kind !== 'set' || session.value === undefined) return undefined;
  const value = session.value.toLowerCase();
  if (session.name === 'standard_conforming_strings' && !['on', 'true', 'yes', '1'].includes(value))
    return drifted('standard_conforming_strings stays on behind this gateway');
  if (session.name === 'client_encoding' && !/^'?(?:utf-?8|unicode)'?$/.test(value))
    return drifted('client_encoding stays UTF8 behind this gateway');
  return undefined;
};

const isFollowed = (name: string): name is Name =>
  name === 'search_path' || name === 'role' || name === 'session_authorization';

const namesIn = (session: SessionEffect | undefined): readonly Name[] => {
  if (session?.kind === 'discard') return ['search_path', 'role', 'session_authorization'];
  if (session?.kind === 'reset' && session.name === undefined) return ['search_path'];
  if (session?.kind !== 'set' && session?.kind !== 'reset') return [];
  return session.name !== undefined && isFollowed(session.name) ? [session.name] : [];
};

/** Only settings, and the ends of transactions: what may run when nothing else is certain. */
export const isWayOut = (facts: Facts): boolean =>
  facts.statements.every(
    ({ session, transaction, effects }) =>
      transaction !== undefined ||
      session?.kind === 'discard' ||
      ((session?.kind === 'set' || session?.kind === 'reset') &&
        effects.every(({ action }) => action === 'configure' || action === 'set_role')),
  );

/** A list of identifiers, as SHOW search_path prints it and SET takes it. */
export const readList = (text: string): readonly string[] => {
  const names: string[] = [];
  const item = /\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^\s,"']+))\s*(?:,|$)/y;
  while (item.lastIndex < text.length) {
    const found = item.exec(text);
    if (found === null) break;
    const [, quoted, literal, bare] = found;
    const name = quoted?.replaceAll('""', '"') ?? literal?.replaceAll("''", "'") ?? bare?.toLowerCase() ?? '';
    if (name !== '') names.push(name);
  }
  return names;
};

const sameList = (left: string, right: string): boolean =>
  left === right || readList(left).join('\u0000') === readList(right).join('\u0000');
