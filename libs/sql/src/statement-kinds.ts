import type { SqlAction } from './facts.js';
import type { NodeTag } from './node-kinds.js';

interface ReadStatement {
  readonly kind: string;
  readonly read: string;
}
interface PlainStatement {
  readonly kind: string;
  readonly action: SqlAction | undefined;
}

/**
 * Statements that are known by what they are, not by what they hold: kind in words, and the action they need on the
 * database. What is not listed here nor read in statement.ts is unknown, and refused.
 */
const plain = {
  AlterTableStmt: { kind: 'alter table', action: 'alter' },
  AlterObjectSchemaStmt: { kind: 'alter set schema', action: 'alter' },
  AlterObjectDependsStmt: { kind: 'alter depends', action: 'alter' },
  AlterOwnerStmt: { kind: 'alter owner', action: 'grant' },
  AlterDomainStmt: { kind: 'alter domain', action: 'alter' },
  AlterEnumStmt: { kind: 'alter type', action: 'alter' },
  AlterTypeStmt: { kind: 'alter type', action: 'alter' },
  AlterSeqStmt: { kind: 'alter sequence', action: 'alter' },
  AlterStatsStmt: { kind: 'alter statistics', action: 'alter' },
  AlterCollationStmt: { kind: 'alter collation', action: 'alter' },
  AlterFunctionStmt: { kind: 'alter function', action: 'alter' },
  AlterOperatorStmt: { kind: 'alter operator', action: 'alter' },
  AlterOpFamilyStmt: { kind: 'alter operator family', action: 'alter' },
  AlterTSConfigurationStmt: { kind: 'alter text search configuration', action: 'alter' },
  AlterTSDictionaryStmt: { kind: 'alter text search dictionary', action: 'alter' },
  RenameStmt: { kind: 'rename', action: 'alter' },
  CommentStmt: { kind: 'comment', action: 'alter' },
  CreateStmt: { kind: 'create table', action: 'create' },
  CreateSeqStmt: { kind: 'create sequence', action: 'create' },
  CreateSchemaStmt: { kind: 'create schema', action: 'create' },
  CreateDomainStmt: { kind: 'create domain', action: 'create' },
  CreateEnumStmt: { kind: 'create type', action: 'create' },
  CreateRangeStmt: { kind: 'create type', action: 'create' },
  CompositeTypeStmt: { kind: 'create type', action: 'create' },
  CreateStatsStmt: { kind: 'create statistics', action: 'create' },
  DefineStmt: { kind: 'create aggregate, operator or type', action: 'configure' },
  IndexStmt: { kind: 'create index', action: 'create' },
  ReindexStmt: { kind: 'reindex', action: 'alter' },
  ClusterStmt: { kind: 'cluster', action: 'alter' },
  DropStmt: { kind: 'drop', action: 'drop' },
  DropOwnedStmt: { kind: 'drop owned', action: 'drop' },
  VacuumStmt: { kind: 'vacuum or analyze', action: 'alter' },
  // What runs later, unseen: functions, triggers, rules, policies.
  CreateFunctionStmt: { kind: 'create function', action: 'opaque' },
  CreateTrigStmt: { kind: 'create trigger', action: 'opaque' },
  RuleStmt: { kind: 'create rule', action: 'opaque' },
  CreatePolicyStmt: { kind: 'create policy', action: 'grant' },
  AlterPolicyStmt: { kind: 'alter policy', action: 'grant' },
  CreateEventTrigStmt: { kind: 'create event trigger', action: 'configure' },
  AlterEventTrigStmt: { kind: 'alter event trigger', action: 'configure' },
  CreateCastStmt: { kind: 'create cast', action: 'configure' },
  CreateConversionStmt: { kind: 'create conversion', action: 'configure' },
  CreateTransformStmt: { kind: 'create transform', action: 'configure' },
  CreateOpClassStmt: { kind: 'create operator class', action: 'configure' },
  CreateOpFamilyStmt: { kind: 'create operator family', action: 'configure' },
  CreateAmStmt: { kind: 'create access method', action: 'configure' },
  CreatePLangStmt: { kind: 'create language', action: 'configure' },
  CreateExtensionStmt: { kind: 'create extension', action: 'configure' },
  AlterExtensionStmt: { kind: 'alter extension', action: 'configure' },
  AlterExtensionContentsStmt: { kind: 'alter extension', action: 'configure' },
  CreatedbStmt: { kind: 'create database', action: 'configure' },
  AlterDatabaseStmt: { kind: 'alter database', action: 'configure' },
  AlterDatabaseSetStmt: { kind: 'alter database set', action: 'configure' },
  AlterDatabaseRefreshCollStmt: { kind: 'alter database', action: 'configure' },
  DropdbStmt: { kind: 'drop database', action: 'drop' },
  AlterSystemStmt: { kind: 'alter system', action: 'configure' },
  CheckPointStmt: { kind: 'checkpoint', action: 'configure' },
  LoadStmt: { kind: 'load', action: 'server_program' },
  CreateTableSpaceStmt: { kind: 'create tablespace', action: 'server_file' },
  DropTableSpaceStmt: { kind: 'drop tablespace', action: 'drop' },
  AlterTableSpaceOptionsStmt: { kind: 'alter tablespace', action: 'configure' },
  AlterTableMoveAllStmt: { kind: 'alter table all in tablespace', action: 'configure' },
  CreateFdwStmt: { kind: 'create foreign data wrapper', action: 'configure' },
  AlterFdwStmt: { kind: 'alter foreign data wrapper', action: 'configure' },
  CreateForeignServerStmt: { kind: 'create server', action: 'configure' },
  AlterForeignServerStmt: { kind: 'alter server', action: 'configure' },
  CreateForeignTableStmt: { kind: 'create foreign table', action: 'configure' },
  ImportForeignSchemaStmt: { kind: 'import foreign schema', action: 'configure' },
  CreateUserMappingStmt: { kind: 'create user mapping', action: 'configure' },
  AlterUserMappingStmt: { kind: 'alter user mapping', action: 'configure' },
  DropUserMappingStmt: { kind: 'drop user mapping', action: 'drop' },
  CreatePublicationStmt: { kind: 'create publication', action: 'replicate' },
  AlterPublicationStmt: { kind: 'alter publication', action: 'replicate' },
  CreateSubscriptionStmt: { kind: 'create subscription', action: 'replicate' },
  AlterSubscriptionStmt: { kind: 'alter subscription', action: 'replicate' },
  DropSubscriptionStmt: { kind: 'drop subscription', action: 'replicate' },
  SecLabelStmt: { kind: 'security label', action: 'grant' },
  GrantStmt: { kind: 'grant or revoke', action: 'grant' },
  GrantRoleStmt: { kind: 'grant or revoke role', action: 'grant' },
  AlterDefaultPrivilegesStmt: { kind: 'alter default privileges', action: 'grant' },
  CreateRoleStmt: { kind: 'create role', action: 'grant' },
  AlterRoleStmt: { kind: 'alter role', action: 'grant' },
  AlterRoleSetStmt: { kind: 'alter role set', action: 'grant' },
  DropRoleStmt: { kind: 'drop role', action: 'drop' },
  ReassignOwnedStmt: { kind: 'reassign owned', action: 'grant' },
  DoStmt: { kind: 'do', action: 'opaque' },
  CallStmt: { kind: 'call', action: 'opaque' },
  ListenStmt: { kind: 'listen', action: undefined },
  UnlistenStmt: { kind: 'unlisten', action: undefined },
  ConstraintsSetStmt: { kind: 'set constraints', action: undefined },
} as const satisfies Partial<Record<NodeTag, PlainStatement>>;
export const plainStatements: Readonly<Record<string, PlainStatement>> = plain;

/** Statements that statement.ts reads by their insides: what is made of them, in words. */
const read = {
  SelectStmt: {
    kind: 'select, select into, values, table',
    read: 'columns that flow into each output, that shape rows, that are called with; INTO is `create`, FOR UPDATE is `update`',
  },
  InsertStmt: { kind: 'insert', read: '`insert`, `update` by ON CONFLICT; what it reads, copies and returns' },
  UpdateStmt: { kind: 'update', read: '`update`; what it reads, copies and returns' },
  DeleteStmt: { kind: 'delete', read: '`delete`; what it reads and returns' },
  MergeStmt: {
    kind: 'merge',
    read: '`merge`, and `insert`, `update`, `delete` by its WHENs; what it reads, copies and returns',
  },
  CopyStmt: {
    kind: 'copy',
    read: 'TO: what the query or table gives. FROM: `insert`. A file is `server_file`, a program `server_program`',
  },
  CreateTableAsStmt: { kind: 'create table as', read: '`create`; what it copies. AS EXECUTE is `opaque`' },
  RefreshMatViewStmt: { kind: 'refresh materialized view', read: '`alter`' },
  ViewStmt: { kind: 'create view', read: '`create`; what it shows is copied' },
  TruncateStmt: { kind: 'truncate', read: '`truncate`; CASCADE on the whole database' },
  LockStmt: { kind: 'lock', read: '`update`; ACCESS SHARE is `select`' },
  NotifyStmt: { kind: 'notify', read: '`call` of pg_notify' },
  ExplainStmt: {
    kind: 'explain, explain analyze',
    read: 'reading what it plans; ANALYZE runs it, so it is all of that',
  },
  PrepareStmt: { kind: 'prepare', read: 'what it prepares' },
  ExecuteStmt: { kind: 'execute', read: 'what was prepared, as it would be read now; of another name it is refused' },
  DeallocateStmt: { kind: 'deallocate', read: 'nothing' },
  DeclareCursorStmt: { kind: 'declare', read: 'what its query gives' },
  FetchStmt: { kind: 'fetch, move', read: 'what the cursor gives; of another name it is refused' },
  ClosePortalStmt: { kind: 'close', read: 'nothing' },
  DiscardStmt: { kind: 'discard', read: 'nothing; ALL forgets names and settings' },
  VariableSetStmt: {
    kind: 'set, reset',
    read: '`set_role` for role and session_authorization, nothing for what changes no meaning, `configure` for the rest',
  },
  VariableShowStmt: { kind: 'show', read: 'nothing' },
  TransactionStmt: { kind: 'begin, commit, rollback, savepoint', read: 'nothing; two-phase commit is refused' },
} as const satisfies Partial<Record<NodeTag, ReadStatement>>;
export const readStatements: Readonly<Record<string, ReadStatement>> = read;

/** Parts of other statements, and what plain SQL cannot hold by itself: where a statement stands, or anywhere, they are refused. */
const inner = {
  RawStmt: 'unknown',
  PLAssignStmt: 'unknown',
  SetOperationStmt: 'unknown',
  ReturnStmt: 'inside',
  ReplicaIdentityStmt: 'inside',
} as const satisfies Partial<Record<NodeTag, 'inside' | 'unknown'>>;
export const innerStatements: Readonly<Record<string, 'inside' | 'unknown'>> = inner;

export type StatementTag = keyof typeof plain | keyof typeof read | keyof typeof inner;
