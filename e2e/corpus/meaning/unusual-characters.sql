-- Characters that look like others, that no editor shows, or that are none.

-- NBSP is a letter.
-- reader: deny 42601
-- forms: simple, text, binary
-- escaped
select 1\u{a0}; delete from orders

-- reader: deny 42601
-- forms: simple, text
-- escaped
\u{feff}delete from orders

-- Zero width.
-- reader: deny 42601
-- forms: simple, text
-- escaped
delete\u{200b}from orders

-- reader: allow
-- escaped
select 1 as a\u{200b}b

-- reader: allow
-- escaped
select 'a\u{a0}b'

-- A Cyrillic letter: another name, and none that is there.
-- reader: deny 0A000
-- escaped
delete from ord\u{435}rs

-- reader: deny 42601
-- forms: simple, text
-- escaped
select 1\u{2028}delete from orders

-- A right-to-left override changes nothing but how it looks.
-- reader: deny 42501
-- forms: simple
-- escaped
select 1 as "\u{202e}"; delete from orders

-- NUL.
-- reader: deny 08P01
-- forms: simple, text
-- escaped
select 1\u{0}; delete from orders

-- reader: deny 22021
-- forms: simple, text
-- escaped
select '\x{ff}'

-- A quote that is swallowed where bytes are read in another encoding.
-- reader: deny 22021
-- forms: simple, text
-- escaped
select '\x{bf}'; delete from orders --'

-- Overlong: a quote in two bytes.
-- reader: deny 22021
-- forms: simple, text
-- escaped
select 'a\x{c0}\x{a7}; delete from orders --'

-- A lone surrogate.
-- reader: deny 22021
-- forms: simple, text
-- escaped
select '\x{ed}\x{a0}\x{80}'

-- reader: deny 42601
-- forms: simple, text
select U&'\d800'

-- reader: deny 42601
-- forms: simple, text
select E'\x00'

-- reader: allow
-- escaped
select '\u{1f600}'
