-- Something of everything that clients describe, dump and restore.
create schema shop;
comment on schema shop is 'what the tests look at';

create domain shop.email as text check (value like '%@%');
create type shop.status as enum ('open', 'paid', 'void');
create type shop.address as (street text, zip text);
create type shop.span as range (subtype = float8);
create collation shop.plain from "C";
create sequence shop.numbers start 100 increment 10 cache 5;

create table shop.customers (
  id int generated always as identity primary key,
  name text not null collate shop.plain,
  email shop.email unique,
  home shop.address,
  tags text[] default '{}',
  about jsonb,
  born date,
  name_length int generated always as (length(name)) stored
);
comment on table shop.customers is 'who buys';
comment on column shop.customers.home is 'where the parcel goes';
create index customers_lower on shop.customers (lower(name)) where born is not null;
create statistics shop.customers_together (ndistinct) on name, born from shop.customers;

create table shop.orders (
  id bigserial primary key,
  customer int not null references shop.customers on delete cascade,
  status shop.status not null default 'open',
  amount numeric(12, 2) not null check (amount >= 0),
  placed timestamptz not null default now(),
  number int default nextval('shop.numbers'),
  picture bytea,
  exclude using gist (tsrange(null, null) with &&) where (amount < 0)
);
create table shop.events (id int not null, at date not null, what text, primary key (id, at)) partition by range (at);
create table shop.events_2025 partition of shop.events for values from ('2025-01-01') to ('2026-01-01');
create table shop.events_2026 partition of shop.events for values from ('2026-01-01') to ('2027-01-01');
create table shop.pets (name text, "Legs and more" int);
create table shop.dogs (breed text) inherits (shop.pets);
create unlogged table shop.scratch (k int primary key, v xml) with (fillfactor = 70);

create view shop.open_orders as
  select o.id, c.name, o.amount from shop.orders o join shop.customers c on c.id = o.customer where o.status = 'open';
create view shop.paid_orders with (security_barrier) as select * from shop.orders where status = 'paid' with cascaded check option;
create materialized view shop.totals as select customer, sum(amount) as total from shop.orders group by customer;
create unique index on shop.totals (customer);

create function shop.order_total(of_customer int, variadic extra numeric[] default '{}') returns numeric
  language sql stable as $$ select coalesce(sum(amount), 0) from shop.orders where customer = of_customer $$;
create function shop.touch() returns trigger language plpgsql as $$
begin
  new.placed := coalesce(new.placed, now());
  return new;
end $$;
create procedure shop.pay(inout order_id bigint) language plpgsql as $$
begin
  update shop.orders set status = 'paid' where id = order_id;
end $$;
create aggregate shop.product(numeric) (sfunc = numeric_mul, stype = numeric, initcond = '1');
create operator shop.=== (leftarg = int, rightarg = int, function = int4eq);
create cast (shop.address as text) with inout;
create trigger touched before insert or update on shop.orders for each row execute function shop.touch();
create rule quiet as on delete to shop.scratch do instead nothing;
alter table shop.customers enable row level security;
create policy mine on shop.customers for select using (true);
alter table shop.pets replica identity full;
create text search configuration shop.words (copy = simple);
alter default privileges in schema shop grant select on tables to public;
grant select (id, name) on shop.customers to public;
grant execute on function shop.order_total to public;

insert into shop.customers (name, email, home, tags, about, born) values
  ('Ada', 'ada@example.com', row('Street 1', '10115'), '{a,"b c"}', '{"likes": ["tea"]}', '1990-12-10'),
  ('Grace', 'grace@example.com', null, default, null, null),
  (E'tab\there \\ "quote" ünïcode', null, row(null, ''), '{NULL}', '[]', '2000-02-29');
insert into shop.orders (customer, status, amount, placed, picture)
  select 1 + n % 3, (array['open', 'paid', 'void']::shop.status[])[1 + n % 2], n * 1.5, timestamptz '2026-01-01 00:00:00+00' + n * interval '1 hour',
    case when n % 5 = 0 then decode(md5(n::text), 'hex') end
  from generate_series(1, 40) n;
insert into shop.events select n, date '2025-06-01' + n * 30, 'event ' || n from generate_series(1, 12) n;
insert into shop.pets values ('Cat', 4);
insert into shop.dogs values ('Rex', 4, 'collie');
insert into shop.scratch values (1, '<a>b</a>');
refresh materialized view shop.totals;
analyze shop.customers;
