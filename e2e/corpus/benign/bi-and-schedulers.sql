-- Metabase, Grafana, Power BI, Superset, Looker: what they ask of the schema and what a dashboard sends.

-- Metabase
SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE NULL END AS type, d.description AS description, NULLIF(stat.n_live_tup, 0) AS estimated_row_count FROM pg_catalog.pg_class AS c INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid LEFT JOIN pg_catalog.pg_description AS d ON c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass LEFT JOIN pg_stat_user_tables AS stat ON n.nspname = stat.schemaname AND c.relname = stat.relname WHERE c.relnamespace = n.oid AND n.nspname !~ '^information_schema|catalog_history|pg_' AND c.relkind IN ('r', 'p', 'v', 'f', 'm') AND c.relname = 'nothing' ORDER BY type ASC, schema ASC, name ASC

-- Metabase
SELECT c.column_name AS name, c.udt_name AS "database-type", c.ordinal_position - 1 AS "database-position", c.table_schema AS "table-schema", c.table_name AS "table-name", pk.column_name IS NOT NULL AS "pk?", col_description(CAST(CAST(format('%I.%I', c.table_schema, c.table_name) AS regclass) AS oid), c.ordinal_position) AS "field-comment", ((c.column_default IS NULL) OR (LOWER(c.column_default) = 'null')) AND (c.is_nullable = 'NO') AND NOT (((c.column_default IS NOT NULL) AND (c.column_default LIKE '%nextval(%')) OR (c.is_identity <> 'NO')) AS "database-required", ((c.column_default IS NOT NULL) AND (c.column_default LIKE '%nextval(%')) OR (c.is_identity <> 'NO') AS "database-is-auto-increment" FROM information_schema.columns AS c LEFT JOIN (SELECT tc.table_schema, tc.table_name, kc.column_name FROM information_schema.table_constraints AS tc INNER JOIN information_schema.key_column_usage AS kc ON tc.constraint_name = kc.constraint_name AND tc.table_schema = kc.table_schema AND tc.table_name = kc.table_name WHERE tc.constraint_type = 'PRIMARY KEY') AS pk ON c.table_schema = pk.table_schema AND c.table_name = pk.table_name AND c.column_name = pk.column_name WHERE c.table_schema !~ '^information_schema|catalog_history|pg_' AND c.table_name IN ('people', 'orders') ORDER BY "table-schema", "table-name", "database-position"

-- Metabase
SELECT fk_ns.nspname AS "fk-table-schema", fk_table.relname AS "fk-table-name", fk_column.attname AS "fk-column-name", pk_ns.nspname AS "pk-table-schema", pk_table.relname AS "pk-table-name", pk_column.attname AS "pk-column-name" FROM pg_constraint AS c INNER JOIN pg_class AS fk_table ON c.conrelid = fk_table.oid INNER JOIN pg_namespace AS fk_ns ON c.connamespace = fk_ns.oid INNER JOIN pg_attribute AS fk_column ON c.conrelid = fk_column.attrelid INNER JOIN pg_class AS pk_table ON c.confrelid = pk_table.oid INNER JOIN pg_namespace AS pk_ns ON pk_table.relnamespace = pk_ns.oid INNER JOIN pg_attribute AS pk_column ON c.confrelid = pk_column.attrelid WHERE fk_ns.nspname !~ '^information_schema|catalog_history|pg_' AND c.contype = 'f'::char AND fk_column.attnum = ANY(c.conkey) AND pk_column.attnum = ANY(c.confkey) ORDER BY "fk-table-schema", "fk-table-name"

-- Metabase
SELECT tbl.oid, n.nspname AS "table-schema", tbl.relname AS "table-name", MAX(pg_index.indkey[0]) AS one FROM pg_index INNER JOIN pg_class AS tbl ON tbl.oid = pg_index.indrelid INNER JOIN pg_namespace n ON n.oid = tbl.relnamespace WHERE n.nspname = 'public' AND pg_index.indpred IS NULL AND pg_index.indisvalid GROUP BY 1, 2, 3 ORDER BY 1

-- Metabase
with table_privileges as (select NULL as role, t.schemaname as schema, t.objectname as table, pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"', 'update') as update, pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"', 'select') as select, pg_catalog.has_table_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"', 'delete') as delete from (select schemaname, tablename as objectname from pg_catalog.pg_tables union select schemaname, viewname as objectname from pg_catalog.pg_views union select schemaname, matviewname as objectname from pg_catalog.pg_matviews) t where t.schemaname !~ '^pg_' and t.schemaname <> 'information_schema' and pg_catalog.has_schema_privilege(current_user, t.schemaname, 'usage')) select t.* from table_privileges t where t.select or t.update or t.delete order by 2, 3

-- Metabase: fingerprints and a question
SELECT substring("public"."orders"."note", 1, 1234) AS "substring1", "public"."orders"."total" AS "total" FROM "public"."orders" ORDER BY id LIMIT 10000

-- Metabase
SELECT "source"."person_id" AS "person_id", COUNT(*) AS "count", SUM("source"."total") AS "sum" FROM (SELECT "public"."orders"."id" AS "id", "public"."orders"."person_id" AS "person_id", "public"."orders"."total" AS "total" FROM "public"."orders" WHERE "public"."orders"."total" > 0) AS "source" GROUP BY "source"."person_id" ORDER BY "source"."person_id" ASC

-- Metabase
-- masked: avg
SELECT CAST("public"."people"."name" AS text) AS "name", AVG("public"."people"."salary") AS "avg" FROM "public"."people" GROUP BY CAST("public"."people"."name" AS text) ORDER BY 1 ASC

-- Metabase
SELECT DATE_TRUNC('month', "public"."events"."at") AS "at", COUNT(*) AS "count" FROM "public"."events" GROUP BY DATE_TRUNC('month', "public"."events"."at") ORDER BY DATE_TRUNC('month', "public"."events"."at") ASC

-- Grafana
SELECT current_setting('server_version_num')::int / 100 as version

-- Grafana
SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'

-- Grafana
SELECT CASE WHEN quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'), ','), 1), array_upper(string_to_array(current_setting('search_path'), ','), 1)) as i, string_to_array(current_setting('search_path'), ',') s) THEN quote_ident(table_name) ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS "table" FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', '_timescaledb_cache') ORDER BY 1

-- Grafana
SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns WHERE quote_ident(table_name) = 'orders' ORDER BY 1

-- Grafana
SELECT floor(extract(epoch from at) / 3600) * 3600 AS "time", count(who) AS "who" FROM events WHERE at BETWEEN '2025-01-01T00:00:00Z' AND '2026-12-31T00:00:00Z' GROUP BY time ORDER BY time

-- Grafana
SELECT at AS "time", who::text AS metric, who AS value FROM events WHERE at >= '2025-01-01' ORDER BY 1, 2

-- Power BI
select TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE from INFORMATION_SCHEMA.tables where TABLE_SCHEMA not in ('information_schema', 'pg_catalog') order by TABLE_SCHEMA, TABLE_NAME

-- Power BI
select COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, case when (data_type like '%unsigned%') then DATA_TYPE || ' unsigned' else DATA_TYPE end as DATA_TYPE from INFORMATION_SCHEMA.columns where TABLE_SCHEMA = 'public' and TABLE_NAME = 'orders' order by TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION

-- Power BI
select pkcol.COLUMN_NAME as PK_COLUMN_NAME, fkcol.TABLE_SCHEMA AS FK_TABLE_SCHEMA, fkcol.TABLE_NAME AS FK_TABLE_NAME, fkcol.COLUMN_NAME as FK_COLUMN_NAME, fkcol.ORDINAL_POSITION as ORDINAL, fkcon.CONSTRAINT_SCHEMA || '_' || fkcol.TABLE_NAME || '_' || 'people' || '_' || fkcon.CONSTRAINT_NAME as FK_NAME from (select distinct constraint_catalog, constraint_schema, unique_constraint_schema, constraint_name, unique_constraint_name from INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS) fkcon inner join INFORMATION_SCHEMA.KEY_COLUMN_USAGE fkcol on fkcon.CONSTRAINT_SCHEMA = fkcol.CONSTRAINT_SCHEMA and fkcon.CONSTRAINT_NAME = fkcol.CONSTRAINT_NAME inner join INFORMATION_SCHEMA.KEY_COLUMN_USAGE pkcol on fkcon.UNIQUE_CONSTRAINT_SCHEMA = pkcol.CONSTRAINT_SCHEMA and fkcon.UNIQUE_CONSTRAINT_NAME = pkcol.CONSTRAINT_NAME where pkcol.TABLE_SCHEMA = 'public' and pkcol.TABLE_NAME = 'people' and pkcol.ORDINAL_POSITION = fkcol.ORDINAL_POSITION order by FK_NAME, fkcol.ORDINAL_POSITION

-- Power BI
select i.CONSTRAINT_SCHEMA || '_' || i.CONSTRAINT_NAME as INDEX_NAME, ii.COLUMN_NAME, ii.ORDINAL_POSITION, case when i.CONSTRAINT_TYPE = 'PRIMARY KEY' then 'Y' else 'N' end as PRIMARY_KEY from INFORMATION_SCHEMA.table_constraints i inner join INFORMATION_SCHEMA.key_column_usage ii on i.CONSTRAINT_SCHEMA = ii.CONSTRAINT_SCHEMA and i.CONSTRAINT_NAME = ii.CONSTRAINT_NAME and i.TABLE_SCHEMA = ii.TABLE_SCHEMA and i.TABLE_NAME = ii.TABLE_NAME where i.TABLE_SCHEMA = 'public' and i.TABLE_NAME = 'orders' and i.CONSTRAINT_TYPE in ('PRIMARY KEY', 'UNIQUE') order by 1, ii.ORDINAL_POSITION

-- Power BI
select "$Table"."id" as "id", "$Table"."total" as "total" from "public"."orders" "$Table" where "$Table"."total" >= 10 order by 1 limit 1001

-- Superset
SELECT note AS note, sum(total) AS "SUM(total)" FROM public.orders WHERE total > 1 GROUP BY note ORDER BY "SUM(total)" DESC LIMIT 100

-- Superset
SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' ORDER BY nspname

-- Looker
SELECT COALESCE(SUM(orders.total), 0) AS "orders.total", COUNT(DISTINCT CASE WHEN orders.total > 10 THEN orders.person_id ELSE NULL END) AS "big" FROM orders AS orders LEFT JOIN people AS people ON orders.person_id = people.id WHERE (people.name ILIKE '%a%' OR people.name IS NULL) HAVING COALESCE(SUM(orders.total), 0) > 0 ORDER BY 1 DESC FETCH NEXT 500 ROWS ONLY

-- Tableau
-- varies
SELECT CAST(EXTRACT(EPOCH FROM now()) AS bigint), pg_backend_pid() > 0

-- Tableau
SELECT SUM("orders"."total") AS "sum:total:ok", ((CAST(EXTRACT(YEAR FROM "events"."at") AS INTEGER) * 100) + CAST(EXTRACT(MONTH FROM "events"."at") AS INTEGER)) AS "my:at:ok" FROM "public"."orders" "orders" INNER JOIN "public"."events" "events" ON ("orders"."person_id" = "events"."who") GROUP BY 2 ORDER BY 2

-- Airflow
SELECT task.id AS task_id, task.note AS task_note FROM orders AS task WHERE task.note IN ('first', 'second') AND (task.total IS NULL OR task.total < 100) ORDER BY task.id

-- Airflow
SELECT count(*) AS count_1 FROM (SELECT DISTINCT orders.person_id AS person_id FROM orders WHERE orders.note = 'first') AS anon_1

-- Airflow: a row that nobody else may take
-- writer: allow
SELECT id, note FROM orders WHERE note = 'first' ORDER BY total DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED

-- Celery, with a table of results
-- writer: allow
UPDATE orders SET note = 'SUCCESS', total = 1 WHERE orders.id = 2 RETURNING orders.id

-- A queue
-- writer: allow
DELETE FROM orders WHERE id = (SELECT id FROM orders WHERE note = 'second' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id, note

-- A queue
-- writer: allow
WITH job AS (SELECT id FROM orders WHERE note = 'first' LIMIT 1 FOR UPDATE SKIP LOCKED) UPDATE orders SET note = 'taken' FROM job WHERE orders.id = job.id RETURNING orders.id, orders.note

-- pgbench
SELECT o.n, p.partstrat, pg_catalog.count(i.inhparent) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON (n.oid = c.relnamespace) CROSS JOIN LATERAL (SELECT pg_catalog.array_position(pg_catalog.current_schemas(true), n.nspname)) AS o(n) LEFT JOIN pg_catalog.pg_partitioned_table AS p ON (p.partrelid = c.oid) LEFT JOIN pg_catalog.pg_inherits AS i ON (c.oid = i.inhparent) WHERE c.relname = 'orders' AND o.n IS NOT NULL GROUP BY 1, 2 ORDER BY 1 ASC LIMIT 1

-- pgbench
SELECT count(*) FROM orders

-- pgbench
-- writer: allow
UPDATE orders SET total = total + 17 WHERE id = 1

-- pgbench
-- writer: allow
INSERT INTO log (line) VALUES ('17')

-- pgbench
-- forms: simple
-- bare
BEGIN; SELECT total FROM orders WHERE id = 1; END

-- An application's report
SELECT to_char(d, 'YYYY-MM-DD') AS day, coalesce(sum(o.total), 0) AS total FROM generate_series(date '2026-01-01', date '2026-01-03', interval '1 day') d LEFT JOIN orders o ON o.id = extract(day FROM d) GROUP BY d ORDER BY d

-- An application's search
SELECT id, note, ts_rank(to_tsvector('english', note), plainto_tsquery('english', 'first')) AS rank FROM orders WHERE to_tsvector('english', note) @@ plainto_tsquery('english', 'first') ORDER BY rank DESC, id

-- A page by its key
SELECT id, total FROM orders WHERE (total, id) > (0, 1) ORDER BY total, id LIMIT 2

-- Cohorts
WITH firsts AS (SELECT person_id, min(id) AS first FROM orders GROUP BY person_id), later AS (SELECT o.person_id, count(*) FILTER (WHERE o.id > f.first) AS more FROM orders o JOIN firsts f USING (person_id) GROUP BY o.person_id) SELECT f.person_id, f.first, l.more, rank() OVER (ORDER BY l.more DESC) FROM firsts f JOIN later l USING (person_id) ORDER BY 1

-- Documents
SELECT m.id, e.key, jsonb_typeof(e.value) FROM messages m CROSS JOIN LATERAL jsonb_each(CASE WHEN jsonb_typeof(m.doc) = 'object' THEN m.doc ELSE '{}'::jsonb END) e WHERE m.id = 5 ORDER BY 1, 2

-- Documents
SELECT id FROM messages WHERE doc @> '{"a": 1}' OR doc ? 'pan' OR jsonb_path_exists(doc, '$.a ? (@ > 0)') ORDER BY id

-- A tree
WITH RECURSIVE tree AS (SELECT id, person_id, ARRAY[id] AS path FROM orders WHERE id = 1 UNION ALL SELECT o.id, o.person_id, path || o.id FROM orders o JOIN tree t ON o.id = t.id + 1) SELECT id, array_to_string(path, '/'), cardinality(path) FROM tree ORDER BY path

-- A percentile
SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY total), stddev_pop(total), mode() WITHIN GROUP (ORDER BY note) FROM orders

-- A pivot
SELECT person_id, sum(total) FILTER (WHERE note = 'first') AS first, sum(CASE note WHEN 'second' THEN total ELSE 0 END) AS second FROM orders GROUP BY ROLLUP (person_id) ORDER BY person_id NULLS LAST
