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

-- A fact that changes changes the record's link, and its workflow looks at it. Of a fact that only waited for its first value likewise.
create function look_at_link_of_fact() returns trigger language plpgsql as $$
declare
  changed text;
begin
  if new.system = 'yapla' then
    update link set version = version + 1
     where connection_id = new.connection_id and kind = new.kind and yapla_id = new.external_id returning link_id into changed;
  else
    update link set version = version + 1
     where connection_id = new.connection_id and kind = new.kind and yoplanning_id = new.external_id returning link_id into changed;
  end if;
  if changed is not null then
    insert into link_signal (connection_id, kind, link_id, due_at) values (new.connection_id, new.kind, changed, now())
    on conflict (connection_id, kind, link_id) do nothing;
  end if;
  return null;
end $$;
create trigger fact_changes_link after update on person_fact for each row
  when (old.hashes is distinct from new.hashes) execute function look_at_link_of_fact();
