import type { Node } from 'libpg-query';
import type { StatementTag } from './statement-kinds.js';

type TagsOf<Union> = Union extends unknown ? keyof Union : never;
/** What the grammar's library says of its own results, no syntax. */
type Envelope = 'ParseResult' | 'ScanResult' | 'ScanToken' | 'SummaryResult' | 'Table' | 'Function' | 'FilterColumn';
/** Every node type of the grammar. */
export type NodeTag = Exclude<TagsOf<Node>, Envelope>;

/** Where a node stands, which says who reads it. */
export type NodeRole =
  /** An expression whose value is made from its parts and nothing else. */
  | 'parts'
  /** An expression with a rule of its own (expression.ts). */
  | 'expression'
  /** Where rows come from (from.ts). */
  | 'from'
  /** A clause of a query or a write (query.ts, with.ts, modify.ts). */
  | 'clause'
  /** A part of a definition (definition.ts): expressions in it run, columns in it are copied or tested. */
  | 'definition'
  /** A name, a type or an option: no value is in it. */
  | 'name'
  /** Wherever it stands, its statement is refused. */
  | 'unknown';

/** Role, and what is made of it. */
type NodeKind = readonly [role: NodeRole, made: string];

const analysed: NodeKind = ['unknown', 'made by the server after parsing, never by the grammar'];
const parts: NodeKind = ['parts', 'what its parts hold'];
const names: NodeKind = ['name', 'nothing'];

/**
 * Every node type of the grammar that is no statement (those: statement-kinds.ts). The compiler wants each of them here, a test asks
 * the parser itself, and one that is not here makes its statement unknown wherever it stands.
 */
export const nodeKinds: Readonly<Record<Exclude<NodeTag, StatementTag>, NodeKind>> = {
  A_ArrayExpr: parts,
  A_Const: parts,
  A_Expr: [
    'expression',
    'its operands. One that may fail or give NULL on a value counts as a condition; an operator that users made is called',
  ],
  A_Indices: [
    'parts',
    'of `array[i]`: the array and the index; an element may be missing, so it counts as a condition',
  ],
  A_Indirection: [
    'expression',
    '`(row).field`: that column where the row is known, else the whole; or a call of a function',
  ],
  A_Star: ['clause', 'the columns of all sources, or of one, in their order; of unknown ones: all that they may hold'],
  ATAlterConstraint: ['definition', '`alter`'],
  AccessPriv: names,
  Aggref: analysed,
  Alias: ['name', 'the name of a source, and of its first columns'],
  AlterTableCmd: ['definition', 'what it copies (USING, generated), tests, or takes out of the reach of its tag'],
  AlternativeSubPlan: analysed,
  ArrayCoerceExpr: analysed,
  ArrayExpr: analysed,
  BitString: parts,
  BoolExpr: ['expression', 'its operands; AND and OR stop at the first answer, so they count as conditions'],
  Boolean: parts,
  BooleanTest: parts,
  CTECycleClause: [
    'clause',
    'two more columns, the mark and the path, that hold its keys; they count as conditions, for the query stops there',
  ],
  CTESearchClause: ['clause', 'one more column, that holds its keys'],
  CallContext: analysed,
  CaseExpr: ['expression', 'what it tests and what it gives; what it tests counts as a condition'],
  CaseTestExpr: analysed,
  CaseWhen: ['clause', 'as its CASE'],
  CoalesceExpr: ['expression', 'its operands'],
  CoerceToDomain: analysed,
  CoerceToDomainValue: analysed,
  CoerceViaIO: analysed,
  CollateClause: parts,
  CollateExpr: analysed,
  ColumnDef: ['definition', 'its constraints and default; in FROM a column of a function'],
  ColumnRef: [
    'expression',
    'the column of the nearest level that has one of that name, the whole row, or a call with the row',
  ],
  CommonTableExpr: ['clause', 'a source under its name; a recursive one flows into itself'],
  Constraint: ['definition', 'what it computes is copied, what existing rows must fit is a condition'],
  ConvertRowtypeExpr: analysed,
  CreateOpClassItem: ['definition', '`configure`'],
  CurrentOfExpr: ['clause', 'the row where a cursor of this session stands; only in UPDATE and DELETE'],
  DefElem: ['name', 'options of COPY and EXPLAIN by name, an option that is not known is refused; else nothing'],
  DistinctExpr: analysed,
  FieldSelect: analysed,
  FieldStore: analysed,
  Float: parts,
  FromExpr: analysed,
  FuncCall: [
    'expression',
    'its arguments; what may fail or give several rows on them counts as a condition. A built-in that was not reviewed, or what users made, is called',
  ],
  FuncExpr: analysed,
  FunctionParameter: ['definition', 'with its function: `opaque`'],
  GroupingFunc: parts,
  GroupingSet: ['clause', 'its keys are conditions'],
  IndexElem: ['definition', 'a condition where the index is unique; the key of ON CONFLICT is one'],
  InferClause: ['clause', 'the key of ON CONFLICT is a condition'],
  InferenceElem: analysed,
  InlineCodeBlock: analysed,
  IntList: analysed,
  Integer: parts,
  IntoClause: ['clause', '`create`; what flows into it is copied'],
  JoinExpr: ['from', 'the columns of both sides, those of USING and NATURAL merged; what it compares is a condition'],
  JsonAggConstructor: ['parts', 'with its aggregate'],
  JsonArgument: parts,
  JsonArrayAgg: [
    'expression',
    'its value, a condition under FORMAT JSON or RETURNING varchar(n); ORDER BY, FILTER and OVER are conditions',
  ],
  JsonArrayConstructor: [
    'expression',
    'its parts, which count as conditions under FORMAT JSON or RETURNING varchar(n)',
  ],
  JsonArrayQueryConstructor: [
    'expression',
    'what its query gives, a condition under FORMAT JSON or RETURNING varchar(n)',
  ],
  JsonBehavior: parts,
  JsonConstructorExpr: analysed,
  JsonExpr: analysed,
  JsonFormat: parts,
  JsonFuncExpr: ['expression', 'its parts, which count as conditions: it may fail or find nothing'],
  JsonIsPredicate: ['expression', 'its part, which counts as a condition'],
  JsonKeyValue: parts,
  JsonObjectAgg: [
    'expression',
    'key and value, conditions also where keys must not come twice; ORDER BY, FILTER and OVER are conditions',
  ],
  JsonObjectConstructor: ['expression', 'its parts, which count as conditions: keys may be NULL or twice there'],
  JsonOutput: parts,
  JsonParseExpr: ['expression', 'its part, which counts as a condition: it may be no JSON'],
  JsonReturning: parts,
  JsonScalarExpr: parts,
  JsonSerializeExpr: ['expression', 'its part, which counts as a condition under RETURNING varchar(n)'],
  JsonTable: ['from', 'its columns, of which each may hold anything of the document, which is a condition'],
  JsonTableColumn: ['from', 'its paths and defaults'],
  JsonTablePath: analysed,
  JsonTablePathScan: analysed,
  JsonTablePathSpec: ['from', 'its expression'],
  JsonTableSiblingJoin: analysed,
  JsonValueExpr: parts,
  List: parts,
  LockingClause: ['clause', '`update` of each table that is locked: FOR UPDATE takes the locks of a write'],
  MergeAction: analysed,
  MergeSupportFunc: parts,
  MergeWhenClause: ['clause', '`insert`, `update` or `delete`; its condition, and what it copies'],
  MinMaxExpr: parts,
  MultiAssignRef: ['clause', '`SET (a, b) = ...`: each may get anything of the right side'],
  NamedArgExpr: parts,
  NextValueExpr: analysed,
  NullIfExpr: analysed,
  NullTest: parts,
  ObjectWithArgs: names,
  OidList: analysed,
  OnConflictClause: ['clause', '`update`; its key and WHERE are conditions, what it sets from other columns is copied'],
  OnConflictExpr: analysed,
  OpExpr: analysed,
  Param: analysed,
  ParamRef: ['parts', 'nothing: the value comes from the client'],
  PartitionBoundSpec: ['definition', 'nothing'],
  PartitionCmd: ['definition', 'DETACH copies what the partition holds'],
  PartitionElem: ['definition', 'its expression runs'],
  PartitionRangeDatum: analysed,
  PartitionSpec: ['definition', 'its elements'],
  PublicationObjSpec: ['definition', '`replicate`'],
  PublicationTable: ['definition', '`replicate`'],
  Query: analysed,
  RTEPermissionInfo: analysed,
  RangeFunction: [
    'from',
    'columns of functions that are known; each may hold anything of its own arguments, which are conditions',
  ],
  RangeSubselect: ['from', 'what its query gives; only LATERAL sees the sources before it'],
  RangeTableFunc: [
    'from',
    'the columns of XMLTABLE, of which each may hold anything of the document, which is a condition',
  ],
  RangeTableFuncCol: ['from', 'its path and default'],
  RangeTableSample: ['from', 'its table; its arguments are conditions'],
  RangeTblEntry: analysed,
  RangeTblFunction: analysed,
  RangeTblRef: analysed,
  RangeVar: [
    'from',
    'a CTE of that name, or the table or view that the search path finds; one that is not found is refused',
  ],
  RelabelType: analysed,
  ResTarget: ['clause', 'an output with its name, or a column that is set'],
  ReturningClause: ['clause', 'outputs of the target, of its old and new rows, and of the other sources'],
  ReturningExpr: analysed,
  ReturningOption: ['clause', 'another name for old or new'],
  RoleSpec: names,
  RowCompareExpr: analysed,
  RowExpr: parts,
  RowMarkClause: analysed,
  SQLValueFunction: parts,
  ScalarArrayOpExpr: analysed,
  SetToDefault: ['parts', 'nothing: a default is computed by the table itself'],
  SortBy: ['clause', 'a condition; an operator behind USING may be called'],
  SortGroupClause: analysed,
  StatsElem: ['definition', 'its expression runs'],
  String: parts,
  SubLink: [
    'expression',
    'what its query gives; what IN and ANY compare is a condition; EXISTS gives nothing of the values',
  ],
  SubPlan: analysed,
  SubscriptingRef: analysed,
  TableFunc: analysed,
  TableLikeClause: ['definition', 'nothing: no value is copied'],
  TableSampleClause: analysed,
  TargetEntry: analysed,
  TriggerTransition: ['definition', 'with its trigger: `opaque`'],
  TypeCast: ['expression', 'its value, which counts as a condition unless the type is a text'],
  TypeName: ['name', 'nothing, but a cast to it that users made may run'],
  VacuumRelation: names,
  Var: analysed,
  WindowClause: analysed,
  WindowDef: [
    'clause',
    'what it parts and orders by, and its frame, are conditions, and flow into what is computed over it',
  ],
  WindowFunc: analysed,
  WindowFuncRunCondition: analysed,
  WithCheckOption: analysed,
  WithClause: ['clause', 'its queries, each known to those that follow'],
  XmlExpr: ['expression', 'its parts, which count as conditions: they may be no XML'],
  XmlSerialize: parts,
};

const roles: ReadonlyMap<string, NodeRole> = new Map(Object.entries(nodeKinds).map(([tag, [role]]) => [tag, role]));

/** `undefined`: a statement, or nothing that is known. */
export const roleOf = (tag: string): NodeRole | undefined => roles.get(tag);
