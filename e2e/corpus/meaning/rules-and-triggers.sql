-- The table says what a write does.

-- Its rule deletes from another table.
-- reader: deny 42501
-- writer: deny 42501
insert into ruled values (1)

-- reader: deny 42501
-- writer: deny 42501
-- forms: simple, text, binary
with a as (insert into ruled values (1)) select 1

-- COPY heeds no rule.
-- reader: deny 42501
-- writer: allow
-- forms: simple
copy ruled from stdin

-- Reading it is only that.
-- reader: allow
select * from ruled

-- reader: deny 42501
insert into triggered values (1)

-- What it will do is not seen when it is run.
-- reader: deny 42501
-- writer: deny 42501
-- curious: allow
create rule further as on update to ruled do instead nothing

-- reader: deny 0A000
create rule "_RETURN" as on select to "update" do instead select * from orders

-- reader: deny 42501
create trigger further after insert on orders execute function remember()

-- reader: deny 42501
create event trigger further on ddl_command_end execute function remember()

-- Who writes to a view writes to what it shows.
-- reader: deny 42501
-- writer: allow
delete from v_people where id = 4

-- reader: deny 42501
-- writer: allow
update v_people set name = 'x' where id = 1
