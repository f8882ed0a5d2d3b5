-- What is made of a masked value is masked, too.

-- reader: allow
-- masked: 1, 2, 3, 4, 5
select substr(ssn, 1, 3), left(ssn, 2), right(ssn, 2), reverse(ssn), translate(ssn, 'C', 'x') from people order by id

-- reader: allow
-- masked: 1, 2, 3, 4
select upper(ssn), lower(ssn), md5(ssn), ssn || '!' from people order by id

-- reader: allow
-- masked: 1, 2, 3
select concat(ssn, '!'), concat_ws('-', id, ssn), ssn || id from people where id < 4 order by id

-- reader: allow
-- masked: 1, 2, 3, 4
select ascii(ssn), length(ssn), octet_length(ssn), strpos(ssn, 'q') from people order by id

-- reader: allow
-- masked: 1, 2, 3
select substring(ssn from 2 for 3), overlay(ssn placing 'xx' from 2 for 2), split_part(ssn, 'x', 1) from people order by id

-- reader: allow
-- masked: 1, 2, 3
select lpad(ssn, 20, '.'), rpad(ssn, 20, '.'), btrim(ssn, 'C') from people order by id

-- reader: allow
-- masked: 1, 2, 3
select quote_literal(ssn), quote_ident(ssn), initcap(ssn) from people order by id

-- reader: allow
-- masked: 1, 2, 3
select ssn is null, ssn = 'x', ssn > 'D' from people order by id

-- reader: allow
-- masked: 1, 2
select coalesce(ssn, 'none'), greatest(ssn, 'D') from people order by id

-- reader: allow
-- masked: 1, 2
select encode(photo, 'hex'), encode(photo, 'base64') from people order by id

-- reader: allow
-- masked: 1, 2, 3
select encode(sha256(photo), 'hex'), length(photo), photo::text from people order by id

-- reader: allow
-- masked: 1, 2
select salary::text, salary > 5 from people order by id

-- reader: allow
-- masked: 1, 2
select born::text, token::text from people order by id

-- reader: allow
-- masked: 1, 2
select sum(salary), avg(salary) from people

-- reader: allow
-- masked: 1
select string_agg(ssn, ',' order by id) from people

-- reader: allow
-- masked: 1, 2
select ssn::varchar(5), ssn::char(3) from people order by id

-- reader: allow
-- masked: 1
select ssn collate "C" from people order by id

-- What may fail, give NULL or several rows tells by that alone.
-- reader: deny 42501
select ssn::int from people

-- reader: deny 42501
select salary / (salary - 739184620) from people

-- reader: deny 42501
select nullif(ssn, 'x') from people

-- reader: deny 42501
select regexp_match(ssn, '^CNRYq') from people

-- reader: deny 42501
select regexp_split_to_table(ssn, '') from people

-- reader: deny 42501
select string_to_table(ssn, null) from people

-- reader: deny 42501
select generate_series(1, ascii(ssn)) from people

-- reader: deny 42501
select repeat('x', ascii(ssn)) from people

-- reader: deny 42501
select chr(ascii(ssn)) from people

-- reader: deny 42501
select case when ssn like 'CNRYq%' then 'a' else 'b' end, 1 / case when ssn like 'C%' then 0 else 1 end from people

-- A backslash at the end fails where the value goes as far as that.
-- reader: deny 42501
select ssn like 'CNRYq\' from people where id = 1

-- reader: deny 42501
select ssn not ilike 'cnryq\' from people where id = 1

-- reader: deny 42501
select ssn like any (array['CNRYq\']) from people where id = 1

-- reader: deny 42501
select ssn like 'CNRYq#' escape '#' from people where id = 1

-- reader: deny 42501
select textlike(ssn, 'CNRYq\') from people where id = 1

-- A pattern takes its time for one value, and none for another.
-- reader: deny 42501
select (ssn || repeat('ab', 100) || 'z') ~ '^CNRYq(.+)(.+)(.+)\1\2\3.*z$' from people where id = 1

-- reader: deny 42501
select regexp_replace(ssn || repeat('ab', 100) || 'z', '^CNRYq(.+)(.+)(.+)\1\2\3.*z$', '') from people where id = 1

-- reader: deny 42501
select regexp_split_to_array(ssn, '(.+)(.+)\1\2') from people where id = 1

-- reader: deny 42501
select ssn like '%C%N%R%Y%q%v%x%7%k%z%' from people where id = 1

-- The server complains of words that are too long.
-- reader: deny 42501
select to_tsvector('simple', repeat('x', 1024) || replace(substr(ssn, 1, 1), 'C', ' ') || repeat('x', 1023)) from people where id = 1

-- reader: deny 42501
select (repeat('x', 2040) || ssn) @@ 'x' from people where id = 1

-- reader: deny 42501
select to_tsvector(doc) from people

-- Bytes are a text in one encoding, or none.
-- reader: deny 42501
select length(substr(photo, 1, 1) || '\x80', 'UTF8') from people where id = 1

-- reader: deny 42501
select length('\xc3'::bytea || substr(sha256(photo), 1, 1), 'UTF8') from people where id = 1

-- An object is made of pairs.
-- reader: deny 42501
select json_build_object(variadic string_to_array(replace(left(ssn, 1), 'C', 'q'), 'q')) from people where id = 1

-- reader: deny 42501
select jsonb_build_object(variadic tags) from people

-- A path gives NULL where it is no truth.
-- reader: deny 42501
select doc @@ '($.code ? (@ starts with "CNRYd")).size() > "x"' from people where id = 1

-- reader: deny 42501
select doc @? '$.code ? (@ starts with "CNRYd")' from people where id = 1

-- Whoever may filter still sees nothing.
-- curious: allow
-- masked: 1, 2, 3, 4
select ssn like 'CNRYq%', ssn ~ '^CNRYq', regexp_count(ssn, 'q'), to_tsvector('simple', ssn) from people order by id

-- curious: allow
-- masked: 1, 2, 3, 4
select repeat(ssn, 2), format('%s', ssn), nullif(ssn, 'x'), regexp_replace(ssn, '(.)', '\1 ', 'g') from people order by id

-- curious: allow
-- masked: 1
select regexp_split_to_table(ssn, '') from people where id = 1

-- curious: allow
-- masked: 1, 2
select convert_to(ssn, 'UTF8'), decode(replace(token::text, '-', ''), 'hex') from people order by id

-- curious: allow
-- masked: 1
select case when ssn like 'CNRYq%' then 'yes' else 'no' end from people where id < 4 order by id
