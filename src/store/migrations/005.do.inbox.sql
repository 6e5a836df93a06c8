-- Webhooks as received, and who is to be told about them.

-- Every webhook as received, stored before it is acknowledged. `body` holds personal data and leaves Postgres nowhere.
create table inbox (
  id            bigint generated always as identity primary key,
  connection_id text not null,
  -- Of the record it is about; null for `other`.
  kind          text,
  system        text not null check (system in ('yapla', 'yoplanning')),
  received_at   timestamptz not null default now(),
  -- What it says happened, in our words; `other`: an event or resource that we do not act on.
  event         text not null check (event in ('created', 'updated', 'deleted', 'other')),
  -- The record it is about; null for `other`.
  external_id   text,
  -- json, not jsonb: kept to the letter.
  body          json not null,
  -- The link it concerns, once that is known: the event is then on its way to that link's workflow.
  link_id       text,
  -- It is about a record that nobody knew when it came.
  stranger      boolean not null default false,
  -- A read (or a body) that is at least as young as this event has been recorded; for `other`: at once.
  handled_at    timestamptz,
  -- Its system's list was read since, so what the list shows is younger than what stands in the body.
  listed_at     timestamptz,
  check (kind is not null or event = 'other')
);
-- Not addressed yet, and addressed but not handled yet: both are few at any time.
create index inbox_unaddressed on inbox (id) where link_id is null and handled_at is null;
-- What came lately, and the last of a connection.
create index inbox_received on inbox (connection_id, kind, system, received_at);
create index inbox_pending on inbox (connection_id, kind, link_id, id) where handled_at is null and link_id is not null;

-- Links with events that their workflow has not taken yet: one row and one signal, however many events.
create table link_signal (
  connection_id text not null,
  kind          text not null,
  link_id       text not null,
  -- Events that gathered, by system.
  yapla         integer not null default 0,
  yoplanning    integer not null default 0,
  due_at        timestamptz not null,
  -- When the signal was sent (or is being sent); null: not yet. The workflow deletes the row when it takes the events.
  signalled_at  timestamptz,
  -- Signals sent. While the row stands, it is sent again after ever longer pauses: a signal can be lost with the process that sends it.
  signals       integer not null default 0,
  primary key (connection_id, kind, link_id)
);
create index link_signal_due on link_signal (due_at);

-- Has the workflow of a link look at it, at that time or sooner. A row that stands already is held until the transaction ends: the workflow
-- that takes it waits, and so sees what made this necessary. Were the row left alone, it could be taken before that is committed, and nobody
-- would look again.
create function look_at_link(of_connection text, of_kind text, of_link text, at timestamptz) returns void language sql as $$
  insert into link_signal as s (connection_id, kind, link_id, due_at) values (of_connection, of_kind, of_link, at)
  on conflict (connection_id, kind, link_id) do update set due_at = least(s.due_at, excluded.due_at)
$$;
