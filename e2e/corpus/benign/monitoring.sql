-- Exporters of metrics, pgwatch, Datadog, pgAdmin's dashboard, pganalyze, check_postgres: how the server fares.

-- varies
SELECT pg_postmaster_start_time(), pg_conf_load_time()

-- varies
SELECT CASE WHEN pg_is_in_recovery() THEN 0 ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') END AS bytes

-- varies
SELECT pg_current_wal_lsn(), pg_current_wal_insert_lsn(), pg_current_wal_flush_lsn()

-- varies
SELECT CASE WHEN NOT pg_is_in_recovery() THEN 0 WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 ELSE GREATEST(0, EXTRACT(EPOCH FROM (now() - pg_last_xact_replay_timestamp()))) END AS lag, CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END AS is_replica

-- varies
SELECT application_name, coalesce(client_addr::text, client_hostname) AS client, state, sync_state, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float AS lag FROM pg_stat_replication

-- varies
SELECT slot_name, slot_type, active, CASE WHEN pg_is_in_recovery() THEN 0 ELSE pg_current_wal_lsn() - restart_lsn END AS current_lag_bytes, safe_wal_size, wal_status FROM pg_replication_slots

-- varies
SELECT datname, pg_database_size(datname) FROM pg_database WHERE datallowconn AND NOT datistemplate

-- varies
SELECT pg_database.datname, age(datfrozenxid), mxid_age(datminmxid) FROM pg_database ORDER BY 1

-- varies
SELECT pg_database.datname as datname, tmp.mode as mode, COALESCE(count, 0) as count FROM (VALUES ('accesssharelock'), ('rowsharelock'), ('rowexclusivelock'), ('exclusivelock')) AS tmp(mode) CROSS JOIN pg_database LEFT JOIN (SELECT database, lower(mode) AS mode, count(*) AS count FROM pg_locks WHERE database IS NOT NULL GROUP BY database, lower(mode)) AS tmp2 ON tmp.mode = tmp2.mode AND pg_database.oid = tmp2.database ORDER BY 1

-- Whom a session says that it is may hold anything: to count by it needs `filter`.
-- reader: deny 42501
-- curious: allow
-- varies
SELECT pg_database.datname, tmp.state, tmp2.usename, tmp2.application_name, COALESCE(count, 0) as count, COALESCE(max_tx_duration, 0) as max_tx_duration FROM (VALUES ('active'), ('idle'), ('idle in transaction'), ('disabled')) AS tmp(state) CROSS JOIN pg_database LEFT JOIN (SELECT datname, state, usename, application_name, count(*) AS count, MAX(EXTRACT(EPOCH FROM now() - xact_start))::float AS max_tx_duration FROM pg_stat_activity GROUP BY datname, state, usename, application_name) AS tmp2 ON tmp.state = tmp2.state AND pg_database.datname = tmp2.datname

-- varies
SELECT numbackends, xact_commit, xact_rollback, blks_read, blks_hit, tup_returned, tup_fetched, tup_inserted, tup_updated, tup_deleted, conflicts, temp_files, temp_bytes, deadlocks, blk_read_time, stats_reset FROM pg_stat_database WHERE datname = current_database()

-- varies
SELECT * FROM pg_stat_database_conflicts

-- varies
SELECT * FROM pg_stat_bgwriter

-- varies
SELECT * FROM pg_stat_checkpointer

-- varies
SELECT * FROM pg_stat_wal

-- varies
SELECT * FROM pg_stat_archiver

-- varies
SELECT backend_type, object, context, reads, writes, extends, hits, evictions FROM pg_stat_io

-- varies
SELECT * FROM pg_stat_slru

-- varies
SELECT schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd, n_live_tup, n_dead_tup, n_mod_since_analyze, COALESCE(last_vacuum, '1970-01-01Z') as last_vacuum, last_autovacuum, last_analyze, vacuum_count, autovacuum_count, pg_table_size(relid) AS size FROM pg_stat_user_tables

-- varies
SELECT schemaname, relname, indexrelname, idx_scan, idx_tup_read, idx_tup_fetch, pg_relation_size(indexrelid) FROM pg_stat_user_indexes

-- varies
SELECT current_database() datname, schemaname, relname, heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit, toast_blks_read FROM pg_statio_user_tables

-- varies
SELECT schemaname, relname, blks_read, blks_hit FROM pg_statio_user_sequences

-- varies
SELECT * FROM pg_stat_user_functions

-- varies
SELECT * FROM pg_stat_progress_vacuum

-- varies
SELECT pid, datname, relid::regclass, phase, blocks_done, blocks_total FROM pg_stat_progress_create_index

-- varies
SELECT * FROM pg_stat_progress_analyze

-- varies
SELECT * FROM pg_stat_progress_copy

-- varies
SELECT * FROM pg_stat_wal_receiver

-- varies
SELECT * FROM pg_stat_subscription

-- varies
SELECT * FROM pg_stat_ssl WHERE pid = pg_backend_pid()

-- varies
SELECT name, setting, COALESCE(unit, ''), short_desc, vartype FROM pg_settings WHERE vartype IN ('bool', 'integer', 'real') AND name != 'sync_commit_cancel_wait'

SELECT name, setting::numeric FROM pg_settings WHERE name IN ('max_connections', 'autovacuum_freeze_max_age', 'superuser_reserved_connections') ORDER BY name

-- varies
SELECT count(*) AS total, count(*) FILTER (WHERE state = 'active' AND pid <> pg_backend_pid()) AS active, count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting, max(extract(epoch FROM now() - xact_start)) FILTER (WHERE backend_type = 'client backend') AS longest FROM pg_stat_activity

-- varies
SELECT blocked.pid, blocking.pid AS blocking_pid, blocked.wait_event, now() - blocked.query_start AS waits FROM pg_stat_activity blocked JOIN pg_stat_activity blocking ON blocking.pid = ANY (pg_blocking_pids(blocked.pid)) WHERE cardinality(pg_blocking_pids(blocked.pid)) > 0

-- varies
SELECT bl.pid, a.usename, kl.pid AS other FROM pg_catalog.pg_locks bl JOIN pg_catalog.pg_stat_activity a ON a.pid = bl.pid JOIN pg_catalog.pg_locks kl ON kl.transactionid = bl.transactionid AND kl.pid != bl.pid WHERE NOT bl.granted

-- varies
SELECT nspname || '.' || relname AS relation, pg_size_pretty(pg_total_relation_size(c.oid)) AS total, pg_size_pretty(pg_indexes_size(c.oid)) AS indexes FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND c.relkind <> 'i' AND nspname !~ '^pg_toast' ORDER BY pg_total_relation_size(c.oid) DESC LIMIT 20

-- varies
SELECT c.oid::regclass AS name, greatest(age(c.relfrozenxid), age(t.relfrozenxid)) AS age FROM pg_class c LEFT JOIN pg_class t ON c.reltoastrelid = t.oid WHERE c.relkind IN ('r', 'm') ORDER BY 2 DESC LIMIT 10

-- varies
SELECT sum(idx_blks_hit) / nullif(sum(idx_blks_hit + idx_blks_read), 0) AS ratio FROM pg_statio_user_indexes

-- varies
SELECT indexrelid::regclass, idx_scan FROM pg_stat_user_indexes JOIN pg_index USING (indexrelid) WHERE idx_scan = 0 AND indisunique IS FALSE

-- varies
SELECT count(*) FROM pg_prepared_xacts

-- varies
SELECT gid, prepared, owner, database FROM pg_prepared_xacts WHERE now() - prepared > interval '1 hour'

SELECT oid, spcname, pg_get_userbyid(spcowner), pg_tablespace_location(oid) FROM pg_tablespace ORDER BY 1

-- varies
SELECT spcname, pg_tablespace_size(oid) FROM pg_tablespace WHERE spcname = 'pg_default'

-- varies
SELECT txid_current_if_assigned(), pg_current_xact_id_if_assigned(), txid_current_snapshot(), pg_current_snapshot()

-- varies
SELECT pg_snapshot_xmin(pg_current_snapshot()), txid_snapshot_xmax(txid_current_snapshot())

SELECT has_database_privilege(current_database(), 'CONNECT'), pg_has_role(current_user, 'pg_monitor', 'MEMBER')

SELECT pg_is_wal_replay_paused() WHERE pg_is_in_recovery()

-- varies
SELECT pid, usename, application_name, client_addr, state, wait_event, backend_xid, backend_xmin, query_id FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()

-- varies
SELECT type, name, wait_event IS NOT NULL FROM pg_wait_events w LEFT JOIN pg_stat_activity a ON w.type = a.wait_event_type AND w.name = a.wait_event

-- varies
SELECT 'session_stats' AS chart_name, pg_catalog.row_to_json(t) AS chart_data FROM (SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity) AS "Total", (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active') AS "Active") t UNION ALL SELECT 'bio_stats' AS chart_name, pg_catalog.row_to_json(t) AS chart_data FROM (SELECT (SELECT sum(blks_read) FROM pg_catalog.pg_stat_database) AS "Reads", (SELECT sum(blks_hit) FROM pg_catalog.pg_stat_database) AS "Hits") t

-- varies
SELECT gss_authenticated, encrypted FROM pg_catalog.pg_stat_gssapi WHERE pid = pg_backend_pid()

-- varies
SELECT name, pg_size_pretty(total_bytes) FROM pg_backend_memory_contexts ORDER BY total_bytes DESC LIMIT 5

-- varies
SELECT count(*) FROM pg_hba_file_rules
