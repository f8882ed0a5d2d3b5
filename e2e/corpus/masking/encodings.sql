-- The same value in other letters, bytes and numbers.

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'LATIN1'

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'SJIS'

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'SQL_ASCII'

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'WIN1252'

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'GB18030'

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'EUC_JP'

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'BIG5'

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'UHC'

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'KOI8R'

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'JOHAB'

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'MULE_INTERNAL'

-- reader: deny SP008
-- writer: deny SP008
-- forms: simple, text
set client_encoding = 'iso-8859-1'

-- reader: deny SP008
-- forms: simple, text
set names 'SJIS'

-- reader: deny SP008
-- forms: simple, text
select set_config('client_encoding', 'GBK', true)

-- reader: deny 42501
-- writer: deny 42501
alter role current_user set client_encoding = 'SJIS'

-- reader: deny 42501
-- writer: deny 42501
select * from pg_conversion where convert('x', 'UTF8', 'LATIN1') is null

-- reader: allow
-- forms: simple, text
set client_encoding = 'UTF8'

-- reader: allow
-- forms: simple, text
set client_encoding = 'utf-8'

-- reader: allow
-- forms: simple, text
set client_encoding = 'UNICODE'

-- The session goes on under each of its names.
-- reader: allow
-- first: set client_encoding to 'UNICODE'
-- masked: ssn
select id, ssn, note from people order by id

-- reader: allow
-- forms: simple, text
set names 'UTF8'

-- reader: allow
-- forms: simple, text
reset client_encoding

-- reader: allow
select pg_client_encoding(), getdatabaseencoding(), current_setting('client_encoding')

-- Other alphabets.
-- reader: allow
-- masked: wide
select translate(ssn, 'CNRY0123456789', U&'\FF23\FF2E\FF32\FF39\FF10\FF11\FF12\FF13\FF14\FF15\FF16\FF17\FF18\FF19') as wide from people order by id

-- reader: allow
-- masked: wide
select translate(card, '0123456789', U&'\FF10\FF11\FF12\FF13\FF14\FF15\FF16\FF17\FF18\FF19') as wide from people order by id

-- reader: allow
-- masked: narrow
select normalize(translate(card, '0123456789', U&'\FF10\FF11\FF12\FF13\FF14\FF15\FF16\FF17\FF18\FF19'), nfkc) as narrow from people order by id

-- reader: allow
-- masked: arabic
select translate(card, '0123456789', U&'\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669') as arabic from people order by id

-- reader: allow
-- masked: nbsp, zero
select replace(card, '4', U&'4\00A0') as nbsp, replace(card, '5', U&'5\200B') as zero from people order by id

-- reader: allow
-- masked: nbsp
select overlay(card placing U&'\00A0' from 5 for 0) as nbsp from people order by id

-- reader: allow
-- masked: rot
select translate(ssn, 'abcdefghijklmnopqrstuvwxyz', 'nopqrstuvwxyzabcdefghijklm') as rot from people order by id

-- curious: allow
-- masked: d, c
select normalize(ssn, nfd) as d, ssn is nfc normalized as c from people order by id

-- reader: allow
-- masked: u, l, f, i
select upper(ssn) collate "C" as u, lower(ssn) as l, casefold(ssn) as f, initcap(ssn) as i from people order by id

-- Bytes.
-- reader: allow
-- masked: h, b, e, r
select encode(photo, 'hex') h, encode(photo, 'base64') b, encode(photo, 'escape') e, reverse(photo) r from people order by id

-- reader: allow
-- masked: m, s, c, n
select md5(photo) m, sha224(photo) s, crc32(photo) c, bit_count(photo) n from people order by id

-- reader: deny 42501
select convert_from(photo, 'UTF8') from people

-- reader: deny 42501
select convert_to(ssn, 'LATIN1'), convert_to(ssn, 'UTF8') from people

-- reader: deny 42501
select ssn::bytea from people

-- reader: deny 42501
select decode(ssn, 'escape') from people

-- reader: deny 42501
select get_byte(photo, 0), get_bit(photo, 0) from people

-- reader: deny 42501
select set_byte(photo, 0, 65) from people

-- reader: deny 42501
select to_ascii(ssn, 'LATIN1') from people

-- reader: deny 42501
select unistr(ssn) from people

-- curious: allow
-- masked: t, h, b
select convert_from(photo, 'UTF8') t, encode(convert_to(ssn, 'UTF8'), 'hex') h, get_byte(photo, 4) b from people order by id

-- Numbers.
-- reader: deny 42501
select to_hex(salary), to_bin(salary), to_oct(salary) from people

-- reader: deny 42501
select to_char(salary, 'FM999G999G999'), to_char(born, 'YYYY') from people

-- reader: deny 42501
select salary::bit(32) from people

-- reader: deny 42501
select extract(epoch from born), date_part('year', born) from people

-- reader: deny 42501
select born - date '2000-01-01', age(born) from people

-- curious: allow
-- masked: h, c, b, y, d
select to_hex(salary) h, to_char(salary, 'FM999,999,999') c, salary::bit(32) b, extract(year from born) y, born - date '2000-01-01' d from people order by id

-- reader: deny 42501
select uuid_extract_timestamp(token), token::text::bytea from people

-- Detectors read through these.
-- reader: allow
-- masked: wide, nbsp, dashes, blanks
select U&'\FF14\FF15\FF13\FF19\FF11\FF14\FF18\FF18\FF10\FF13\FF14\FF13\FF16\FF14\FF16\FF17' as wide, U&'4539\00A01488\00A00343\00A06467' as nbsp, '4539-1488-0343-6467' as dashes, '4539 1488 0343 6467' as blanks

-- reader: allow
-- masked: 1, 2, 3, 4, 5
select '(4539148803436467)', 'x4539148803436467', 'pan=4539148803436467;', '"4539148803436467"', E'\t4539148803436467\n'

-- reader: allow
-- masked: raw
select convert_to('pay 4539148803436467 now', 'UTF8') as raw

-- And leave alone what is none.
-- reader: allow
select U&'\FF11\FF12\FF13', U&'12\00A034', U&'\0661\0662', 'grüße', U&'\+01F600', U&'e\0301'

-- reader: allow
select convert_to('grüße', 'LATIN1'), convert_to('x', 'UTF8'), encode('\x00ff', 'base64'), decode('AP8=', 'base64'), to_hex(255), '\xdeadbeef'::bytea
