-- What others hear or feel: messages, maintenance, the end of their sessions.

-- reader: deny 42501
-- writer: allow
notify corpus, 'x'

-- reader: deny 42501
notify corpus

-- reader: deny 42501
select pg_notify('corpus', 'x')

-- A payload may hold anything.
-- reader: deny 42501
-- writer: deny 42501
select pg_notify('corpus', ssn) from people

-- reader: deny 42501
select pg_notify(ssn, 'x') from people

-- reader: deny 42501
select count(*) from orders where pg_notify('corpus', note) is null

-- reader: allow
-- forms: simple, text
listen corpus

-- reader: allow
-- forms: simple, text
listen "delete from orders"

-- reader: allow
-- forms: simple, text
unlisten corpus

-- reader: allow
-- forms: simple, text
unlisten *

-- reader: deny 42501
vacuum full orders

-- reader: deny 42501
vacuum (analyze) orders

-- reader: deny 42501
analyze

-- reader: deny 42501
analyze people (ssn)

-- reader: deny 42501
cluster orders using orders_pkey

-- reader: deny 42501
reindex table orders

-- reader: deny 42501
reindex (verbose) database corpus

-- reader: deny 42501
-- writer: deny 42501
checkpoint

-- reader: deny 42501
-- writer: deny 42501
select pg_stat_reset()

-- reader: deny 42501
-- writer: deny 42501
select pg_switch_wal()

-- Other sessions are not the reader's to end.
-- reader: deny 42501
-- writer: deny 42501
select pg_terminate_backend(pid) from pg_stat_activity

-- reader: deny 42501
-- writer: deny 42501
select pg_cancel_backend(1)

-- reader: deny 42501
-- writer: deny 42501
select id from orders where pg_terminate_backend(1)

-- reader: deny 42501
-- writer: deny 42501
select pg_log_backend_memory_contexts(1)

-- Not modelled, whoever asks.
-- reader: deny 0A000
-- curious: deny 0A000
prepare transaction 'x'

-- reader: deny 0A000
-- curious: deny 0A000
commit prepared 'x'

-- Words alone.
-- reader: allow
select 'notify corpus', 'vacuum full', note as checkpoint from orders order by id

-- reader: allow
-- varies
select pid, state from pg_stat_activity where pid = pg_backend_pid()
