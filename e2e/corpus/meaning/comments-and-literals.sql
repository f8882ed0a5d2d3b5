-- Where a literal, a name or a comment begins and ends.

-- reader: allow
-- row: DROP TABLE people
select 'DROP TABLE people'

-- reader: allow
select 1 -- delete from orders

-- reader: allow
select 1 /* outer /* drop table people */ still a comment; delete from orders */

-- reader: allow
-- row: delete from orders |  $$ drop table people $$ 
select $$delete from orders$$, $a$ $$ drop table people $$ $a$

-- reader: allow
-- row: it's';delete from orders
select E'it\'s'';delete from orders'

-- reader: allow
-- row: DROP TABLE people
select U&'\0044ROP TABLE people'

-- reader: allow
-- row: DROP
select U&'!0044ROP' uescape '!'

-- reader: allow
select 1 as "delete from orders; drop table people"

-- reader: allow
-- row: deletefrom
select 'delete'
'from'

-- reader: allow
select E'\\''; delete from orders --'

-- And these do.
-- reader: deny 42501
-- forms: simple
select 1 /* /* */ */ ; delete from orders

-- reader: deny 42501
-- forms: simple
select '/*'; delete from orders; select '*/'

-- reader: deny 42501
-- forms: simple
select '--'; delete from orders

-- No escape where standard_conforming_strings is on.
-- reader: deny 42501
-- forms: simple
select 'back\'; delete from orders --'

-- reader: deny 42501
-- forms: simple
select $a$ $b$ $a$; delete from orders

-- reader: deny 42501
-- forms: simple
select E'\\'; delete from orders; --'

-- reader: deny 42501
delete -- from nowhere
from orders

-- reader: deny 42501
/* select 1 */ delete from orders /* harmless */

-- reader: deny 42501
delete from "orders"

-- reader: deny 42501
delete from U&"\006frders"

-- reader: deny 42501
delete from U&"!006frders" uescape '!'

-- reader: deny 42501
select U&"remo\0076er"()

-- reader: deny 42501
select "pg_read_file"('/etc/passwd')

-- Unfinished.
-- reader: deny 42601
-- forms: simple, text
select 'a

-- reader: deny 42601
-- forms: simple, text
select /* 1

-- reader: deny 42601
-- forms: simple, text
select $$a
