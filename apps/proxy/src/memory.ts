import type { QuestionId } from '@sallyport/kernel';
import type { AnswerFacts, Effect, Facts, Lineage, StatementFacts } from '@sallyport/sql';

/**
 * What one session has given names to: SQL-level PREPARE and DECLARE. EXECUTE and FETCH are decided and masked as what
 * they run. While it is not certain whether a name was given or taken back (in flight, failed half-way), everything that
 * the name may stand for counts.
 */
export interface StatementMemory {
  /** The same facts when nothing in them goes by a name. `read` gives the facts of a prepared text as of now. */
  resolve(facts: Facts, read: (text: string) => StatementFacts | undefined): Resolved;
  /** The command was allowed and is on its way. `text`: what a cursor that it declares stands for. */
  sent(question: QuestionId, facts: Facts, text: string): void;
  settled(question: QuestionId, completed: boolean): void;
  /** The protocol gave or took a name, which it shares with SQL: what SQL said of it is not what it stands for. */
  taken(kind: 'statement' | 'portal', name: string): void;
}

/** A name of the session, and a text that it stands for. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

export interface Resolved {
  /** The same object when nothing in it goes by a name: decisions are remembered by it. */
  readonly facts: Facts;
  /** Whatever ran before and is run again by its name: as much part of the command as its own words. */
  readonly behind: readonly NamedText[];
}

type Prepared = { readonly kind: 'prepared'; readonly text: string };
type Cursor = {
  readonly kind: 'cursor';
  readonly facts: StatementFacts;
  readonly text: string;
  /** It goes with its transaction. */
  readonly held: boolean;
};
type Meaning = Prepared | Cursor;
type Kind = Meaning['kind'];

/** One change of what names mean. `meaning: undefined` takes it back; `name: undefined` all of them. */
type Change =
  | { readonly kind: Kind; readonly name: string | undefined; readonly meaning: Meaning | undefined }
  /** Cursors that are not held are gone. */
  | { readonly kind: 'ended' }
  /** Cursors that were declared since may be gone. */
  | { readonly kind: 'savepoint' | 'rolled back' };

/** More names than any honest session gives. Past it, unknown names stay unknown, which is refused. */
const mostNames = 1_000;
const mostMeanings = 8;
/** No parser reads this, so whoever stands for it is refused. */
const unreadable: Prepared = { kind: 'prepared', text: '\u0000' };

export const createStatementMemory = (): StatementMemory => {
  let settled: Names = new Map();
  const flying: { readonly question: QuestionId; readonly changes: readonly Change[] }[] = [];
  /** Cursors of this transaction that a savepoint may take with it. */
  let nested: Set<string> | undefined;

  /** Everything that names may mean now, with what is in flight. */
  const present = (): Map<string, readonly Meaning[]> => {
    const names = new Map(settled);
    for (const { changes } of flying) for (const change of changes) maybe(names, change);
    return names;
  };

  return {
    resolve(facts, read) {
      if (!facts.statements.some(goesByName)) return { facts, behind: nothingBehind };
      const names = present();
      const behind = new Map<string, NamedText>();
      const statements = facts.statements.map((statement) => {
        for (const each of meaningsOf(statement, names)) behind.set(`${each.name} ${each.text}`, each);
        const resolved = resolveOne(statement, names, read);
        // Later statements of the same text see what this one does; a cursor that is declared here stands for words of it.
        for (const change of changesOf(resolved, '')) certainly(names, change);
        return resolved;
      });
      return { facts: { statements }, behind: [...behind.values()].filter(({ text }) => text !== '') };
    },
    sent(question, facts, text) {
      const changes = facts.statements.flatMap((statement) => changesOf(statement, text));
      if (changes.length > 0) flying.push({ question, changes });
    },
    settled(question, completed) {
      const index = flying.findIndex((each) => each.question === question);
      if (index < 0) return;
      const [landed] = flying.splice(index, 1);
      const names = new Map(settled);
      for (const change of landed?.changes ?? []) {
        if (completed) follow(names, change);
        (completed ? certainly : maybe)(names, change);
      }
      settled = names;
    },
    taken(kind, name) {
      const change: Change = { kind: kind === 'statement' ? 'prepared' : 'cursor', name, meaning: unreadable };
      const last = flying.pop();
      if (last !== undefined) flying.push({ ...last, changes: [...last.changes, change] });
      else if (settled.has(keyOf(change.kind, name))) {
        const names = new Map(settled);
        certainly(names, change);
        settled = names;
      }
    },
  };

  /** What a savepoint would take with it. */
  function follow(names: Map<string, readonly Meaning[]>, change: Change): void {
    if (change.kind === 'savepoint') nested ??= new Set();
    if (change.kind === 'cursor' && change.name !== undefined && change.meaning !== undefined) nested?.add(change.name);
    if (change.kind === 'ended') nested = undefined;
    if (change.kind === 'rolled back') for (const name of nested ?? []) names.delete(keyOf('cursor', name));
  }
};

type Names = ReadonlyMap<string, readonly Meaning[]>;

const keyOf = (kind: Kind, name: string): string => `${kind} ${name}`;

const isNamed = (change: Change): change is Extract<Change, { kind: Kind }> =>
  change.kind === 'prepared' || change.kind === 'cursor';

const certainly = (names: Map<string, readonly Meaning[]>, change: Change): void => {
  if (change.kind === 'ended')
    for (const [key, meanings] of [...names])
      if (meanings.some((meaning) => meaning.kind === 'cursor' && !meaning.held)) names.delete(key);
  if (!isNamed(change)) return;
  const { kind, name, meaning } = change;
  if (name === undefined) {
    for (const key of [...names.keys()]) if (key.startsWith(`${kind} `)) names.delete(key);
  } else if (meaning === undefined) names.delete(keyOf(kind, name));
  else if (names.size < mostNames || names.has(keyOf(kind, name))) names.set(keyOf(kind, name), [meaning]);
};

const maybe = (names: Map<string, readonly Meaning[]>, change: Change): void => {
  if (!isNamed(change) || change.name === undefined || change.meaning === undefined) return;
  const { meaning } = change;
  const key = keyOf(change.kind, change.name);
  const known = names.get(key) ?? [];
  if (known.some((each) => same(each, meaning)) || (known.length === 0 && names.size >= mostNames)) return;
  names.set(key, known.length < mostMeanings ? [...known, meaning] : [unreadable]);
};

const same = (left: Meaning, right: Meaning): boolean =>
  left.kind === 'prepared' ? right.kind === 'prepared' && left.text === right.text : left === right;

const goesByName = ({ session }: StatementFacts): boolean => {
  switch (session?.kind) {
    case 'execute':
    case 'fetch':
      return true;
    case 'declare':
      return goesByName(session.facts);
    case undefined:
    case 'prepare':
    case 'set':
    case 'reset':
    case 'deallocate':
    case 'close':
    case 'discard':
      return false;
  }
};

const nothingBehind: readonly NamedText[] = [];

const meaningsOf = (
  { session }: StatementFacts,
  names: ReadonlyMap<string, readonly Meaning[]>,
): readonly NamedText[] => {
  if (session?.kind === 'declare') return meaningsOf(session.facts, names);
  if (session?.kind !== 'execute' && session?.kind !== 'fetch') return nothingBehind;
  const { name } = session;
  const meanings = names.get(keyOf(session.kind === 'execute' ? 'prepared' : 'cursor', name)) ?? [];
  return meanings.map(({ text }) => ({ name, text }));
};

const changesOf = ({ kind, session, transaction }: StatementFacts, text: string): readonly Change[] => {
  if (transaction === 'commit' || transaction === 'rollback') return [{ kind: 'ended' }];
  if (transaction === 'savepoint') return [{ kind: kind === 'rollback to savepoint' ? 'rolled back' : 'savepoint' }];
  switch (session?.kind) {
    case 'prepare':
      return [{ kind: 'prepared', name: session.name, meaning: { kind: 'prepared', text: session.text } }];
    case 'declare':
      return [
        {
          kind: 'cursor',
          name: session.name,
          meaning: { kind: 'cursor', facts: session.facts, text, held: session.hold },
        },
      ];
    case 'deallocate':
      return [{ kind: 'prepared', name: session.name, meaning: undefined }];
    case 'close':
      return [{ kind: 'cursor', name: session.name, meaning: undefined }];
    case 'discard':
      // Its other forms leave names as they are.
      return session.what === 'all'
        ? [
            { kind: 'prepared', name: undefined, meaning: undefined },
            { kind: 'cursor', name: undefined, meaning: undefined },
          ]
        : [];
    case undefined:
    case 'set':
    case 'reset':
    case 'execute':
    case 'fetch':
      return [];
  }
};

const unseen = 'it runs what this gateway has not seen under that name';
const nothing: Lineage = { columns: [], complete: true };

const resolveOne = (
  statement: StatementFacts,
  names: ReadonlyMap<string, readonly Meaning[]>,
  read: (text: string) => StatementFacts | undefined,
): StatementFacts => {
  const { session } = statement;
  if (session?.kind === 'declare') {
    const facts = resolveOne(session.facts, names, read);
    return facts === session.facts ? statement : { ...statement, session: { ...session, facts } };
  }
  if (session?.kind !== 'execute' && session?.kind !== 'fetch') return statement;
  const meanings = names.get(keyOf(session.kind === 'execute' ? 'prepared' : 'cursor', session.name)) ?? [];
  // Unknown is denied: a portal of the protocol, a cursor that a function opened, a name that nobody gave.
  if (meanings.length === 0) return { ...statement, unknown: statement.unknown ?? unseen };
  const bodies = meanings.map((meaning) => (meaning.kind === 'cursor' ? meaning.facts : read(meaning.text)));
  return bodies.reduce<StatementFacts>(
    (sum, body) => (body === undefined ? { ...sum, unknown: unseen } : add(sum, body, bodies.length)),
    { ...statement, effects: own(statement.effects) },
  );
};

/** What the parser says of EXECUTE itself: its arguments' effects stay, its "cannot be seen" is answered now. */
const own = (effects: readonly Effect[]): readonly Effect[] => effects.filter(({ action }) => action !== 'opaque');

const add = (sum: StatementFacts, body: StatementFacts, count: number): StatementFacts => ({
  ...sum,
  effects: [...sum.effects, ...body.effects],
  filters: join(sum.filters, body.filters),
  copies: join(sum.copies, body.copies),
  unresolved: [...sum.unresolved, ...body.unresolved],
  moves: [...sum.moves, ...body.moves],
  ...(body.hides ? { hides: true } : {}),
  ...(body.writes === undefined || sum.writes === 'untold' ? {} : { writes: body.writes }),
  unknown: sum.unknown ?? body.unknown,
  answer: count === 1 ? body.answer : { kind: 'unproved', reach: join(reachOf(sum.answer), reachOf(body.answer)) },
});

const join = (left: Lineage, right: Lineage): Lineage => ({
  columns: [...left.columns, ...right.columns],
  complete: left.complete && right.complete,
});

const reachOf = (answer: AnswerFacts): Lineage => {
  switch (answer.kind) {
    case 'none':
      return nothing;
    case 'columns':
      return answer.columns.map(({ lineage }) => lineage).reduce(join, nothing);
    case 'unproved':
    case 'report':
      return answer.reach;
  }
};
