-- Records, links, plans, cases and the journal. Personal data lives here and nowhere else.

create table connection (
  id              text primary key,
  -- Key of the fingerprints (core/fingerprint.ts). Never leaves the database; deleting it makes every hash in old histories meaningless.
  fingerprint_key bytea not null,
  created_at      timestamptz not null default now()
);

-- One reading of one system's whole list. `pass` counts its restarts (core/scan.ts); only a complete scan can support a removal.
create table scan (
  id            bigint generated always as identity primary key,
  connection_id text not null references connection on delete cascade,
  system        text not null check (system in ('yapla', 'yoplanning')),
  run_id        text not null,
  pass          integer not null default 1,
  status        text not null default 'reading' check (status in ('reading', 'complete', 'failed')),
  pages         integer not null default 0,
  seen          integer not null default 0,
  stated_count  integer,
  started_at    timestamptz not null default now(),
  ended_at      timestamptz
);

-- Attempts that overlap must find one scan, not open two.
create unique index scan_run on scan (connection_id, system, run_id);

-- Our last copy of a record, as its system returned it.
create table shadow (
  connection_id      text not null references connection on delete cascade,
  system             text not null check (system in ('yapla', 'yoplanning')),
  external_id        text not null,
  -- json, not jsonb: kept to the letter, key order and all, and able to hold what jsonb cannot (a NUL character).
  document           json not null,
  fields             jsonb not null,
  hashes             jsonb not null,
  -- One key for each matching rule, in the order of the rules; null where the record lacks a part of the key.
  match_keys         text[] not null,
  external_reference text,
  modified_at        timestamptz,
  -- The scan and pass that last saw the record.
  scan_id            bigint,
  scan_pass          integer,
  first_seen_at      timestamptz not null default now(),
  read_at            timestamptz not null default now(),
  -- Proven gone: a read by id was answered 404.
  gone_at            timestamptz,
  primary key (connection_id, system, external_id)
) with (fillfactor = 80);

-- One person across both systems. The unique indexes are what makes "one person never gets two links" hold whatever races.
create table link (
  connection_id text not null references connection on delete cascade,
  link_id       text not null,
  yapla_id      text,
  yoplanning_id text,
  -- proposed: by a plan that is not applied yet; dropped and made anew by the next run.
  state         text not null check (state in ('proposed', 'active')),
  matched_by    text not null,
  -- Hashes and values on which both systems last agreed, by field.
  base          jsonb,
  base_fields   jsonb,
  -- { system: { field: { returned hash: sent hash } } }: what a system turned our value into counts as that value.
  equal         jsonb not null default '{}',
  created_at    timestamptz not null default now(),
  agreed_at     timestamptz,
  primary key (connection_id, link_id)
);
create unique index link_yapla on link (connection_id, yapla_id) where yapla_id is not null;
create unique index link_yoplanning on link (connection_id, yoplanning_id) where yoplanning_id is not null;

create table plan (
  id            bigint generated always as identity primary key,
  connection_id text not null references connection on delete cascade,
  number        integer not null,
  run_id        text not null,
  status        text not null default 'drafting'
                check (status in ('drafting', 'ready', 'approved', 'applied', 'rejected', 'cancelled')),
  totals        jsonb,
  cost          jsonb,
  guard         jsonb,
  created_at    timestamptz not null default now(),
  approved_at   timestamptz,
  approved_by   text,
  ended_at      timestamptz,
  unique (connection_id, number),
  unique (connection_id, run_id)
);

-- `part`: local items need no request and are applied set-wise; remote items are numbered apart, so that a chunk is a range.
create table plan_item (
  plan_id     bigint not null references plan on delete cascade,
  part        text not null check (part in ('local', 'remote')),
  n           integer not null,
  kind        text not null,
  link_id     text,
  decision    jsonb not null,
  -- Hashes that the decision saw, by system: its precondition. Empty where nothing is written.
  saw         jsonb not null default '{}',
  status      text not null default 'pending' check (status in ('pending', 'done', 'failed')),
  outcome     text,
  -- Attempts that failed while the server answered others.
  attempts    integer not null default 0,
  finished_at timestamptz,
  primary key (plan_id, part, n)
);
create index plan_item_pending on plan_item (plan_id, part, n) where status = 'pending';

-- Append-only. What a write is going to overwrite is recorded before it is sent; what became of it is appended afterwards.
create table journal (
  id            bigint generated always as identity primary key,
  connection_id text not null references connection on delete cascade,
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
  unique (connection_id, write_id, system, field)
);
create index journal_link on journal (connection_id, link_id);

create table journal_outcome (
  journal_id bigint primary key references journal on delete cascade,
  outcome    text not null check (outcome in ('written', 'abandoned')),
  request_id text,
  at         timestamptz not null default now()
);

-- A creation that was sent or is about to be. While it is `sent`, it is looked up before it is ever repeated.
create table intent (
  connection_id text not null references connection on delete cascade,
  link_id       text not null,
  system        text not null,
  external_id   text,
  hashes        jsonb not null,
  status        text not null check (status in ('sent', 'settled')),
  -- Times that the creation was sent.
  sends         integer not null default 1,
  recorded_at   timestamptz not null default now(),
  primary key (connection_id, link_id, system)
);

-- One question for a person. Values stand in `details` and nowhere else.
create table cases (
  id            bigint generated always as identity primary key,
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  -- What it is about, by id: a link, or the records of a doubt.
  subject       text not null,
  field         text not null default '',
  link_id       text,
  details       json not null default '{}',
  -- Hashes of both sides when the question came up: while they stand, a refused write is not tried again.
  saw           jsonb,
  status        text not null default 'open' check (status in ('open', 'closed')),
  plan_id       bigint,
  opened_at     timestamptz not null default now(),
  closed_at     timestamptz,
  closed_by     text
);
create unique index cases_open on cases (connection_id, kind, subject, field) where status = 'open';
create index cases_link on cases (connection_id, link_id) where status = 'open';
