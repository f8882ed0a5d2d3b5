import { decodeUtf8, encodeUtf8 } from '@sallyport/kernel';
import { createCollector } from './collector.js';
import type { Collected, Collector } from './collector.js';
import { readCopyOptions } from './copy.js';
import type { AnswerFacts, Effect, SessionEffect, SqlAction, StatementFacts } from './facts.js';
import { checkOperator, noteCall, readExpression } from './expression.js';
import { readRelation } from './from.js';
import { joinLineage, noLineage } from './lineage.js';
import { fieldsOf, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { readQuery } from './query.js';
import type { QueryResult } from './query.js';
import type { Resolver } from './resolver.js';
import { emptyScope } from './scope.js';
import { settingEffect } from './settings.js';
import { plainStatements } from './statement-kinds.js';

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
export function readStatement(node: unknown, place: StatementPlace, resolver: Resolver): StatementFacts {
  const into = createCollector(resolver);
  const outline = readOutline(node, place, into);
  return finish(outline, into.done());
}

function finish(outline: Outline, collected: Collected): StatementFacts {
  const { filters, copies, unresolved, unknown } = collected;
  const answer = outline.answer ?? none;
  return {
    kind: outline.kind,
    effects: [...collected.effects, ...columnReads(collected, answer)],
    answer,
    copy: outline.copy ?? 'none',
    ...(outline.copyFormat === undefined ? {} : { copyFormat: outline.copyFormat }),
    ...(outline.copyOptions === undefined ? {} : { copyOptions: outline.copyOptions }),
    filters,
    copies,
    unresolved,
    session: outline.session,
    transaction: outline.transaction,
    unknown,
  };
}

/** Reading a column is an effect on the column. */
function columnReads({ filters, copies }: Collected, answer: AnswerFacts): readonly Effect[] {
  const reach =
    answer.kind === 'columns'
      ? joinLineage(answer.columns.map(({ lineage }) => lineage))
      : answer.kind === 'none'
        ? noLineage
        : answer.reach;
  return joinLineage([reach, filters, copies]).columns.map((object) => ({ action: 'select', object }));
}

function readOutline(node: unknown, place: StatementPlace, into: Collector): Outline {
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
      if (unwrap(fields['query'])?.kind === 'ExecuteStmt') into.effect('opaque', database);
      else into.copy(readQuery(fields['query'], emptyScope, into).reach);
      return { kind: 'create table as' };
    }
    case 'ViewStmt':
      into.effect('create', database);
      into.copy(readQuery(fields['query'], emptyScope, into).reach);
      return { kind: 'create view' };
    case 'RefreshMatViewStmt':
      readTable(fields['relation'], 'alter', into);
      return { kind: 'refresh materialized view' };
    case 'TruncateStmt':
      for (const relation of listOf(fields['relations'])) readTable(unwrap(relation)?.fields, 'truncate', into);
      return { kind: 'truncate' };
    case 'LockStmt':
      for (const relation of listOf(fields['relations']))
        readTable(unwrap(relation)?.fields, fields['mode'] === 1 ? 'select' : 'update', into);
      return { kind: 'lock' };
    case 'NotifyStmt':
      into.effect('call', { kind: 'function', schema: 'pg_catalog', name: 'pg_notify' });
      return { kind: 'notify' };
    case 'ExplainStmt':
      return readExplain(fields, place, into);
    case 'PrepareStmt':
      return readNamed('prepare', fields, place, into);
    case 'DeclareCursorStmt':
      return readNamed('declare', fields, place, into);
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
      return { kind: 'discard', session: { kind: 'discard' } };
    case 'VariableSetStmt':
      return readSet(fields, into);
    case 'VariableShowStmt':
      return { kind: 'show', answer: { kind: 'report', reach: noLineage } };
    case 'TransactionStmt':
      return readTransaction(fields, into);
    default:
      return readPlain(kind, fields, into);
  }
}

function readTopSelect(node: unknown, fields: Fields, into: Collector): Outline {
  const result = readQuery(node, emptyScope, into);
  if (listOf(fields['lockingClause']).length > 0)
    // FOR UPDATE takes the locks of a write, and changes nothing.
    into.effect('update', database);
  if (!hasInto(fields)) return { kind: 'select', answer: answerOf(result) };
  into.effect('create', database);
  into.copy(result.reach);
  return { kind: 'select into' };
}

/** INTO stands in the first term of a set operation. */
const hasInto = (fields: Fields): boolean => {
  const first = fieldsOf(fields['larg']);
  return fieldsOf(fields['intoClause']) !== undefined || (first !== undefined && hasInto(first));
};

/** A table that is named and not queried. */
function readTable(relation: unknown, action: SqlAction, into: Collector): void {
  const fields = fieldsOf(relation) ?? {};
  const name = textOf(fields['relname']) ?? '';
  const found = into.resolver.relation(textOf(fields['schemaname']), name);
  if (found.kind === 'unresolved') into.unresolved(name);
  into.effect(action, {
    kind: 'table',
    schema: found.kind === 'known' ? found.relation.schema : found.schema,
    table: name,
  });
}

function readCopy(fields: Fields, into: Collector): Outline {
  const { format, options, unknown } = readCopyOptions(fields);
  if (unknown !== undefined) into.unknown(`${unknown} is not modelled`);
  if (fields['is_program'] === true) into.effect('server_program', database);
  else if (fields['filename'] !== undefined) into.effect('server_file', database);
  const toClient = fields['filename'] === undefined && fields['is_program'] !== true;
  const head = { kind: 'copy', copyFormat: format, ...(options === undefined ? {} : { copyOptions: options }) };
  if (fields['is_from'] === true) {
    readTable(fields['relation'], 'insert', into);
    if (fields['whereClause'] !== undefined) into.unknown('COPY FROM .. WHERE is not modelled');
    return { ...head, copy: toClient ? 'from_client' : 'none' };
  }
  const result =
    fields['query'] === undefined ? readCopiedTable(fields, into) : readQuery(fields['query'], emptyScope, into);
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

function readExplain(fields: Fields, place: StatementPlace, into: Collector): Outline {
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
  const inner = readStatement(fields['query'], place, into.resolver);
  if (inner.unknown !== undefined) into.unknown(inner.unknown);
  for (const name of inner.unresolved) into.unresolved(name);
  for (const { action, object } of inner.effects) {
    // A plan alone changes nothing, but to plan it the tables are looked at.
    if (analyze || action === 'select' || action === 'call' || action === 'opaque') into.effect(action, object);
    else if (object.kind === 'table') into.effect('select', object);
  }
  into.filter(inner.filters);
  into.copy(analyze ? inner.copies : noLineage);
  if (inner.session !== undefined) into.unknown('EXPLAIN of such a statement is not modelled');
  const reach =
    inner.answer.kind === 'columns'
      ? joinLineage(inner.answer.columns.map(({ lineage }) => lineage))
      : inner.answer.kind === 'none'
        ? noLineage
        : inner.answer.reach;
  return {
    kind: analyze ? 'explain analyze' : 'explain',
    answer: { kind: 'report', reach: joinLineage([reach, inner.filters]) },
  };
}

/** PREPARE and DECLARE: what they name is decided when it is named, and again when it runs. */
function readNamed(kind: 'prepare' | 'declare', fields: Fields, place: StatementPlace, into: Collector): Outline {
  const facts = readStatement(fields['query'], place, into.resolver);
  if (facts.unknown !== undefined) into.unknown(facts.unknown);
  for (const name of facts.unresolved) into.unresolved(name);
  for (const { action, object } of facts.effects) into.effect(action, object);
  into.filter(facts.filters);
  into.copy(facts.copies);
  const name = textOf(fields[kind === 'prepare' ? 'name' : 'portalname']) ?? '';
  if (kind === 'prepare') return { kind, session: { kind, name, text: ownText(place), facts } };
  // CURSOR_OPT_HOLD (parsenodes.h).
  const hold = (Number(fields['options'] ?? 0) & 0x20) !== 0;
  return { kind, session: { kind, name, hold, facts } };
}

function readSet(fields: Fields, into: Collector): Outline {
  const name = textOf(fields['name']) ?? '';
  const local = fields['is_local'] === true;
  const args = listOf(fields['args']);
  switch (fields['kind']) {
    case 'VAR_SET_VALUE': {
      const values = args.map((arg) => constantOf(arg));
      const value = values.every((each) => each !== undefined) ? values.join(', ') : undefined;
      noteSetting(name, value, into);
      if (value === undefined) into.unknown('SET to something that is no constant');
      return { kind: 'set', session: { kind: 'set', name: name.toLowerCase(), value, local } };
    }
    case 'VAR_SET_DEFAULT':
    case 'VAR_RESET':
      noteSetting(name, undefined, into);
      return { kind: 'reset', session: { kind: 'reset', name: name.toLowerCase() } };
    case 'VAR_RESET_ALL':
      return { kind: 'reset all', session: { kind: 'reset', name: undefined } };
    case 'VAR_SET_MULTI':
      // SET TRANSACTION and SET SESSION CHARACTERISTICS; SET TRANSACTION SNAPSHOT reads as another session did.
      if (name === 'TRANSACTION' || name === 'SESSION CHARACTERISTICS') return { kind: 'set transaction' };
      into.unknown(`SET ${name} is not modelled`);
      return { kind: 'set' };
    default:
      into.unknown('this form of SET is not modelled');
      return { kind: 'set' };
  }
}

function noteSetting(name: string, value: string | undefined, into: Collector): void {
  switch (settingEffect(name, value)) {
    case 'free':
      return;
    case 'role':
      return into.effect('set_role', database);
    case 'configure':
      return into.effect('configure', database);
  }
}

function constantOf(node: unknown): string | undefined {
  const wrapped = unwrap(node);
  if (wrapped?.kind === 'TypeCast') return constantOf(wrapped.fields['arg']);
  if (wrapped?.kind !== 'A_Const') return undefined;
  const { sval, ival, fval, boolval } = wrapped.fields;
  if (sval !== undefined) return textOf(fieldsOf(sval)?.['sval']) ?? '';
  if (ival !== undefined) return String(fieldsOf(ival)?.['ival'] ?? 0);
  if (fval !== undefined) return textOf(fieldsOf(fval)?.['fval']);
  if (boolval !== undefined) return fieldsOf(boolval)?.['boolval'] === true ? 'on' : 'off';
  return undefined;
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

function readPlain(kind: string, fields: Fields, into: Collector): Outline {
  const plain = Object.hasOwn(plainStatements, kind) ? plainStatements[kind] : undefined;
  if (plain === undefined) {
    into.unknown(`${kind} is not modelled`);
    return { kind: kind.replace(/Stmt$/, '').toLowerCase() };
  }
  if (plain.action === undefined) return { kind: plain.kind };
  readInsides(fields, into);
  const tables = tablesOf(kind, fields);
  for (const { schema, name } of tables) {
    const found = into.resolver.relation(schema, name);
    into.effect(plain.action, {
      kind: 'table',
      schema: found.kind === 'known' ? found.relation.schema : found.schema,
      table: name,
    });
  }
  if (tables.length === 0) into.effect(plain.action, database);
  return { kind: plain.kind };
}

/** Expressions inside a definition (USING, DEFAULT, CHECK ...) run too: their calls count, queries in them are not modelled. */
function readInsides(node: unknown, into: Collector): void {
  if (Array.isArray(node)) {
    for (const each of node) readInsides(each, into);
    return;
  }
  const wrapped = unwrap(node);
  if (wrapped !== undefined) {
    if (wrapped.kind === 'FuncCall') noteCall(nameParts(wrapped.fields['funcname']), into);
    if (wrapped.kind === 'A_Expr') checkOperator(wrapped.fields['name'], into);
    if (
      wrapped.kind === 'A_Indirection' ||
      /^(Select|Insert|Update|Delete|Merge|View|Grant|Create|Rule|Index).*Stmt$/.test(wrapped.kind)
    )
      into.unknown(`${wrapped.kind} inside a definition is not modelled`);
  }
  const fields = fieldsOf(node);
  if (fields !== undefined) for (const each of Object.values(fields)) readInsides(each, into);
}

/** Tables that a definition names, where the name is plain to see; anything else is an effect on the database. */
function tablesOf(
  kind: string,
  fields: Fields,
): readonly { readonly schema: string | undefined; readonly name: string }[] {
  if (
    kind === 'DropStmt' &&
    ['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_FOREIGN_TABLE', 'OBJECT_SEQUENCE'].includes(
      String(fields['removeType']),
    )
  )
    return listOf(fields['objects']).map((object) => {
      const parts = nameParts(unwrap(object)?.fields['items']);
      return { schema: parts.length > 1 ? parts.at(-2) : undefined, name: parts.at(-1) ?? '' };
    });
  const relation = fieldsOf(fields['relation']);
  const name = textOf(relation?.['relname']);
  return name === undefined ? [] : [{ schema: textOf(relation?.['schemaname']), name }];
}
