-- Yapla's exports of members, as `passerelle import-members` stages them: read once, wherever the file is, and from then on by any worker.

-- A file by its content and by how it is read: the same one twice is one.
create table export_file (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  file_id       bigint generated always as identity,
  digest        text not null,
  -- staging: rows up to `last_row` are here; who reads the file again goes on behind it.
  status        text not null default 'staging' check (status in ('staging', 'staged')),
  -- What was recognised: columns by name and header, headers that were ignored, how days are written. No values.
  about         jsonb not null,
  last_row      integer not null default 0,
  rows          integer not null default 0,
  -- Those whose records can be read or asked about; null: not staged yet.
  members       integer,
  created_at    timestamptz not null default now(),
  -- When it was last given, and with what: the next scan takes these.
  given_at      timestamptz not null default now(),
  exported_at   timestamptz not null,
  -- Somebody said that it is the whole list.
  whole         boolean not null,
  primary key (connection_id, kind, file_id),
  unique (connection_id, kind, digest)
);

-- Its rows. No foreign keys here: to check them would cost as much as to store the rows. They go with their file (store/retention.ts), and
-- with their connection (store/removal.ts). A file's id is its alone in all connections: keys need nothing else, and short ones cost half.
create table export_row (
  connection_id text not null,
  kind          text not null,
  file_id       bigint not null,
  -- The member's; the empty text where it cannot be read.
  number        text not null,
  row           integer not null,
  -- Values in the order of the file's columns.
  cells         json not null,
  problem       jsonb,
  primary key (file_id, number, row)
);

-- The members that its rows are about, in the order in which they come: the list that a scan reads.
create table export_member (
  connection_id text not null,
  kind          text not null,
  file_id       bigint not null,
  number        text not null,
  -- Null: no record that is known has this number.
  external_id   text,
  -- In the list; null: not in it.
  position      integer,
  -- What is wrong with its rows together, or with its number.
  problem       jsonb,
  primary key (file_id, number)
);
create unique index export_member_position on export_member (file_id, position) where position is not null;
