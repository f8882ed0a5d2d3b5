-- TypeORM, Sequelize, Knex, Drizzle, Prisma, dbt, DataGrip, pg_dump: introspection, migrations and everyday queries.

-- TypeORM
SELECT * FROM current_schema()

-- TypeORM
SELECT * FROM current_database()

-- TypeORM
SELECT "table_schema", "table_name", obj_description(('"' || "table_schema" || '"."' || "table_name" || '"')::regclass, 'pg_class') AS table_comment FROM "information_schema"."tables" WHERE ("table_schema" = 'public' AND "table_name" = 'people') OR ("table_schema" = 'public' AND "table_name" = 'orders') ORDER BY 2

-- TypeORM
SELECT columns.*, pg_catalog.col_description(('"' || table_catalog || '"."' || table_schema || '"."' || table_name || '"')::regclass::oid, ordinal_position) as description, ('"' || "udt_schema" || '"."' || "udt_name" || '"')::"regtype" AS "regtype", pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type" FROM "information_schema"."columns" LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name" AND "col_attr"."attrelid" = (SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls" LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace" WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema") WHERE ("table_schema" = 'public' AND "table_name" = 'orders') ORDER BY ordinal_position

-- TypeORM
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "cnst"."conname" AS "constraint_name", pg_get_constraintdef("cnst"."oid") AS "expression", CASE "cnst"."contype" WHEN 'p' THEN 'PRIMARY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' WHEN 'x' THEN 'EXCLUDE' END AS "constraint_type", "a"."attname" AS "column_name" FROM "pg_constraint" "cnst" INNER JOIN "pg_class" "t" ON "t"."oid" = "cnst"."conrelid" INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "cnst"."connamespace" LEFT JOIN "pg_attribute" "a" ON "a"."attrelid" = "cnst"."conrelid" AND "a"."attnum" = ANY ("cnst"."conkey") WHERE "t"."relkind" IN ('r', 'p') AND "ns"."nspname" = 'public' ORDER BY 2, 3, 6

-- TypeORM
SELECT "n"."nspname", "t"."typname" FROM "pg_type" "t" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = current_schema() AND "t"."typtype" = 'e'

-- TypeORM
SELECT "Order"."id" AS "Order_id", "Order"."note" AS "Order_note", "Person"."id" AS "Person_id", "Person"."name" AS "Person_name" FROM "orders" "Order" LEFT JOIN "people" "Person" ON "Person"."id"="Order"."person_id" WHERE ( (("Order"."total" > 1)) ) AND ( "Order"."id" IN (1, 2) ) ORDER BY "Order"."id" ASC

-- TypeORM
SELECT DISTINCT "distinctAlias"."Order_id" AS "ids_Order_id" FROM (SELECT "Order"."id" AS "Order_id", "Order"."note" AS "Order_note" FROM "orders" "Order") "distinctAlias" ORDER BY "Order_id" ASC LIMIT 1

-- Sequelize
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type LIKE '%TABLE' AND table_name != 'spatial_ref_sys' ORDER BY 1

-- Sequelize
SELECT pk.constraint_type as "Constraint", c.column_name as "Field", c.column_default as "Default", c.is_nullable as "Null", (CASE WHEN c.udt_name = 'hstore' THEN c.udt_name ELSE c.data_type END) || (CASE WHEN c.character_maximum_length IS NOT NULL THEN '(' || c.character_maximum_length || ')' ELSE '' END) as "Type", (SELECT array_agg(e.enumlabel) FROM pg_catalog.pg_type t JOIN pg_catalog.pg_enum e ON t.oid=e.enumtypid WHERE t.typname=c.udt_name) AS "special", (SELECT pgd.description FROM pg_catalog.pg_statio_all_tables AS st INNER JOIN pg_catalog.pg_description pgd on (pgd.objoid=st.relid) WHERE c.ordinal_position=pgd.objsubid AND c.table_name=st.relname) AS "Comment" FROM information_schema.columns c LEFT JOIN (SELECT tc.table_schema, tc.table_name, cu.column_name, tc.constraint_type FROM information_schema.TABLE_CONSTRAINTS tc JOIN information_schema.KEY_COLUMN_USAGE cu ON tc.table_schema=cu.table_schema and tc.table_name=cu.table_name and tc.constraint_name=cu.constraint_name and tc.constraint_type='PRIMARY KEY') pk ON pk.table_schema=c.table_schema AND pk.table_name=c.table_name AND pk.column_name=c.column_name WHERE c.table_name = 'orders' AND c.table_schema = 'public' ORDER BY 2

-- Sequelize
SELECT count(*) AS "count" FROM "orders" AS "Order" WHERE ("Order"."note" LIKE 'f%' AND "Order"."total" >= 1)

-- Sequelize
SELECT "Order".*, "person"."id" AS "person.id", "person"."name" AS "person.name" FROM (SELECT "Order"."id", "Order"."note", "Order"."person_id" FROM "orders" AS "Order" ORDER BY "Order"."id" LIMIT 2) AS "Order" LEFT OUTER JOIN "people" AS "person" ON "Order"."person_id" = "person"."id" ORDER BY "Order"."id"

-- Sequelize
-- forms: simple
-- bare
START TRANSACTION; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; COMMIT

-- Knex
select * from information_schema.tables where table_name = 'knex_migrations' and table_schema = current_schema()

-- Knex
select "o"."id", max("o"."total") as "most" from "orders" as "o" inner join "people" as "p" on "p"."id" = "o"."person_id" where "p"."name" in ('Ada', 'Grace') and not exists (select * from "orders" as "x" where "x"."id" = "o"."id" and "x"."total" > 1000) group by "o"."id" having max("o"."total") > 1 order by "o"."id" asc limit 10

-- Knex
with recursive "t" as (select "id" from "orders" where "id" = 1 union all select "orders"."id" from "orders" inner join "t" on "orders"."id" = "t"."id" + 1) select * from "t" order by "id"

-- Knex
-- writer: allow
insert into "orders" ("id", "note", "person_id", "total") values (100, 'x', 1, 1), (101, DEFAULT, 2, 2) on conflict ("id") do update set "note" = excluded."note" returning "id"

-- Knex
-- writer: allow
update "orders" set "total" = "total" + 1 where "id" = 1 returning *

-- Knex
-- writer: allow
create table if not exists "knex_migrations_lock" ("index" serial primary key, "is_locked" integer)

-- Drizzle
SELECT n.nspname AS table_schema, c.relname AS table_name, CASE WHEN c.relkind = 'r' THEN 'table' WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'm' THEN 'materialized_view' END AS type, c.relrowsecurity AS rls_enabled FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid::text = c.relnamespace::text WHERE c.relkind IN ('r', 'v', 'm') AND n.nspname IN ('public') ORDER BY 2

-- Drizzle
SELECT a.attrelid::regclass::text, a.attname, is_nullable, a.attndims as array_dimensions, CASE WHEN a.atttypid = ANY ('{int,int8,int2}'::regtype[]) AND EXISTS (SELECT FROM pg_attrdef ad WHERE ad.adrelid = a.attrelid AND ad.adnum = a.attnum AND pg_get_expr(ad.adbin, ad.adrelid) = 'nextval(''' || pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass || '''::regclass)') THEN CASE a.atttypid WHEN 'int'::regtype THEN 'serial' WHEN 'int8'::regtype THEN 'bigserial' WHEN 'int2'::regtype THEN 'smallserial' END ELSE format_type(a.atttypid, a.atttypmod) END AS data_type, INFORMATION_SCHEMA.COLUMNS.table_name, ns.nspname as type_schema, pg_get_serial_sequence('"public"."log"', 'id')::regclass as seq_name, c.column_name, c.column_default, c.identity_generation FROM pg_attribute a JOIN INFORMATION_SCHEMA.COLUMNS ON INFORMATION_SCHEMA.COLUMNS.column_name = a.attname JOIN information_schema.columns c ON c.column_name = a.attname AND c.table_name = 'log' JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_namespace ns ON ns.oid = t.typnamespace WHERE a.attnum > 0 AND NOT a.attisdropped AND INFORMATION_SCHEMA.COLUMNS.table_name = 'log' AND a.attrelid = 'public.log'::regclass ORDER BY a.attnum

-- Drizzle
SELECT n.nspname as enum_schema, t.typname as enum_name, e.enumlabel as enum_value, e.enumsortorder as sort_order FROM pg_type t JOIN pg_enum e ON t.oid = e.enumtypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = 'public' ORDER BY enum_schema, enum_name, sort_order

-- Drizzle
SELECT schemaname, tablename, policyname as name, permissive as "as", roles as to, cmd as for, qual as using, with_check FROM pg_policies ORDER BY schemaname, tablename, policyname

-- Drizzle
select "orders"."id", "orders"."note", "people"."name", row_number() over (partition by "orders"."person_id" order by "orders"."id") from "orders" left join "people" on "orders"."person_id" = "people"."id" where ("orders"."total" > '1' and "people"."name" ilike '%a%') order by "orders"."id"

-- Drizzle
select "o"."id", "person"."data" as "person" from "orders" "o" left join lateral (select json_build_array("p"."id", "p"."name") as "data" from (select * from "people" "q" where "q"."id" = "o"."person_id" limit 1) "p") "person" on true order by "o"."id"

-- Prisma
SELECT tbl.relname AS table_name, namespace.nspname as namespace, (tbl.relhassubclass and tbl.relkind = 'p') as is_partition, tbl.relrowsecurity as has_row_level_security, reloptions, obj_description(tbl.oid, 'pg_class') as description FROM pg_class AS tbl INNER JOIN pg_namespace AS namespace ON namespace.oid = tbl.relnamespace WHERE (tbl.relkind='r' AND NOT tbl.relispartition) OR (tbl.relkind='p' AND tbl.relispartition = 'f') AND namespace.nspname = ANY ('{public}') ORDER BY namespace, table_name

-- Prisma
SELECT COALESCE("sub"."agg", '[]') AS "orders", "t"."id" FROM "people" AS "t" LEFT JOIN LATERAL (SELECT JSONB_AGG("o"."__p") AS "agg" FROM (SELECT JSONB_BUILD_OBJECT('id', "x"."id", 'note', "x"."note") AS "__p" FROM "orders" AS "x" WHERE "x"."person_id" = "t"."id" ORDER BY "x"."id") AS "o") AS "sub" ON true ORDER BY "t"."id"

-- Prisma
-- masked: email
SELECT "public"."people"."id", "public"."people"."email", "public"."people"."name" FROM "public"."people" WHERE ("public"."people"."id" = 1 AND 1=1) LIMIT 1 OFFSET 0

-- Prisma
SELECT COUNT(*) AS "_count._all" FROM (SELECT "public"."orders"."id" FROM "public"."orders" WHERE 1=1 OFFSET 0) AS "sub"

-- Prisma: migrations take a lock, which needs `call`
-- reader: deny 42501
SELECT pg_advisory_lock(72707369)

-- Prisma
SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'public') AS exists, version() IS NOT NULL AS version, current_setting('server_version_num')::integer as numeric_version

-- dbt
select distinct nspname from pg_namespace where nspname !~ '^pg_' order by 1

-- dbt
select count(*) from pg_namespace where nspname = 'public'

-- dbt
select 'corpus' as database, tablename as name, schemaname as schema, 'table' as type from pg_tables where schemaname ilike 'public' union all select 'corpus' as database, viewname as name, schemaname as schema, 'view' as type from pg_views where schemaname ilike 'public' union all select 'corpus' as database, matviewname as name, schemaname as schema, 'materialized_view' as type from pg_matviews where schemaname ilike 'public' order by 2

-- dbt
select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale from "corpus".INFORMATION_SCHEMA.columns where table_name = 'orders' and table_schema = 'public' order by ordinal_position

-- dbt
with relation as (select pg_rewrite.ev_class as class, pg_rewrite.oid as id from pg_rewrite), class as (select oid as id, relname as name, relnamespace as schema, relkind as kind from pg_class), dependency as (select distinct pg_depend.objid as id, pg_depend.refobjid as ref from pg_depend), schema as (select pg_namespace.oid as id, pg_namespace.nspname as name from pg_namespace where nspname != 'information_schema' and nspname not like 'pg\_%'), referenced as (select relation.id AS id, referenced_class.name, referenced_class.schema, referenced_class.kind from relation join class as referenced_class on relation.class = referenced_class.id where referenced_class.kind in ('r', 'v', 'm')), relationships as (select referenced.name as referenced_name, referenced.schema as referenced_schema_id, dependent_class.name as dependent_name, dependent_class.schema as dependent_schema_id, referenced.kind as kind from referenced join dependency on referenced.id = dependency.id join class as dependent_class on dependency.ref = dependent_class.id where (referenced.name != dependent_class.name or referenced.schema != dependent_class.schema)) select referenced_schema.name as referenced_schema, relationships.referenced_name, dependent_schema.name as dependent_schema, relationships.dependent_name, relationships.kind from relationships join schema as dependent_schema on relationships.dependent_schema_id = dependent_schema.id join schema as referenced_schema on relationships.referenced_schema_id = referenced_schema.id group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4

-- dbt
select * from (select id, note from public.orders) as __dbt_sbq where false limit 0

-- dbt: tests
select count(*) as failures, count(*) != 0 as should_warn, count(*) != 0 as should_error from (select id as unique_field, count(*) as n_records from "corpus"."public"."orders" where id is not null group by id having count(*) > 1) dbt_internal_test

-- dbt: tests
select count(*) as failures from (with child as (select person_id as from_field from "corpus"."public"."orders" where person_id is not null), parent as (select id as to_field from "corpus"."public"."people") select from_field from child left join parent on child.from_field = parent.to_field where parent.to_field is null) t

-- dbt
-- writer: allow
create table "corpus"."public"."totals__dbt_tmp" as (select person_id, sum(total) as total from "corpus"."public"."orders" group by 1)

-- dbt
-- writer: allow
create view "corpus"."public"."big__dbt_tmp" as (select * from "corpus"."public"."orders" where total > 10)

-- dbt
-- forms: simple
-- bare
-- writer: allow
BEGIN; alter table "corpus"."public"."log" rename to "log__dbt_backup"; ROLLBACK

-- DataGrip
select N.oid::bigint as id, N.nspname as name, D.description, pg_catalog.pg_get_userbyid(N.nspowner) as owner from pg_catalog.pg_namespace N left join pg_catalog.pg_description D on N.oid = D.objoid order by case when nspname = pg_catalog.current_schema() then -1 else 0 end, N.oid

-- DataGrip
-- varies
select T.relkind as table_kind, T.relname as table_name, T.oid as table_id, T.xmin as table_state_number, false as table_with_oids, T.reltablespace as tablespace_id, T.reloptions as options, T.relpersistence as persistence, (select pg_catalog.array_agg(inhparent::bigint order by inhseqno)::varchar from pg_catalog.pg_inherits where T.oid = inhrelid) as ancestors, T.relispartition as is_partition, pg_catalog.pg_get_partkeydef(T.oid) as partition_key, pg_catalog.pg_get_expr(T.relpartbound, T.oid) as partition_expression, T.relam am_id, pg_catalog.pg_get_userbyid(T.relowner) as "owner" from pg_catalog.pg_class T where relnamespace = 'public'::regnamespace and relkind in ('r', 'm', 'v', 'f', 'p') order by table_kind, table_id

-- DataGrip
with T as (select distinct T.oid as table_id, T.relname as table_name from pg_catalog.pg_class T, pg_catalog.pg_attribute A where T.relnamespace = 'public'::regnamespace and T.relkind in ('r', 'm', 'v', 'f', 'p') and A.attrelid = T.oid) select T.table_id, C.attnum as column_position, C.attname as column_name, C.atttypid as type_id, C.atttypmod as type_mod, C.attndims as dimensions_number, pg_catalog.format_type(C.atttypid, C.atttypmod) as type_spec, C.attnotnull as mandatory, pg_catalog.pg_get_expr(D.adbin, T.table_id) as column_default_expression, not C.attislocal as column_is_inherited, C.attidentity as identity_kind from T join pg_catalog.pg_attribute C on T.table_id = C.attrelid left join pg_catalog.pg_attrdef D on (C.attrelid, C.attnum) = (D.adrelid, D.adnum) where attnum > 0 order by table_id, attnum

-- DataGrip
select pg_catalog.current_database(), pg_catalog.txid_current_snapshot() is not null, case when pg_catalog.pg_is_in_recovery() then 'yes' else 'no' end

-- pg_dump
SELECT pg_catalog.set_config('search_path', '', false)

-- pg_dump
-- forms: simple
SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET transaction_timeout = 0; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; SET check_function_bodies = false; SET xmloption = content; SET client_min_messages = warning; SET row_security = off; SET default_tablespace = ''; SET default_table_access_method = heap

-- pg_dump
-- forms: simple
SET DATESTYLE = ISO; SET INTERVALSTYLE = POSTGRES; SET extra_float_digits TO 3; SET synchronize_seqscans TO off; SET quote_all_identifiers TO off

-- pg_dump
SELECT tableoid, oid, nspname, nspowner, nspacl, acldefault('n', nspowner) AS acldefault FROM pg_namespace ORDER BY oid

-- pg_dump
SELECT classid, objid, refobjid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' ORDER BY 3, 2

-- pg_dump
SELECT t.tableoid, t.oid, i.indrelid, t.relname AS indexname, pg_catalog.pg_get_indexdef(i.indexrelid) AS indexdef, i.indkey, i.indisclustered, c.contype, c.conname, c.condeferrable, pg_catalog.pg_get_constraintdef(c.oid, false) AS condef, (SELECT spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = t.reltablespace) AS tablespace, (SELECT pg_catalog.array_agg(attnum ORDER BY attnum) FROM pg_catalog.pg_attribute WHERE attrelid = i.indexrelid AND attstattarget >= 0) AS indstatcols FROM unnest(array['orders'::regclass::oid]) AS src(tbloid) JOIN pg_catalog.pg_index i ON (src.tbloid = i.indrelid) JOIN pg_catalog.pg_class t ON (t.oid = i.indexrelid) LEFT JOIN pg_catalog.pg_constraint c ON (i.indrelid = c.conrelid AND i.indexrelid = c.conindid AND c.contype IN ('p','u','x')) ORDER BY i.indrelid, indexname

-- pg_dump
-- forms: simple
COPY public.orders (id, person_id, total, note) TO stdout
