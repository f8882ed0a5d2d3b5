-- ActiveRecord: what a Rails application sends from boot to an everyday request.

-- forms: simple
SET client_min_messages TO 'warning'

-- forms: simple
SET standard_conforming_strings = on

-- forms: simple
SET intervalstyle = iso_8601

-- forms: simple
SET SESSION timezone TO 'UTC'

-- forms: simple
SET statement_timeout TO 5000

SHOW max_identifier_length

SHOW search_path

SHOW client_min_messages

SHOW TIME ZONE

-- varies
SELECT version()

SELECT pg_is_in_recovery()

SELECT t.oid, t.typname FROM pg_type AS t WHERE t.typname IN ('int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric', 'bool', 'timestamp', 'timestamptz') ORDER BY 1

SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type AS t LEFT JOIN pg_range AS r ON t.oid = r.rngtypid WHERE t.typname IN ('int2', 'int4', 'json', 'uuid', 'inet', 'hstore') ORDER BY 1

SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type AS t LEFT JOIN pg_range AS r ON t.oid = r.rngtypid WHERE t.typtype IN ('r', 'e', 'd') ORDER BY 1

SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type AS t LEFT JOIN pg_range AS r ON t.oid = r.rngtypid WHERE t.typelem IN (16, 17, 18, 19, 20, 21, 23, 25, 26, 700, 701) ORDER BY 1

SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r','v','m','p','f') ORDER BY 1

SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relname = 'people' AND c.relkind IN ('r','p')

SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod, c.collname, col_description(a.attrelid, a.attnum) AS comment, attidentity AS identity, attgenerated as attgenerated FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation WHERE a.attrelid = '"people"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum

SELECT a.attname FROM (SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx FROM pg_index WHERE indrelid = '"people"'::regclass AND indisprimary) i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.idx] ORDER BY i.idx

SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), pg_catalog.obj_description(i.oid, 'pg_class') AS comment, d.indisvalid, ARRAY(SELECT pg_get_indexdef(d.indexrelid, k + 1, true) FROM generate_subscripts(d.indkey, 1) AS k ORDER BY k) AS columns FROM pg_class t INNER JOIN pg_index d ON t.oid = d.indrelid INNER JOIN pg_class i ON d.indexrelid = i.oid LEFT JOIN pg_namespace n ON n.oid = t.relnamespace WHERE i.relkind IN ('i', 'I') AND d.indisprimary = 'f' AND t.relname = 'orders' AND n.nspname = ANY (current_schemas(false)) ORDER BY i.relname

SELECT t2.oid::regclass::text AS to_table, a1.attname AS column, a2.attname AS primary_key, c.conname AS name, c.confupdtype AS on_update, c.confdeltype AS on_delete, c.convalidated AS valid, c.condeferrable AS deferrable, c.condeferred AS deferred, c.conrelid, c.confrelid, c.conkey, c.confkey FROM pg_constraint c JOIN pg_class t1 ON c.conrelid = t1.oid JOIN pg_class t2 ON c.confrelid = t2.oid JOIN pg_attribute a1 ON a1.attnum = c.conkey[1] AND a1.attrelid = t1.oid JOIN pg_attribute a2 ON a2.attnum = c.confkey[1] AND a2.attrelid = t2.oid JOIN pg_namespace t3 ON c.connamespace = t3.oid WHERE c.contype = 'f' AND t1.relname = 'orders' AND t3.nspname = ANY (current_schemas(false)) ORDER BY c.conname

SELECT conname, pg_get_constraintdef(c.oid, true) AS constraintdef, c.convalidated AS valid FROM pg_constraint c JOIN pg_class t ON c.conrelid = t.oid JOIN pg_namespace n ON n.oid = c.connamespace WHERE c.contype = 'c' AND t.relname = 'orders' AND n.nspname = ANY (current_schemas(false))

SELECT c.conname, c.conrelid, c.condeferrable, c.condeferred, pg_get_constraintdef(c.oid) AS constraintdef FROM pg_constraint c JOIN pg_class t ON c.conrelid = t.oid JOIN pg_namespace n ON n.oid = c.connamespace WHERE c.contype = 'x' AND t.relname = 'orders' AND n.nspname = ANY (current_schemas(false))

SELECT type.typname AS name, type.OID AS oid, n.nspname AS schema, array_agg(enum.enumlabel ORDER BY enum.enumsortorder) AS value FROM pg_enum AS enum JOIN pg_type AS type ON (type.oid = enum.enumtypid) JOIN pg_namespace n ON type.typnamespace = n.oid WHERE n.nspname = ANY (current_schemas(false)) GROUP BY type.OID, n.nspname, type.typname

SELECT extname, n.nspname AS schema FROM pg_extension JOIN pg_namespace n ON pg_extension.extnamespace = n.oid ORDER BY 1

SELECT EXISTS(SELECT * FROM pg_available_extensions WHERE name = 'pgcrypto') AS available, EXISTS(SELECT 1 FROM pg_extension WHERE extname = 'pgcrypto') AS installed

SELECT seq.relname::text AS seq, attr.attname FROM pg_class seq, pg_attribute attr, pg_depend dep, pg_constraint cons WHERE seq.oid = dep.objid AND seq.relkind = 'S' AND attr.attrelid = dep.refobjid AND attr.attnum = dep.refobjsubid AND attr.attrelid = cons.conrelid AND attr.attnum = cons.conkey[1] AND cons.contype = 'p' AND dep.classid = 'pg_class'::regclass AND dep.refobjid = '"people"'::regclass

SELECT pg_get_serial_sequence('"log"', 'id')

SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_.*' AND nspname NOT IN ('information_schema') ORDER by nspname

SELECT COUNT(*) FROM pg_namespace WHERE nspname = 'public'

SELECT datcollate, datctype, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()

SELECT inhparent::regclass::text FROM pg_catalog.pg_inherits WHERE inhrelid = '"derived"'::regclass

SELECT pg_get_partkeydef('events'::regclass)

SELECT obj_description('people'::regclass, 'pg_class')

SELECT pg_get_viewdef('v_people'::regclass, true)

SELECT "people"."id", "people"."name" FROM "people" WHERE "people"."id" = 1 LIMIT 1

SELECT 1 AS one FROM "people" WHERE "people"."name" = 'Ada' LIMIT 1

SELECT 1 AS one FROM "people" WHERE LOWER("people"."name") = LOWER('Ada') AND "people"."id" != 2 LIMIT 1

SELECT COUNT(*) FROM (SELECT 1 AS one FROM "orders" LIMIT 10 OFFSET 0) subquery_for_count

SELECT COUNT(DISTINCT "orders"."person_id") FROM "orders" INNER JOIN "people" ON "people"."id" = "orders"."person_id" WHERE "people"."name" ILIKE '%a%'

SELECT "orders"."id" AS t0_r0, "orders"."person_id" AS t0_r1, "people"."id" AS t1_r0, "people"."name" AS t1_r1 FROM "orders" LEFT OUTER JOIN "people" ON "people"."id" = "orders"."person_id" WHERE ("orders"."total" > 5) ORDER BY "orders"."id" ASC

SELECT "orders".* FROM "orders" WHERE "orders"."person_id" IN (1, 2, 3) ORDER BY "orders"."id" DESC LIMIT 25 OFFSET 0

SELECT SUM("orders"."total") AS "sum_total", "orders"."person_id" AS "orders_person_id" FROM "orders" GROUP BY "orders"."person_id" ORDER BY 2

SELECT "orders".* FROM "orders" WHERE "orders"."note" IS NOT NULL AND ("orders"."total" BETWEEN 1 AND 100 OR "orders"."id" >= 3) ORDER BY "orders"."total" DESC NULLS LAST, "orders"."id"

SELECT "orders"."id" FROM "orders" WHERE NOT EXISTS (SELECT 1 FROM "people" WHERE "people"."id" = "orders"."person_id" AND "people"."name" = 'Grace') ORDER BY 1

-- masked: ssn, email, card, salary, born, token, photo, doc, tags, home
SELECT "people".* FROM "people" ORDER BY "people"."id" ASC LIMIT 1000

-- masked: 1
SELECT "people"."email" FROM "people" WHERE "people"."name" = 'Ada'

-- forms: simple
BEGIN; SAVEPOINT active_record_1; RELEASE SAVEPOINT active_record_1; COMMIT

-- forms: simple
-- bare
BEGIN ISOLATION LEVEL SERIALIZABLE; ROLLBACK

-- forms: simple
SAVEPOINT active_record_1; SELECT 1; ROLLBACK TO SAVEPOINT active_record_1

-- writer: allow
-- forms: simple, text, binary
INSERT INTO "orders" ("id", "person_id", "total", "note") VALUES (100, 1, 2.5, 'x') RETURNING "id"

-- writer: allow
INSERT INTO "orders" ("id", "person_id", "total", "note") VALUES (100, 1, 2.5, 'x'), (101, 2, 3.5, NULL) ON CONFLICT DO NOTHING RETURNING "id"

-- writer: allow
INSERT INTO "orders" ("id","person_id","total","note") VALUES (1, 1, 2, 'y') ON CONFLICT ("id") DO UPDATE SET "total"=excluded."total","note"=excluded."note" RETURNING "id"

-- writer: allow
UPDATE "orders" SET "note" = 'y', "total" = COALESCE("total", 0) + 1 WHERE "orders"."id" = 1

-- writer: allow
UPDATE "orders" SET "total" = "orders"."total" * 2 WHERE "orders"."id" IN (SELECT "orders"."id" FROM "orders" WHERE "orders"."note" = 'first' ORDER BY "orders"."id" ASC LIMIT 1)

-- writer: allow
DELETE FROM "orders" WHERE "orders"."person_id" = 3

-- writer: allow
CREATE TABLE "posts" ("id" bigserial primary key, "title" character varying NOT NULL, "body" text, "meta" jsonb DEFAULT '{}' NOT NULL, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL)

-- writer: allow
CREATE TABLE IF NOT EXISTS "schema_migrations" ("version" character varying NOT NULL PRIMARY KEY)

-- writer: allow
ALTER TABLE "orders" ADD "state" integer DEFAULT 0 NOT NULL

-- writer: allow
CREATE INDEX "index_orders_on_person_id" ON "orders" ("person_id")

-- writer: allow
CREATE UNIQUE INDEX "index_orders_on_note" ON "orders" ("note", "id") WHERE "note" IS NOT NULL

-- writer: allow
ALTER TABLE "orders" ADD CONSTRAINT "chk" CHECK (total >= 0) NOT VALID

-- writer: allow
COMMENT ON COLUMN "orders"."note" IS 'what it says'
