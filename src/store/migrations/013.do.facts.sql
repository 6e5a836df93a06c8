-- Facts about people: what their orders and donations come to, as values of fields beside what each system shows of them.

-- What active orders hold, item by item: who is booked into which session. Replaced with each reading of an order.
create table order_item (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  order_id      text not null,
  n             integer not null,
  client_id     text not null,
  -- Null: a voucher.
  session_id    text,
  -- Decimal text with the digits of its currency; null: not shown.
  amount        text,
  currency      text,
  ordered_at    timestamptz,
  primary key (connection_id, kind, order_id, n)
);
create index order_item_client on order_item (connection_id, kind, client_id);
create index order_item_session on order_item (connection_id, kind, session_id) where session_id is not null;

-- What is known of sessions that somebody is booked into, or was.
create table known_session (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  session_id    text not null,
  starts_at     timestamptz,
  -- Of its product, in the language of the connection.
  title         text,
  primary key (connection_id, kind, session_id)
);

-- Donations as Yapla last told of them. Who gave stands in the donation's document, too.
create table donation (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  donation_id   text not null,
  status        text not null check (status in ('validated', 'waitingForPayment', 'cancelled')),
  amount        text not null,
  currency      text not null,
  made_at       timestamptz not null,
  campaign      text,
  -- The member who gave; null: nobody knows which, or none.
  member_id     text,
  -- By what that is known: shown, or a rule of matching, by its keys.
  match_keys    text[] not null default '{}',
  primary key (connection_id, kind, donation_id)
);
create index donation_member on donation (connection_id, kind, member_id) where member_id is not null;
create index donation_donor on donation using gin (match_keys) where member_id is null;

-- What is derived of a record, by canonical field, as if its system showed it. Beside the shadow: no reading of the record replaces it.
create table person_fact (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  system        text not null check (system in ('yapla', 'yoplanning')),
  external_id   text not null,
  fields        jsonb not null default '{}',
  hashes        jsonb not null default '{}',
  -- When the passing of time may change them; null: never.
  changes_at    timestamptz,
  primary key (connection_id, kind, system, external_id)
);
create index person_fact_changes on person_fact (connection_id, kind, changes_at) where changes_at is not null;

-- Facts that change, or have their first values, change their records' links, whose workflows look at them. In the order in which everybody
-- holds links.
create function look_at_links_of_facts() returns trigger language plpgsql as $$
declare
  it record;
begin
  for it in
    with changed as (
      select n.connection_id, n.kind, n.system, n.external_id
        from new_facts n join old_facts o using (connection_id, kind, system, external_id)
       where n.hashes is distinct from o.hashes)
    select l.connection_id, l.kind, l.link_id from link l
     where (l.connection_id, l.kind, l.link_id) in (
       select a.connection_id, a.kind, a.link_id from changed c
         join link a on c.system = 'yapla' and a.connection_id = c.connection_id and a.kind = c.kind and a.yapla_id = c.external_id
       union all
       select b.connection_id, b.kind, b.link_id from changed c
         join link b on c.system = 'yoplanning' and b.connection_id = c.connection_id and b.kind = c.kind and b.yoplanning_id = c.external_id)
     order by l.link_id for update of l
  loop
    update link set version = version + 1 where connection_id = it.connection_id and kind = it.kind and link_id = it.link_id;
    perform look_at_link(it.connection_id, it.kind, it.link_id, now());
  end loop;
  return null;
end $$;
create trigger facts_change_links after update on person_fact referencing old table as old_facts new table as new_facts
  for each statement execute function look_at_links_of_facts();
