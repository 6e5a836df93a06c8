-- What each system shows, and what belongs together. Personal data lives in these tables, in the journal, in cases and in the inbox, and
-- nowhere else.

-- One reading of one system's whole list. `pass` counts its restarts (core/scan.ts); only a complete scan can support a removal. One that is
-- partial has ended as well, and was never meant to be whole: whom it does not show, it says nothing about.
create table scan (
  id            bigint generated always as identity primary key,
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  system        text not null check (system in ('yapla', 'yoplanning')),
  run_id        text not null,
  pass          integer not null default 1,
  status        text not null default 'reading' check (status in ('reading', 'complete', 'partial', 'failed')),
  -- The staged file that was read instead of the system (009); null: none was.
  file_id       bigint,
  -- It will end as `partial`.
  partial       boolean not null default false,
  pages         integer not null default 0,
  seen          integer not null default 0,
  -- null: the list states no total. Two passes that reached its end must then have seen the same ids: their number and sum, by pass.
  stated_count  integer,
  ids_sum       numeric not null default 0,
  passes        jsonb not null default '{}',
  -- Of a file: when it was exported. What it shows, and whom it lacks, was so then.
  started_at    timestamptz not null default now(),
  ended_at      timestamptz
);

-- Attempts that overlap must find one scan, not open two.
create unique index scan_run on scan (connection_id, kind, system, run_id);

-- Our last copy of a record, as its system returned it.
create table shadow (
  connection_id      text not null references connection on delete cascade,
  kind               text not null,
  system             text not null check (system in ('yapla', 'yoplanning')),
  external_id        text not null,
  -- json, not jsonb: kept to the letter, key order and all, and able to hold what jsonb cannot (a NUL character).
  document           json not null,
  fields             jsonb not null,
  hashes             jsonb not null,
  -- By field, the hash of what is left of a value when spelling is set aside (core/alike.ts): two records that first agree are not asked
  -- about what any person would call the same, and a national phone number is known by its digits whatever country reads it.
  forms              jsonb not null default '{}',
  -- By field, when its value was entered there, as nearly as is known (epoch milliseconds; store/shadows.ts `entered`). For the rule `newest`.
  times              jsonb not null default '{}',
  -- One key for each matching rule, in the order of the rules; null where the record lacks a part of the key.
  match_keys         text[] not null,
  external_reference text,
  modified_at        timestamptz,
  first_seen_at      timestamptz not null default now(),
  primary key (connection_id, kind, system, external_id)
) with (fillfactor = 80);
-- Who could be one person with somebody seen for the first time (store/neighbours.ts).
create index shadow_match_keys on shadow using gin (match_keys);
create index shadow_reference on shadow (connection_id, kind, external_reference) where external_reference is not null;
-- No plan depends on what stands in these; to sample them would be most of what the table's statistics cost.
alter table shadow
  alter document set statistics 0, alter fields set statistics 0, alter hashes set statistics 0, alter forms set statistics 0,
  alter times set statistics 0, alter match_keys set statistics 0;

-- When each record was last read, beside its shadow: a list says it of everybody every night, and of nearly all of them nothing else. A
-- shadow is some twenty times as large, and is written only where a record shows something else. Half of each page is left free, so that
-- what a night says of its records finds room beside what the night before said.
--
-- Anyone who stores something of a record begins here: this row is the lock of both.
create table reading (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  system        text not null check (system in ('yapla', 'yoplanning')),
  external_id   text not null,
  -- The scan and pass that last saw the record.
  scan_id       bigint,
  scan_pass     integer,
  read_at       timestamptz not null default now(),
  -- The reading before that: what shows something else now was changed since.
  read_before   timestamptz,
  -- Proven gone: a read by id was answered 404.
  gone_at       timestamptz,
  primary key (connection_id, kind, system, external_id)
) with (fillfactor = 50);
-- Few, and asked for of everybody.
create index reading_gone on reading (connection_id, kind, system, external_id) where gone_at is not null;

-- A shadow and its reading come and go together.
create function forget_reading() returns trigger language plpgsql as $$
begin
  delete from reading
   where connection_id = old.connection_id and kind = old.kind and system = old.system and external_id = old.external_id;
  return null;
end $$;
create trigger shadow_takes_reading after delete on shadow for each row execute function forget_reading();

-- A record as we know it: what it showed, and when.
create view known_record as
  select s.*, r.read_at, r.read_before, r.gone_at
    from shadow s
    join reading r on r.connection_id = s.connection_id and r.kind = s.kind and r.system = s.system and r.external_id = s.external_id;

-- One person (or whatever the kind is) across both systems. The unique indexes are what makes "one person never gets two links" hold
-- whatever races.
create table link (
  connection_id   text not null references connection on delete cascade,
  kind            text not null,
  link_id         text not null,
  yapla_id        text,
  yoplanning_id   text,
  -- proposed: by a plan that is not applied yet; dropped and made again by the next run.
  state           text not null check (state in ('proposed', 'active')),
  -- The plan that proposed it (003); null: live work did.
  plan_id         bigint,
  matched_by      text not null,
  -- Hashes and values on which both systems last agreed, by field.
  base            jsonb,
  base_fields     jsonb,
  -- { system: { field: { returned hash: sent hash } } }: what a system turned our value into counts as that value.
  equal           jsonb not null default '{}',
  -- Increased by whatever changes the link, its base, the hashes of a record that belongs to it, or a person's answer about it, in the
  -- statement that changes it. Statements on `link` itself say so; for the other tables triggers do.
  version         bigint not null default 1,
  -- The version at which nothing was left to do; null: never, or not under the rules now in force.
  settled_version bigint,
  -- Settled, but its records differ in what may not be written.
  held_back       boolean not null default false,
  created_at      timestamptz not null default now(),
  agreed_at       timestamptz,
  primary key (connection_id, kind, link_id)
);
create unique index link_yapla on link (connection_id, kind, yapla_id) where yapla_id is not null;
create unique index link_yoplanning on link (connection_id, kind, yoplanning_id) where yoplanning_id is not null;
create index link_unsettled on link (connection_id, kind, link_id) where version is distinct from settled_version;
create index link_proposed on link (connection_id, kind, plan_id) where state = 'proposed';

-- A record that changes, goes or comes back changes its link.
create function bump_link_of_record() returns trigger language plpgsql as $$
begin
  if new.system = 'yapla' then
    update link set version = version + 1
     where connection_id = new.connection_id and kind = new.kind and yapla_id = new.external_id;
  else
    update link set version = version + 1
     where connection_id = new.connection_id and kind = new.kind and yoplanning_id = new.external_id;
  end if;
  return null;
end $$;
create trigger shadow_changes_link after update on shadow for each row
  when (old.hashes is distinct from new.hashes) execute function bump_link_of_record();
create trigger reading_changes_link after update on reading for each row
  when ((old.gone_at is null) <> (new.gone_at is null)) execute function bump_link_of_record();

-- Pairs of records of which a person said that they are not one person (`passerelle unlink`): matching never links them by itself.
create table apart (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  yapla_id      text not null,
  yoplanning_id text not null,
  primary key (connection_id, kind, yapla_id, yoplanning_id)
);

-- Records that a bulk sync keeps out of its plan: each matches a link whose other record was missing from the last list, which proves
-- nothing yet. Once that one is proven gone, the newcomer takes its place; until then it is not made anywhere.
create table newcomer (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  system        text not null check (system in ('yapla', 'yoplanning')),
  external_id   text not null,
  link_id       text not null,
  primary key (connection_id, kind, system, external_id)
);
create index newcomer_link on newcomer (connection_id, kind, link_id);

-- Records that a system shows and that cannot be read: each has an open case, and its link is held back. What was read of one before stays
-- in its shadow.
create table unreadable (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  system        text not null check (system in ('yapla', 'yoplanning')),
  -- Where not even the id can be read: `#` and the position in the list.
  external_id   text not null,
  -- The scan and pass that last saw it: it counts in the list like all others.
  scan_id       bigint,
  scan_pass     integer,
  found_at      timestamptz not null default now(),
  primary key (connection_id, kind, system, external_id)
);

-- A link with such a record is held back, so its version says when it begins and ends.
create function bump_link_of_unreadable() returns trigger language plpgsql as $$
declare
  it unreadable := coalesce(new, old);
begin
  update link set version = version + 1
   where connection_id = it.connection_id and kind = it.kind
     and (it.system = 'yapla' and yapla_id = it.external_id or it.system = 'yoplanning' and yoplanning_id = it.external_id);
  return null;
end $$;
create trigger unreadable_changes_link after insert or delete on unreadable for each row execute function bump_link_of_unreadable();

-- Rules that a person made of an answer (`passerelle resolve --remember`): they come before those of the configuration file.
create table field_rule (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  field         text not null,
  rule          text not null check (rule in ('yapla', 'yoplanning')),
  case_id       bigint,
  made_at       timestamptz not null default now(),
  made_by       text not null,
  primary key (connection_id, kind, field)
);
