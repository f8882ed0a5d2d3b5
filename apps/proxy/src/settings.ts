import { refuse } from '@sallyport/kernel';
import type { CommandQuestion, QuestionId, Refusal, TargetState } from '@sallyport/kernel';
import { changesMeaning } from '@sallyport/sql';
import type { Facts, SessionEffect } from '@sallyport/sql';

/** What the session's settings make of a text: in which schemas a bare name is looked up. */
export interface Meaning {
  readonly searchPath: readonly string[];
  /**
   * Something ran that nobody sees through, and may have set another role, so that `$user` on the path may be anybody; or another
   * path, where the server does not report it.
   */
  readonly anyUser: boolean;
  /** Something is not certain. Only what sets it anew, or ends the transaction, may run. */
  readonly drift: Refusal | undefined;
  /** Under which an approval is given: role, path, how literals are read, and whatever else this session has set. */
  readonly settings: Readonly<Record<string, string>>;
  /** One of them is not certain. Nobody can agree to a command before it is known how it would be read. */
  readonly unsettled: Refusal | undefined;
}

/**
 * Settings that change what a statement means. The target's own reports are the truth where it makes them (they come when
 * it is ready, so a pipeline runs ahead of them); what it does not report is followed by what was sent. Where that is not
 * certain, nothing runs that depends on it.
 */
export interface SettingsWatch {
  /** `defaultPath`, `startUser`: what the catalog says of a session that just began. */
  look(asked: Asked, defaultPath: readonly string[], startUser?: string): Meaning;
  /** A SET that could not be followed is refused before it is sent. */
  admit(facts: Facts): Refusal | undefined;
  sent(question: QuestionId, facts: Facts, asked: Asked): void;
  settled(question: QuestionId, completed: boolean): void;
}

type Asked = Pick<CommandQuestion, 'state' | 'group'>;

/** What bare names are looked up by: where this is not certain, nothing runs that has names. */
const naming: readonly string[] = ['search_path', 'role', 'session_authorization'];
/** How literals are read. Every server reports these. */
const reading: readonly string[] = ['datestyle', 'intervalstyle', 'timezone'];
const followed: ReadonlySet<string> = new Set([...naming, ...reading]);
const mostNames = 100;

/** A value that was sent and that no report has confirmed. */
interface Sent {
  /** `undefined`: what the session started with. */
  readonly value: string | undefined;
  /** The report when it was sent: another one since is newer than this. */
  readonly reported: string | undefined;
  /** It goes when the transaction block is rolled back. */
  volatile: boolean;
  /** It goes when a command of the same group fails. */
  readonly group: number;
  /** SET LOCAL: it goes when the transaction ends, and this is back. */
  readonly before: Sent | undefined;
  readonly local: boolean;
}

const drifted = (message: string): Refusal =>
  refuse('state_drift', message, { hint: 'Nothing was executed. Set it again by itself, or open a new session.' });

export const createSettingsWatch = (login: Readonly<Record<string, string>>): SettingsWatch => {
  const flying = new Map<QuestionId, Asked & { readonly facts: Facts }>();
  const groups = new Map<QuestionId, number>();
  const sent = new Map<string, Sent>();
  const doubted = new Set<string>();
  let initial: TargetState['parameters'] | undefined;
  let mayMove = false;
  /** A BEGIN was sent, and the target has not said yet what came of it. */
  let begun = false;
  /** A role may have been set by what nobody sees through; no server reports it. */
  let hidden = false;

  /** Settings that a statement moves. Taking all of them back moves those that are known to have moved. */
  const namesIn = (session: SessionEffect | undefined): readonly string[] => {
    // Its other forms leave settings as they are.
    if (session?.kind === 'discard') return session.what === 'all' ? [...new Set([...followed, ...sent.keys()])] : [];
    if (session?.kind !== 'set' && session?.kind !== 'reset') return [];
    if (session.name !== undefined) return changesMeaning(session.name) ? [session.name.toLowerCase()] : [];
    return ['search_path', ...reading, ...[...sent.keys()].filter((name) => !followed.has(name))];
  };

  /** What was found for these parameters while nothing was under way. */
  let found:
    | {
        readonly parameters: TargetState['parameters'];
        readonly defaultPath: readonly string[];
        readonly meaning: Meaning;
      }
    | undefined;

  const refresh = ({ parameters, transaction }: TargetState): void => {
    if (transaction !== 'idle') begun = false;
    const outside = transaction === 'idle' && !begun && flying.size === 0;
    for (const [name, each] of sent) {
      const now = parameters.get(name);
      if (now === undefined) {
        if (outside) each.volatile = false;
        continue;
      }
      const confirmed = sameList(now, each.value ?? initial?.get(name) ?? '');
      if (now === each.reported && !confirmed) continue;
      sent.delete(name);
      doubted.delete(name);
    }
  };

  const apply = (facts: Facts, { state, group }: Asked): void => {
    for (const { session } of facts.statements) {
      for (const name of namesIn(session)) {
        const local = session?.kind === 'set' && session.local;
        if (session?.kind === 'discard' && !sent.has(name) && isInitial(name, state)) {
          // Whatever half of an earlier text did to it is over.
          doubted.delete(name);
          continue;
        }
        const known = sent.get(name);
        if (known === undefined && sent.size >= mostNames) {
          doubted.add(`one of more than ${mostNames} settings`);
          continue;
        }
        sent.set(name, {
          value: session?.kind === 'set' ? session.value : undefined,
          reported: state.parameters.get(name),
          volatile: true,
          group,
          before: !local ? undefined : known?.local === true ? known.before : known,
          local,
        });
        if (session?.kind === 'set' && session.unseen === true) doubted.add(name);
        else doubted.delete(name);
        if (name === 'role' && !local) hidden = false;
      }
    }
  };

  const isInitial = (name: string, { parameters }: TargetState): boolean =>
    (parameters.get(name) ?? '') === (initial?.get(name) ?? '');

  const rolledBack = (failed?: number): void => {
    for (const [name, { volatile, group }] of sent) if (volatile || group === failed) doubted.add(name);
  };

  /** The end of a transaction takes its SET LOCAL with it. */
  const committed = (): void => {
    for (const [name, { local, before }] of sent) {
      if (!local) continue;
      if (before === undefined) sent.delete(name);
      else sent.set(name, before);
    }
  };

  /** Outside of a block SET LOCAL holds for its group: a pipeline waits behind one, so the state is that of its end. */
  const expire = ({ state: { transaction }, group }: Asked): void => {
    if (transaction !== 'idle') return;
    for (const [name, { local, before, group: its }] of sent) {
      if (!local || its === group) continue;
      if (before === undefined) sent.delete(name);
      else sent.set(name, before);
    }
  };

  const uncertain = (matters: (name: string) => boolean): Refusal | undefined => {
    const inFlight = [...flying.values()].flatMap(({ facts }) =>
      facts.statements.flatMap(({ session }) => namesIn(session)),
    );
    const name = [...doubted, ...inFlight].find(matters);
    return name === undefined ? undefined : drifted(`it is not certain what ${name} is now`);
  };

  return {
    look(asked, defaultPath, startUser) {
      const { state } = asked;
      const { parameters } = state;
      initial ??= parameters;
      const quiet = sent.size === 0 && flying.size === 0 && doubted.size === 0 && !begun;
      if (quiet && found?.parameters === parameters && found.defaultPath === defaultPath) return found.meaning;
      expire(asked);
      refresh(state);
      const now = (name: string): string | undefined => {
        const each = sent.get(name);
        return each === undefined ? parameters.get(name) : (each.value ?? initial?.get(name));
      };
      const session = now('session_authorization') ?? '';
      const role = sent.get('role')?.value;
      // ALTER ROLE .. SET role: a session may begin as somebody else. What it begins as is reported nowhere.
      const atStart = session === (initial.get('session_authorization') ?? '') ? (startUser ?? session) : session;
      const user = role === undefined ? atStart : role === 'none' ? session : role;
      const list = now('search_path') ?? login['search_path'];
      const names = list === undefined ? undefined : readList(list);
      const searchPath =
        names?.flatMap((name) => (name !== '$user' ? [name] : user === '' ? [] : [user])) ?? defaultPath;
      const moved = session !== (initial.get('session_authorization') ?? '') && !mayMove;
      const set = [...sent].flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value] as const]));
      const meaning: Meaning = {
        searchPath,
        anyUser: hidden && (names?.includes('$user') !== false || !parameters.has('search_path')),
        drift: unreadable(parameters) ?? (moved ? unexpected : uncertain((name) => naming.includes(name))),
        settings: {
          ...Object.fromEntries(reading.map((name) => [name, parameters.get(name) ?? ''])),
          ...Object.fromEntries(set),
          search_path: searchPath.join('\n'),
          session_authorization: session,
          role: role ?? 'none',
        },
        unsettled: uncertain(() => true),
      };
      found = quiet ? { parameters, defaultPath, meaning } : undefined;
      return meaning;
    },

    admit(facts) {
      for (const [index, { session }] of facts.statements.entries()) {
        const refused = unfollowable(session);
        if (refused !== undefined) return refused;
        if (!namesIn(session).some((name) => naming.includes(name))) continue;
        // The texts behind it were read with the settings of before.
        const later = facts.statements.slice(index + 1);
        if (later.some((next) => next.effects.length > 0 || next.session?.kind === 'prepare'))
          return drifted('a setting that changes what names mean is sent by itself, not with statements behind it');
      }
      return undefined;
    },

    sent(question, facts, asked) {
      groups.set(question, asked.group);
      for (const { kind, transaction, session, hides } of facts.statements) {
        if (hides) {
          hidden = true;
          found = undefined;
        }
        if (transaction === 'begin') begun = true;
        if (transaction === 'rollback' || kind === 'rollback to savepoint') rolledBack();
        if (transaction === 'rollback' || transaction === 'commit') committed();
        if (namesIn(session).includes('session_authorization')) {
          mayMove = true;
          found = undefined;
        }
      }
      if (facts.statements.some(({ session }) => namesIn(session).length > 0))
        flying.set(question, { ...asked, facts });
    },

    settled(question, completed) {
      const landed = flying.get(question);
      flying.delete(question);
      if (!completed) rolledBack(groups.get(question));
      groups.delete(question);
      if (landed === undefined) return;
      if (completed) apply(landed.facts, landed);
      // Half of a text may have run.
      else if (landed.facts.statements.length > 1)
        for (const each of landed.facts.statements) for (const name of namesIn(each.session)) doubted.add(name);
    },
  };
};

const unexpected = drifted('session_authorization changed without a statement that sets it');

/** The server keeps UNICODE as the name it was told, for the sake of old drivers. */
const utf8: ReadonlySet<string> = new Set(['UTF8', 'UNICODE']);

const unreadable = (parameters: TargetState['parameters']): Refusal | undefined => {
  if ((parameters.get('standard_conforming_strings') ?? 'on') !== 'on')
    return drifted('standard_conforming_strings is off: texts would be read differently');
  if (!utf8.has((parameters.get('client_encoding') ?? 'UTF8').toUpperCase()))
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
