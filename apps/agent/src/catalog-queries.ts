/**
 * What proof needs of a PostgreSQL target, read with the connection's own credential. Every name is schema-qualified and the
 * search_path is pg_catalog alone, so that nothing the target's users made is ever called. No rights beyond what a role
 * always has are needed.
 */
export const prepareSession = `
  set search_path = pg_catalog; set default_transaction_read_only = on; set statement_timeout = '20s'; set lock_timeout = '2s'`;

const userSchema = (column: string): string =>
  `n.nspname <> 'pg_catalog' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_(toast|temp)' and ${column} >= 16384`;

/** Changes when anything that a catalog holds may have changed: cheap enough to ask every minute. */
export const fingerprintQuery = `
  select pg_catalog.md5(pg_catalog.concat_ws(',',
    (select pg_catalog.concat_ws('/', pg_catalog.count(*), pg_catalog.max(oid::text::bigint), pg_catalog.sum(pg_catalog.hashtext(relname::text || relkind::text || relhasrules::text || relhastriggers::text || relnatts::text || relnamespace::text || xmin::text)::bigint)) from pg_catalog.pg_class),
    (select pg_catalog.concat_ws('/', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtext(attname::text || attnum::text || atttypid::text || attisdropped::text || xmin::text)::bigint)) from pg_catalog.pg_attribute where attrelid >= 16384 and attnum > 0),
    (select pg_catalog.concat_ws('/', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtext(oid::text || xmin::text)::bigint)) from pg_catalog.pg_proc where oid >= 16384),
    (select pg_catalog.concat_ws('/', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtext(oid::text || xmin::text)::bigint)) from pg_catalog.pg_type where oid >= 16384),
    (select pg_catalog.concat_ws('/', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtext(oid::text || xmin::text)::bigint)) from pg_catalog.pg_rewrite where oid >= 16384),
    (select pg_catalog.concat_ws('/', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtext(inhrelid::text || inhparent::text)::bigint)) from pg_catalog.pg_inherits),
    (select pg_catalog.string_agg(nspname::text || oid::text, ',' order by oid) from pg_catalog.pg_namespace where nspname !~ '^pg_(toast|temp)'),
    pg_catalog.current_setting('server_version_num'))) as fingerprint`;

export const settingsQuery = `
  select pg_catalog.current_setting('server_version_num')::int as version, pg_catalog.current_database()::text as database`;

export const relationsQuery = `
  select c.oid::bigint as oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind,
    case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end as definition,
    coalesce((select pg_catalog.array_agg(i.inhparent::bigint order by i.inhseqno) from pg_catalog.pg_inherits i where i.inhrelid = c.oid), '{}') as parents,
    c.relhastriggers or c.relrowsecurity as triggers,
    exists (select from pg_catalog.pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN') as rules,
    coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname, a.atttypid::bigint) order by a.attnum)
      from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') and ${userSchema('c.oid')}
  order by c.oid`;

export const functionsQuery = `
  select p.oid::bigint as oid, n.nspname::text as schema, p.proname::text as name, p.prokind::text as kind,
    l.lanname::text as language, p.provolatile::text as volatility, p.prosecdef as definer,
    coalesce(p.proallargtypes, p.proargtypes::oid[])::bigint[] as arguments
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace join pg_catalog.pg_language l on l.oid = p.prolang
  where ${userSchema('p.oid')}
  order by p.oid`;

export const typesQuery = `
  select t.oid::bigint as oid, n.nspname::text as schema, t.typname::text as name, t.typtype::text as kind,
    t.typcategory::text as category, t.typelem::bigint as element, t.typbasetype::bigint as base, t.typrelid::bigint as relation
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  where ${userSchema('t.oid')}
  order by t.oid`;
