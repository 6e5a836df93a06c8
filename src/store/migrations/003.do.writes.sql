-- What is going to be written, and what was: plans, the journal, and creations under way.

create table plan (
  id            bigint generated always as identity primary key,
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  number        integer not null,
  run_id        text not null,
  status        text not null default 'drafting' check (
    status in ('drafting', 'ready', 'approved', 'applied', 'rejected', 'cancelled', 'expired', 'superseded', 'notConfigured')
  ),
  totals        jsonb,
  cost          jsonb,
  guard         jsonb,
  created_at    timestamptz not null default now(),
  approved_at   timestamptz,
  approved_by   text,
  ended_at      timestamptz,
  unique (connection_id, kind, number),
  unique (connection_id, kind, run_id)
);
alter table link add foreign key (plan_id) references plan on delete set null;

-- A decision and the version of the link that it was made at; of its plan's connection and kind. `part`: local items need no request and
-- are applied set-wise; remote items are numbered apart, so that a chunk is a range.
create table plan_item (
  plan_id       bigint not null references plan on delete cascade,
  part          text not null check (part in ('local', 'remote')),
  n             integer not null,
  -- The kind of decision (core/plan.ts), not of the record.
  decision_kind text not null,
  link_id       text,
  decision      jsonb not null,
  -- Null: it is not about a link.
  version       bigint,
  status        text not null default 'pending' check (status in ('pending', 'done', 'failed')),
  outcome       text,
  -- Attempts that failed while the server answered others.
  attempts      integer not null default 0,
  finished_at   timestamptz,
  primary key (plan_id, part, n)
);
create index plan_item_pending on plan_item (plan_id, part, n) where status = 'pending';

-- Append-only. What a write is going to overwrite is recorded before it is sent; what became of it is appended afterwards.
create table journal (
  id            bigint generated always as identity primary key,
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  link_id       text not null,
  system        text not null,
  external_id   text,
  field         text not null,
  -- As it stood in the system's document, so that it can be put back to the letter.
  old_value     json,
  new_value     text,
  -- Where the new value came from: the other system, or a person's answer to a case.
  origin        text not null,
  reason        text not null,
  -- One write, however often it is tried.
  write_id      text not null,
  at            timestamptz not null default now(),
  unique (connection_id, kind, write_id, system, field)
);
create index journal_link on journal (connection_id, kind, link_id);
-- The guard counts what live work wrote in the last hour and day, but for what was not sent after all.
create index journal_live on journal (connection_id, kind, at) where write_id like 'live/%';

create table journal_outcome (
  journal_id bigint primary key references journal on delete cascade,
  outcome    text not null check (outcome in ('written', 'abandoned')),
  request_id text,
  at         timestamptz not null default now()
);
create index journal_outcome_abandoned on journal_outcome (at) where outcome = 'abandoned';

-- A creation that was sent or is about to be. While it is `sent`, it is looked up before it is ever repeated.
create table intent (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  link_id       text not null,
  system        text not null,
  external_id   text,
  hashes        jsonb not null,
  -- The values sent, by which the record is recognised in the forms that its server makes of them. Empty once it is settled.
  fields        jsonb not null default '{}',
  status        text not null check (status in ('sent', 'settled')),
  -- Times that the creation was sent.
  sends         integer not null default 1,
  -- When it was first sent, or about to be: since then a record can be the one that it made.
  recorded_at   timestamptz not null default now(),
  -- When it was last sent, or about to be; where an attempt ended without knowing whether it took effect: that moment. A list that does not
  -- show the record says something only if it was begun after it.
  sent_at       timestamptz not null default now(),
  primary key (connection_id, kind, link_id, system)
);
