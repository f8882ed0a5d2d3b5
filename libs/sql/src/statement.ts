import { decodeUtf8, encodeUtf8 } from '@sallyport/kernel';
import { columnObject, createCollector } from './collector.js';
import type { Budget, Collected, Collector } from './collector.js';
import { readCopyOptions } from './copy.js';
import { readDefinition, relationSource } from './definition.js';
import type { AnswerFacts, ColumnObject, Effect, Lineage, SessionEffect, StatementFacts } from './facts.js';
import { readExpression } from './expression.js';
import { readRelation } from './from.js';
import { joinLineage, noLineage, unknownLineage } from './lineage.js';
import { fieldsOf, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { readQuery } from './query.js';
import type { QueryResult } from './query.js';
import type { Resolver } from './resolver.js';
import { emptyScope } from './scope.js';
import { isKept, settingOf, settingValues } from './session-values.js';
import { readConfigured, readSet } from './setting.js';
import { unlistedNode } from './survey.js';
import { placeOf, readTable } from './table.js';
import { descendantsOf } from './views.js';

/** What one statement adds to what its tree walk collects. */
interface Outline {
  readonly kind: string;
  readonly answer?: AnswerFacts;
  readonly session?: SessionEffect;
  readonly transaction?: StatementFacts['transaction'];
  readonly copy?: StatementFacts['copy'];
  readonly copyFormat?: StatementFacts['copyFormat'];
  readonly copyOptions?: StatementFacts['copyOptions'];
}

const none: AnswerFacts = { kind: 'none' };
const database = { kind: 'database' } as const;

const answerOf = (result: QueryResult): AnswerFacts =>
  result.columns === undefined
    ? { kind: 'unproved', reach: result.reach }
    : { kind: 'columns', columns: result.columns };

/** Where a statement stands in a text, in UTF-8 bytes. */
export interface StatementPlace {
  readonly start: number;
  /** `undefined`: up to the end. */
  readonly length: number | undefined;
  readonly text: string;
}

const ownText = ({ start, length, text }: StatementPlace): string => {
  const bytes = encodeUtf8(text);
  return decodeUtf8(bytes.subarray(start, length === undefined ? bytes.length : start + length)) ?? '';
};

/** One statement's facts. `node`: as the grammar wraps it. */
export function readStatement(
  node: unknown,
  place: StatementPlace,
  resolver: Resolver,
  budget: Budget,
): StatementFacts {
  const into = createCollector(resolver, budget);
  const unlisted = unlistedNode(node);
  if (unlisted !== undefined) into.unknown(`${unlisted} is not modelled`);
  const outline = readOutline(node, { place, budget }, into);
  const made = madeBy(outline.answer ?? none);
  const read = into.done(made);
  if (!read.configures) return finish(outline, read, into);
  const session = readConfigured(node, into);
  if (session !== undefined && outline.session !== undefined) into.unknown('two ways to change what texts mean in one');
  return finish(session === undefined ? outline : { ...outline, session }, into.done(made), into);
}

function finish(outline: Outline, collected: Collected, into: Collector): StatementFacts {
  const { filters, copies, unresolved, unknown, moves, cast, hides, writes } = collected;
  const answer = cast ? anything(outline.answer ?? none) : asFacts(outline.answer ?? none);
  return {
    kind: outline.kind,
    effects: [...collected.effects, ...columnReads(collected, answer, into)],
    answer,
    copy: outline.copy ?? 'none',
    ...(outline.copyFormat === undefined ? {} : { copyFormat: outline.copyFormat }),
    ...(outline.copyOptions === undefined ? {} : { copyOptions: outline.copyOptions }),
    filters,
    copies,
    unresolved,
    session: outline.session,
    moves,
    transaction: outline.transaction,
    ...(writes === undefined ? {} : { writes }),
    ...(hides ? { hides: true as const } : {}),
    unknown,
  };
}

/** How long outputs may become was for reading alone. */
const asFacts = (answer: AnswerFacts): AnswerFacts =>
  answer.kind !== 'columns'
    ? answer
    : {
        kind: 'columns',
        columns: answer.columns.map(({ name, lineage, verbatim }) => ({ name, lineage, verbatim })),
      };

/** What expressions make of columns. */
const madeBy = (answer: AnswerFacts): readonly Lineage[] =>
  answer.kind === 'columns'
    ? answer.columns.filter(({ verbatim }) => !verbatim).map(({ lineage }) => lineage)
    : [reachOf(answer)];

/** Its columns, and whatever else. */
function anything(answer: AnswerFacts): AnswerFacts {
  const open = (lineage: Lineage): Lineage => joinLineage([lineage, unknownLineage]);
  switch (answer.kind) {
    case 'none':
      return answer;
    case 'columns':
      return {
        kind: 'columns',
        columns: answer.columns.map(({ name, lineage }) => ({ name, lineage: open(lineage), verbatim: false })),
      };
    case 'unproved':
    case 'report':
      return { ...answer, reach: open(answer.reach) };
  }
}

const reachOf = (answer: AnswerFacts): Lineage => {
  switch (answer.kind) {
    case 'none':
      return noLineage;
    case 'columns':
      return joinLineage(answer.columns.map(({ lineage }) => lineage));
    case 'unproved':
    case 'report':
      return answer.reach;
  }
};

/** Reading a column is an effect on the column, and on that of every table that inherits it: their rows are read too. */
function columnReads({ filters, copies }: Collected, answer: AnswerFacts, into: Collector): readonly Effect[] {
  const { index } = into.resolver;
  const objects = new Map<string, ColumnObject>();
  for (const object of joinLineage([reachOf(answer), filters, copies]).columns) {
    if (isKept(object)) continue;
    const { schema, table, column } = object;
    objects.set(`${schema}\0${table}\0${column}`, object);
    const relation = index.children.size === 0 ? undefined : index.relations.get(`${schema}\0${table}`);
    if (relation === undefined) continue;
    for (const { schema: inSchema, name } of descendantsOf(relation, index)) {
      into.spend(1);
      objects.set(`${inSchema}\0${name}\0${column}`, columnObject(inSchema, name, column));
    }
  }
  return [...objects.values()].map((object) => ({ action: 'select', object }));
}

/** Where a statement stands, and the work that may be spent on it: statements hold statements. */
interface Around {
  readonly place: StatementPlace;
  readonly budget: Budget;
}

function readOutline(node: unknown, around: Around, into: Collector): Outline {
  const wrapped = unwrap(node);
  if (wrapped === undefined) {
    into.unknown('a statement of a form that is not modelled');
    return { kind: 'unknown' };
  }
  const { kind, fields } = wrapped;
  switch (kind) {
    case 'SelectStmt':
      return readTopSelect(node, fields, into);
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'MergeStmt': {
      const result = readQuery(node, emptyScope, into);
      const returns = fieldsOf(fields['returningClause']) !== undefined;
      return { kind: kind.replace('Stmt', '').toLowerCase(), answer: returns ? answerOf(result) : none };
    }
    case 'CopyStmt':
      return readCopy(fields, into);
    case 'CreateTableAsStmt': {
      into.effect('create', database);
      into.writes('told');
      into.moves({ kind: 'given', ...placeOf(fieldsOf(fields['into'])?.['rel'], into), view: false });
      if (unwrap(fields['query'])?.kind === 'ExecuteStmt') into.effect('opaque', database);
      else into.copy(readQuery(fields['query'], emptyScope, into).reach);
      return { kind: 'create table as' };
    }
    case 'ViewStmt':
      into.effect('create', database);
      into.moves({ kind: 'given', ...placeOf(fields['view'], into), view: true });
      into.copy(readQuery(fields['query'], emptyScope, into).reach);
      return { kind: 'create view' };
    case 'RefreshMatViewStmt':
      readTable(fields['relation'], 'alter', into);
      return { kind: 'refresh materialized view' };
    case 'TruncateStmt':
      into.writes('untold');
      for (const relation of listOf(fields['relations'])) readTable(unwrap(relation)?.fields, 'truncate', into);
      // Tables that refer to these are emptied too.
      if (fields['behavior'] === 'DROP_CASCADE') into.effect('truncate', database);
      return { kind: 'truncate' };
    case 'LockStmt':
      for (const relation of listOf(fields['relations']))
        readTable(unwrap(relation)?.fields, fields['mode'] === 1 ? 'select' : 'update', into);
      return { kind: 'lock' };
    case 'NotifyStmt':
      into.effect('call', { kind: 'function', schema: 'pg_catalog', name: 'pg_notify' });
      return { kind: 'notify' };
    case 'ExplainStmt':
      return readExplain(fields, around, into);
    case 'PrepareStmt':
      return readNamed('prepare', fields, around, into);
    case 'DeclareCursorStmt':
      return readNamed('declare', fields, around, into);
    case 'ExecuteStmt':
      for (const parameter of listOf(fields['params']))
        into.filter(readExpression(parameter, emptyScope, into).lineage);
      return {
        kind: 'execute',
        session: { kind: 'execute', name: textOf(fields['name']) ?? '' },
        answer: { kind: 'unproved', reach: { columns: [], complete: false } },
      };
    case 'DeallocateStmt':
      return { kind: 'deallocate', session: { kind: 'deallocate', name: textOf(fields['name']) } };
    case 'FetchStmt':
      return {
        kind: fields['ismove'] === true ? 'move' : 'fetch',
        session: { kind: 'fetch', name: textOf(fields['portalname']) ?? '' },
        answer: fields['ismove'] === true ? none : { kind: 'unproved', reach: { columns: [], complete: false } },
      };
    case 'ClosePortalStmt':
      return { kind: 'close', session: { kind: 'close', name: textOf(fields['portalname']) } };
    case 'DiscardStmt':
      return { kind: 'discard', session: { kind: 'discard', what: discardedBy(fields['target']) } };
    case 'VariableSetStmt':
      return readSet(fields, into);
    case 'VariableShowStmt':
      return { kind: 'show', answer: { kind: 'report', reach: settingOf(textOf(fields['name'])) } };
    case 'TransactionStmt':
      return readTransaction(fields, into);
    default:
      return readDefinition(kind, fields, into);
  }
}

function readTopSelect(node: unknown, fields: Fields, into: Collector): Outline {
  const result = readQuery(node, emptyScope, into);
  const target = intoOf(fields);
  if (target === undefined) return { kind: 'select', answer: answerOf(result) };
  into.effect('create', database);
  into.writes('told');
  into.moves({ kind: 'given', ...placeOf(target['rel'], into), view: false });
  into.copy(result.reach);
  return { kind: 'select into' };
}

/** INTO stands in the first term of a set operation. */
const intoOf = (fields: Fields): Fields | undefined => {
  const first = fieldsOf(fields['larg']);
  return fieldsOf(fields['intoClause']) ?? (first === undefined ? undefined : intoOf(first));
};

const discarded = { DISCARD_PLANS: 'plans', DISCARD_SEQUENCES: 'sequences', DISCARD_TEMP: 'temp' } as const;
const discardedBy = (target: unknown): 'all' | 'plans' | 'sequences' | 'temp' =>
  typeof target === 'string' && Object.hasOwn(discarded, target) ? discarded[target as keyof typeof discarded] : 'all';

function readCopy(fields: Fields, into: Collector): Outline {
  const { format, options: given, unknown, skips } = readCopyOptions(fields);
  // Then what is read is not all written.
  const options = fields['is_from'] === true && (skips || fields['whereClause'] !== undefined) ? undefined : given;
  if (unknown !== undefined) into.unknown(`${unknown} is not modelled`);
  if (fields['is_program'] === true) into.effect('server_program', database);
  else if (fields['filename'] !== undefined) into.effect('server_file', database);
  const toClient = fields['filename'] === undefined && fields['is_program'] !== true;
  const head = { kind: 'copy', copyFormat: format, ...(options === undefined ? {} : { copyOptions: options }) };
  if (fields['is_from'] === true) {
    readTable(fields['relation'], 'insert', into);
    if (fields['whereClause'] !== undefined) {
      const sources = [relationSource(fields['relation'], into)];
      into.filter(readExpression(fields['whereClause'], { ...emptyScope, sources }, into).lineage);
    }
    return { ...head, copy: toClient ? 'from_client' : 'none' };
  }
  const result =
    fields['query'] === undefined ? readCopiedTable(fields, into) : readQuery(fields['query'], emptyScope, into);
  // Its tag counts the rows that come out.
  if (fields['query'] !== undefined && unwrap(fields['query'])?.kind !== 'SelectStmt') into.writes('untold');
  if (!toClient) {
    into.copy(result.reach);
    return head;
  }
  return { ...head, copy: 'to_client', answer: answerOf(result) };
}

function readCopiedTable(fields: Fields, into: Collector): QueryResult {
  const source = readRelation(fieldsOf(fields['relation']) ?? {}, emptyScope, into, 'select');
  const names = nameParts(fields['attlist']);
  if (names.length === 0 || source.columns === undefined)
    return { columns: names.length === 0 ? source.columns : undefined, reach: source.reach };
  const columns = names.map((name) => source.columns?.find((column) => column.name === name));
  const known = columns.flatMap((column) => (column === undefined ? [] : [column]));
  return known.length === names.length
    ? { columns: known, reach: joinLineage(known.map(({ lineage }) => lineage)) }
    : { columns: undefined, reach: source.reach };
}

/** Statements whose own tag says how many rows they wrote. */
const writing: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge']);

function readExplain(fields: Fields, { place, budget }: Around, into: Collector): Outline {
  const options = new Map(
    listOf(fields['options']).map((option) => {
      const element = unwrap(option)?.fields ?? {};
      return [textOf(element['defname']) ?? '', element['arg']] as const;
    }),
  );
  const analyze =
    options.has('analyze') &&
    !/^(false|off|0)$/i.test(
      String(
        textOf(unwrap(options.get('analyze'))?.fields['sval']) ??
          unwrap(options.get('analyze'))?.fields['ival'] ??
          'on',
      ),
    );
  const inner = readStatement(fields['query'], place, into.resolver, budget);
  if (inner.unknown !== undefined) into.unknown(inner.unknown);
  for (const name of inner.unresolved) into.unresolved(name);
  for (const { action, object } of inner.effects) {
    // A plan alone changes nothing, but to plan it the tables are looked at, and functions may run.
    if (analyze || action === 'select' || object.kind === 'function') into.effect(action, object);
    else if (object.kind === 'table') into.effect('select', object);
  }
  into.filter(inner.filters);
  into.copy(analyze ? inner.copies : noLineage);
  if (inner.session !== undefined) into.unknown('EXPLAIN of such a statement is not modelled');
  if (analyze) for (const moved of inner.moves) into.moves(moved);
  if (analyze && inner.hides) into.hides();
  if (analyze && (inner.writes !== undefined || writing.has(inner.kind))) into.writes('untold');
  const settings = options.has('settings') ? settingValues : noLineage;
  return {
    kind: analyze ? 'explain analyze' : 'explain',
    answer: { kind: 'report', reach: joinLineage([reachOf(inner.answer), inner.filters, settings]) },
  };
}

/** PREPARE and DECLARE: what they name is decided when it is named, and again when it runs. */
function readNamed(kind: 'prepare' | 'declare', fields: Fields, around: Around, into: Collector): Outline {
  const { place, budget } = around;
  const facts = readStatement(fields['query'], place, into.resolver, budget);
  if (facts.session !== undefined) into.unknown(`${kind} of such a statement is not modelled`);
  if (facts.unknown !== undefined) into.unknown(facts.unknown);
  for (const name of facts.unresolved) into.unresolved(name);
  for (const { action, object } of facts.effects) into.effect(action, object);
  into.filter(facts.filters);
  into.copy(facts.copies);
  // A cursor may run on from here; what is prepared runs by EXECUTE.
  if (facts.hides && kind === 'declare') into.hides();
  const name = textOf(fields[kind === 'prepare' ? 'name' : 'portalname']) ?? '';
  if (kind === 'prepare') return { kind, session: { kind, name, text: ownText(place), facts } };
  // CURSOR_OPT_HOLD (parsenodes.h).
  const hold = (Number(fields['options'] ?? 0) & 0x20) !== 0;
  return { kind, session: { kind, name, hold, facts } };
}

function readTransaction(fields: Fields, into: Collector): Outline {
  switch (fields['kind']) {
    case 'TRANS_STMT_BEGIN':
    case 'TRANS_STMT_START':
      return { kind: 'begin', transaction: 'begin' };
    case 'TRANS_STMT_COMMIT':
      return { kind: 'commit', transaction: 'commit' };
    case 'TRANS_STMT_ROLLBACK':
      return { kind: 'rollback', transaction: 'rollback' };
    case 'TRANS_STMT_SAVEPOINT':
    case 'TRANS_STMT_RELEASE':
      return { kind: 'savepoint', transaction: 'savepoint' };
    case 'TRANS_STMT_ROLLBACK_TO':
      return { kind: 'rollback to savepoint', transaction: 'savepoint' };
    default:
      into.unknown('two-phase commit is not modelled');
      return { kind: 'prepared transaction' };
  }
}
