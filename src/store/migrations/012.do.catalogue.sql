-- The catalogue: what Yoplanning sells and when it takes place, as it was read last. No personal data.

-- How far a connection's reading is.
create table catalogue (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  -- When the whole list of products was last read to its end, and when a list was last begun, whole or of changes only.
  whole_at      timestamptz,
  begun_at      timestamptz,
  -- The list that is under way: whole or not, since when, how far, how many products it states. Null: none is.
  under_way     jsonb,
  -- Of the latest change that a list has shown, by the server's clock: the next list of changes begins there.
  changed_until timestamptz,
  -- False: the server ignores the filter by changes, and only whole lists are read.
  shows_changes boolean not null default true,
  -- Products whose turn it was so far.
  turns         bigint not null default 0,
  -- Products in a row whose sessions could not be read.
  failures      integer not null default 0,
  primary key (connection_id, kind)
);

create table catalogue_product (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  id            text not null,
  -- By language (ISO 639-1).
  titles        jsonb not null,
  category      text,
  meeting_point text,
  address       text,
  -- The standard price, which the vendor calls an indication: decimal text, and its currency (ISO 4217).
  price         text,
  currency      text,
  modified_at   timestamptz,
  -- When a list last showed it, and when one last showed a change of it.
  read_at       timestamptz not null,
  changed_at    timestamptz not null,
  -- It stood in no whole list any more.
  gone_at       timestamptz,
  -- When its sessions were last read to the end, and the reading that is under way: since when, how far, how many it states.
  sessions_at   timestamptz,
  under_way     jsonb,
  primary key (connection_id, kind, id)
);

create table catalogue_session (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  -- Of the session group, which an order names.
  id            text not null,
  product_id    text not null,
  starts_at     timestamptz not null,
  ends_at       timestamptz,
  -- Null: not shown.
  places_left   integer,
  price         text,
  currency      text,
  read_at       timestamptz not null,
  gone_at       timestamptz,
  primary key (connection_id, kind, id)
);
create index catalogue_session_product on catalogue_session (connection_id, kind, product_id, starts_at);
