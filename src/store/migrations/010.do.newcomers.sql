-- Records that a bulk sync keeps out of its plan: each matches a link whose other record was missing from the last list, which proves
-- nothing yet. Once that one is proven gone, the newcomer takes its place; until then it is not made anywhere.
create table newcomer (
  connection_id text not null references connection on delete cascade,
  system        text not null check (system in ('yapla', 'yoplanning')),
  external_id   text not null,
  link_id       text not null,
  primary key (connection_id, system, external_id)
);
create index newcomer_link on newcomer (connection_id, link_id);
