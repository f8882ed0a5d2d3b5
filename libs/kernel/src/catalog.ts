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
  /** Attribute numbers of the primary key. */
  readonly key?: readonly number[];
}

export interface CatalogColumn {
  /** attnum, from 1. */
  readonly attribute: number;
  readonly name: string;
  /** Type OID. */
  readonly type: number;
  /** The expression of a generated column, as the server prints it. */
  readonly generated?: string;
}

export interface CatalogFunction {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window';
  readonly language: string;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly securityDefiner: boolean;
  /** Argument type OIDs. */
  readonly arguments: readonly number[];
}

export interface CatalogType {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'base' | 'composite' | 'domain' | 'enum' | 'range' | 'array';
  /** Of a domain: its base type; of an array: its element; of a composite: its relation. */
  readonly of?: number;
}

export interface CatalogOperator {
  readonly schema: string;
  readonly name: string;
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
