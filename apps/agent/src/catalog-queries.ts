/**
 * What proof needs of a PostgreSQL target, read with the connection's own credential. Until the search_path is pg_catalog alone
 * even types are qualified, so that nothing the target's users made is ever called. All of it is one transaction, read-only, its
 * settings its own: a pooler before the target may give every transaction another session. No rights beyond what a role always
 * has are needed.
 */
export const begin = `
  begin isolation level repeatable read read only; set local statement_timeout = '20s'; set local lock_timeout = '2s'`;

/** What a session of this role starts with: ALTER ROLE and ALTER DATABASE may set both. */
export const startQuery = `
  select pg_catalog.current_schemas(false)::pg_catalog.text[] as path, current_user::pg_catalog.text as user`;

export const ownNamesOnly = `set local search_path = pg_catalog`;

const userSchema = (column: string): string =>
  `n.nspname <> 'pg_catalog' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_(toast|temp)' and ${column} >= 16384`;

/** One number for a set of rows, of any order. The seed is ours alone, so that nobody can aim at a sum that stays the same. */
const digest = (seed: number, row: string, from: string): string =>
  `(select pg_catalog.concat_ws('/', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(${row}, ${seed}))) from ${from})`;

/** Changes when anything that a catalog holds may have changed: cheap enough to ask every minute. */
export const fingerprintQuery = (seed: number): string => {
  const rows = [
    [
      'relname || relkind::text || relhasrules || relhastriggers || relrowsecurity || relforcerowsecurity || relnatts || relnamespace',
      'pg_class',
    ],
    ["attrelid || '.' || attnum || attname || atttypid || attisdropped || attgenerated", 'pg_attribute'],
    ["''", 'pg_attrdef'],
    ["''", 'pg_proc'],
    ["''", 'pg_type'],
    ["''", 'pg_operator'],
    ["''", 'pg_cast'],
    ["''", 'pg_rewrite'],
    ["''", 'pg_index'],
    ["''", 'pg_trigger'],
    ["''", 'pg_policy'],
    ["''", 'pg_constraint'],
    ["''", 'pg_range'],
    ["''", 'pg_event_trigger'],
    ["inhrelid || '.' || inhparent || '.' || inhseqno", 'pg_inherits'],
    ["nspname || '.' || oid", 'pg_namespace'],
    ["rolname || '.' || oid", 'pg_roles'],
  ] as const;
  const parts = rows.map(([row, table]) => {
    // Temporary and toast tables come and go, and are in no catalog.
    const from =
      table === 'pg_class'
        ? `pg_catalog.pg_class where oid >= 16384 and relpersistence <> 't' and relkind <> 't'`
        : table === 'pg_attribute'
          ? `pg_catalog.pg_attribute where attrelid >= 16384 and attnum > 0`
          : table === 'pg_namespace'
            ? `pg_catalog.pg_namespace where nspname !~ '^pg_(toast|temp)'`
            : `pg_catalog.${table}`;
    // A view over what few may read has no version of its own.
    const version = table === 'pg_roles' ? '' : `, '.', ${table}.xmin`;
    return digest(seed, `pg_catalog.concat(${row.replaceAll('||', ',')}${version})`, from);
  });
  return `
  select pg_catalog.md5(pg_catalog.concat_ws(',', ${parts.join(',\n    ')},
    pg_catalog.current_setting('server_version_num'))) as fingerprint`;
};

export const settingsQuery = `
  select pg_catalog.current_setting('server_version_num')::int as version, pg_catalog.current_database()::text as database`;

export const relationsQuery = `
  select c.oid::bigint as oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind,
    case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end as definition,
    coalesce((select pg_catalog.array_agg(i.inhparent::bigint order by i.inhseqno) from pg_catalog.pg_inherits i where i.inhrelid = c.oid), '{}') as parents,
    c.relhastriggers or c.relrowsecurity as triggers,
    pg_catalog.pg_get_userbyid(c.relowner)::text as owner,
    (select pg_catalog.json_agg(pg_catalog.json_build_array(t.tgname, t.tgfoid::bigint) order by t.tgname)
      from pg_catalog.pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled <> 'D') as user_triggers,
    (select pg_catalog.json_agg(pg_catalog.json_build_array(r.rulename, r.ev_type::text, pg_catalog.pg_get_ruledef(r.oid)) order by r.rulename)
      from pg_catalog.pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN') as rules,
    c.relrowsecurity as row_security, c.relforcerowsecurity as forced,
    case when c.relrowsecurity then (select pg_catalog.json_agg(pg_catalog.json_build_array(p.polname, p.polcmd::text,
        pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname)
      from pg_catalog.pg_policy p where p.polrelid = c.oid) end as policies,
    (select pg_catalog.json_agg(distinct k.conrelid::bigint order by k.conrelid::bigint) from pg_catalog.pg_constraint k where k.confrelid = c.oid
        and k.contype = 'f' and (k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd'))) as cascades,
    (select i.indkey::int2[]::int[] from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary) as key,
    (select pg_catalog.array_agg(distinct m.attnum order by m.attnum) from (
      select pg_catalog.unnest(i.indkey::int2[])::int from pg_catalog.pg_index i
        where i.indrelid = c.oid and (i.indisunique or i.indisexclusion) and not i.indisprimary
      union all
      select pg_catalog.unnest(k.conkey)::int from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'f'
    ) m (attnum) where m.attnum > 0) as matched,
    (select pg_catalog.json_agg(pg_catalog.pg_get_expr(k.conbin, k.conrelid) order by k.conname)
      from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'c') as checks,
    (select pg_catalog.json_agg(pg_catalog.concat_ws(', ', pg_catalog.pg_get_expr(i.indexprs, i.indrelid),
        pg_catalog.pg_get_expr(i.indpred, i.indrelid)) order by i.indexrelid)
      from pg_catalog.pg_index i where i.indrelid = c.oid and (i.indexprs is not null or i.indpred is not null)) as indexed,
    (select pg_catalog.concat_ws(', ',
        (select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum) from pg_catalog.pg_attribute a
          where a.attrelid = c.oid and a.attnum = any (p.partattrs::int2[])),
        pg_catalog.pg_get_expr(p.partexprs, p.partrelid))
      from pg_catalog.pg_partitioned_table p where p.partrelid = c.oid) as partitioned_by,
    coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname, a.atttypid::bigint,
        case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
        case when a.atttypmod >= 0 then true end) order by a.attnum)
      from pg_catalog.pg_attribute a left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') and ${userSchema('c.oid')}
  order by c.oid`;

export const functionsQuery = `
  select p.oid::bigint as oid, n.nspname::text as schema, p.proname::text as name, p.prokind::text as kind,
    l.lanname::text as language, p.provolatile::text as volatility, p.prosecdef as definer,
    coalesce(p.proallargtypes, p.proargtypes::oid[])::bigint[] as arguments,
    case when p.proallargtypes is not null then p.proargtypes::oid[]::bigint[] end as identity,
    pg_catalog.pg_get_userbyid(p.proowner)::text as owner, p.prorettype::bigint as returns,
    case when p.proargmodes is not null then (
      select pg_catalog.json_agg(pg_catalog.json_build_array(coalesce(a.name, ''), a.type::bigint) order by a.place)
      from rows from (pg_catalog.unnest(p.proallargtypes), pg_catalog.unnest(p.proargmodes), pg_catalog.unnest(p.proargnames))
        with ordinality a (type, mode, name, place) where a.mode in ('o', 'b', 't')) end as results
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace join pg_catalog.pg_language l on l.oid = p.prolang
  where p.oid >= 16384 and n.nspname <> 'information_schema' and n.nspname !~ '^pg_(toast|temp)'
  order by p.oid`;

/** What an operator or a cast runs is compiled where C wrote it. */
export const operatorsQuery = `
  select n.nspname::text as schema, o.oprname::text as name, l.lanname in ('c', 'internal') as compiled,
    o.oprleft::bigint as left, o.oprright::bigint as right, o.oprresult::bigint as result, p.oid::bigint as function
  from pg_catalog.pg_operator o join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
    join pg_catalog.pg_proc p on p.oid = o.oprcode join pg_catalog.pg_language l on l.oid = p.prolang
  where o.oid >= 16384
  order by o.oid`;

export const castsQuery = `
  select c.castsource::bigint as source, c.casttarget::bigint as target, n.nspname::text as schema, p.proname::text as name
  from pg_catalog.pg_cast c join pg_catalog.pg_proc p on p.oid = c.castfunc
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace join pg_catalog.pg_language l on l.oid = p.prolang
  where c.oid >= 16384 and l.lanname not in ('c', 'internal')
  order by c.oid`;

export const typesQuery = `
  select t.oid::bigint as oid, n.nspname::text as schema, t.typname::text as name, t.typtype::text as kind,
    t.typcategory::text as category, t.typelem::bigint as element, t.typbasetype::bigint as base, t.typrelid::bigint as relation,
    coalesce((select r.rngsubtype::bigint from pg_catalog.pg_range r where r.rngtypid = t.oid),
      (select r.rngtypid::bigint from pg_catalog.pg_range r where r.rngmultitypid = t.oid), 0) as subtype,
    case when t.typtype = 'd' then (select pg_catalog.array_agg(pg_catalog.pg_get_constraintdef(k.oid) order by k.conname)
      from pg_catalog.pg_constraint k where k.contypid = t.oid) end as constraints
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  where ${userSchema('t.oid')}
  order by t.oid`;

export const schemasQuery = `
  select nspname::text as name from pg_catalog.pg_namespace
  where nspname <> 'pg_catalog' and nspname <> 'information_schema' and nspname !~ '^pg_(toast|temp)' order by 1`;

export const eventTriggersQuery = `
  select evtname::text as name, evtevent::text as event, evtfoid::bigint as function
  from pg_catalog.pg_event_trigger where evtenabled <> 'D' order by 1`;
