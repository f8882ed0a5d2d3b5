/**
 * What a target database holds, as far as a decision needs it. Read by the agent with the connection's own credential,
 * carried as a content-addressed chunk, used by `@sallyport/sql` to resolve names and by masking to resolve origins.
 * System schemas (`pg_catalog`, `information_schema`) are left out: they are known by the server's version.
 */
export interface Catalog {
  readonly database: string;
  /** PostgreSQL: server_version_num, e.g. 180004. */
  readonly serverVersion: number;
  readonly relations: readonly CatalogRelation[];
  readonly functions: readonly CatalogFunction[];
  readonly types: readonly CatalogType[];
  /** Default search_path of the role that the agent logs in as, in order, `$user` resolved. */
  readonly searchPath: readonly string[];
  /** Schemas that are there, empty ones too: a table is made in the first of the path that is. */
  readonly schemas?: readonly string[];
  /** Who a session is when it starts: what `$user` means until a role is set. */
  readonly user?: string;
  /** Operators that are not the server's own. */
  readonly operators?: readonly CatalogOperator[];
  /** Casts that run what a user wrote. */
  readonly casts?: readonly CatalogCast[];
  /** They run at definitions and logins of the whole database. */
  readonly eventTriggers?: readonly CatalogEventTrigger[];
}

export interface CatalogRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'partitioned' | 'view' | 'materialized' | 'foreign' | 'sequence' | 'composite';
  readonly columns: readonly CatalogColumn[];
  /** The query behind a view or materialized view, as the server prints it. */
  readonly definition?: string;
  /** Inheritance and partition parents, by OID. */
  readonly parents?: readonly number[];
  /** Has triggers, rules (other than a view's own) or row security: effects beyond what the statement says. */
  readonly hasTriggers?: boolean;
  readonly hasRules?: boolean;
  /** Role that owns it: what a view or a rule reaches, it reaches with the owner's rights. */
  readonly owner?: string;
  /** Enabled ones that users made; those of foreign keys are the server's. */
  readonly triggers?: readonly CatalogTrigger[];
  /** Other than a view's own. */
  readonly rules?: readonly CatalogRule[];
  /** Absent: not enabled. */
  readonly rowSecurity?: CatalogRowSecurity;
  /** Attribute numbers of the primary key. */
  readonly key?: readonly number[];
  /** Whose rows go, or change, with rows of this one, by a foreign key; by OID. */
  readonly cascades?: readonly number[];
  /** Attribute numbers of other columns whose values must fit those of other rows: unique, exclusion and foreign keys. */
  readonly matched?: readonly number[];
  /** What rows must fulfil (CHECK), as the server prints it. */
  readonly checks?: readonly string[];
  /** Expressions and conditions of indexes, one text for each, as the server prints them between commas. */
  readonly indexed?: readonly string[];
  /** What decides in which partition a row is: columns and expressions between commas, as the server prints them. */
  readonly partitionedBy?: string;
}

export interface CatalogTrigger {
  readonly name: string;
  /** OID. */
  readonly function: number;
}

export interface CatalogRule {
  readonly name: string;
  readonly event: 'select' | 'update' | 'insert' | 'delete';
  /** The whole CREATE RULE, as the server prints it. */
  readonly definition: string;
}

export interface CatalogRowSecurity {
  /** The owner is not exempt. */
  readonly forced: boolean;
  readonly policies: readonly CatalogRowPolicy[];
}

export interface CatalogRowPolicy {
  readonly name: string;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  /** Expressions, as the server prints them: of rows that are there, and of rows that are written. */
  readonly using?: string;
  readonly check?: string;
}

export interface CatalogEventTrigger {
  readonly name: string;
  readonly event: string;
  /** OID. */
  readonly function: number;
}

export interface CatalogColumn {
  /** attnum, from 1. */
  readonly attribute: number;
  readonly name: string;
  /** Type OID. */
  readonly type: number;
  /** The expression of a generated column, as the server prints it. */
  readonly generated?: string;
  /** Its type takes no more than a length: `varchar(10)`. */
  readonly limited?: true;
}

export interface CatalogFunction {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window';
  readonly language: string;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly securityDefiner: boolean;
  /** Argument type OIDs, those of results (OUT, TABLE) too. */
  readonly arguments: readonly number[];
  /** Type OIDs of what is passed in, where `arguments` holds more: with schema and name, the function's identity. */
  readonly identity?: readonly number[];
  /** Role with whose rights it runs where it is `securityDefiner`. */
  readonly owner?: string;
  /** Type OID. */
  readonly returns?: number;
  /** Of one with OUT, INOUT or TABLE parameters: those, in order; a name is empty where none was given. */
  readonly results?: readonly CatalogResult[];
}

export interface CatalogResult {
  readonly name: string;
  /** Type OID. */
  readonly type: number;
}

export interface CatalogType {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'base' | 'composite' | 'domain' | 'enum' | 'range' | 'array';
  /**
   * Of a domain: its base type; of an array: its element; of a composite: its relation; of a range: its subtype;
   * of a multirange: its range.
   */
  readonly of?: number;
  /** Of a domain: what its values are checked with, as the server prints it. */
  readonly constraints?: readonly string[];
}

export interface CatalogOperator {
  readonly schema: string;
  readonly name: string;
  /** Type OIDs; `left` is absent of a prefix operator. */
  readonly left?: number;
  readonly right?: number;
  readonly result?: number;
  /** OID of what it runs. */
  readonly function?: number;
  /** Of an extension in C, as good as built-in; others run what a user wrote (SQL, PL/pgSQL ...). */
  readonly compiled: boolean;
}

export interface CatalogCast {
  /** Type OIDs. */
  readonly source: number;
  readonly target: number;
  /** The function behind it. */
  readonly schema: string;
  readonly name: string;
}
