-- MERGE does what its branches say.

-- reader: deny 42501
-- writer: allow
-- held: hold
merge into orders o using people p on p.id = o.person_id when matched then update set note = 'merged'

-- reader: deny 42501
-- writer: allow
merge into orders o using people p on p.id = o.person_id and o.id = 1 when matched then delete

-- reader: deny 42501
merge into orders o using (select 1 as id) s on s.id = o.id when not matched by source then delete

-- Does nothing, and is a MERGE all the same.
-- reader: deny 42501
-- writer: allow
merge into orders o using people p on p.id = o.person_id when matched then do nothing

-- reader: deny 42501
-- writer: allow
-- forms: simple, text, binary
-- masked: ssn
merge into orders o using people p on p.id = o.person_id and o.id = 3 when matched then delete returning merge_action(), o.id, p.ssn
