-- What everything else hangs on: the connections, each a pair of one Yapla account and one Yoplanning team.
--
-- In all these files `kind` is what a record is: `person` today (src/core/record.ts). It stands in every key beside the connection, has no
-- default and no list of what it may be: a further kind takes no migration. Statements name both, always (src/store, a test holds it).

create table connection (
  id              text primary key,
  -- Key of the fingerprints (core/fingerprint.ts). Never leaves the database; deleting it makes every hash in old histories meaningless.
  fingerprint_key bytea not null,
  created_at      timestamptz not null default now()
);

-- One row: what belongs to this database as a whole.
create table installation (
  only_row       boolean primary key default true check (only_row),
  -- Key of the names of credentials (budget, request_log). Never leaves the database.
  credential_key bytea not null
);

-- What the records and links of a kind were made and settled under. No row: nothing was made yet. No values.
create table made_under (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  -- The field map and normaliser that shadows and bases were made with (core/fieldMap.ts).
  map_version   jsonb not null,
  map_digest    text not null,
  -- A digest of the rules that links were settled under.
  rules_digest  text not null,
  primary key (connection_id, kind)
);

-- Who did what by a command, noted before it is done. By id: no values, and no foreign key, because it outlives what it is about.
create table audit (
  id            bigint generated always as identity primary key,
  connection_id text not null,
  -- Null: the connection itself, with the records of every kind.
  kind          text,
  verb          text not null,
  done_by       text not null,
  -- What it was about, by id: { "plan": 3 }, { "case": 12, "take": "yapla" }, { "link": "yapla:1042" } …
  about         jsonb not null default '{}',
  at            timestamptz not null default now(),
  -- Null: the command ended before it learnt what became of it.
  outcome       text check (outcome in ('done', 'refused'))
);
create index audit_connection on audit (connection_id, kind, id);
