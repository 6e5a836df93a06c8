-- The guard of live work: what it holds, and what it counts.

-- What an open guard case of live work holds back: a link's field towards one system, or (the empty string) its creation there.
create table guard_hold (
  connection_id text not null references connection on delete cascade,
  link_id       text not null,
  system        text not null check (system in ('yapla', 'yoplanning')),
  field         text not null default '',
  case_id       bigint not null references cases on delete cascade,
  held_at       timestamptz not null default now(),
  -- When a person let it go on. For as long as the guard looks back, what was let through is neither held nor counted again.
  released_at   timestamptz,
  primary key (connection_id, link_id, system, field)
);
create index guard_hold_case on guard_hold (case_id);

-- The guard counts what live work wrote in the last hour and day, but for what was not sent after all.
create index journal_live on journal (connection_id, at) where write_id like 'live/%';
create index journal_outcome_abandoned on journal_outcome (at) where outcome = 'abandoned';
-- When the questions of a kind were answered.
create index cases_answered on cases (connection_id, kind, closed_at);

-- What is held of a link, or let go, changes what may be done about it: its version says so (020).
create function bump_link_of_hold() returns trigger language plpgsql as $$
begin
  update link set version = version + 1 where connection_id = new.connection_id and link_id = new.link_id;
  return null;
end $$;
create trigger hold_changes_link after insert on guard_hold for each row execute function bump_link_of_hold();
create trigger release_changes_link after update on guard_hold for each row
  when (old.released_at is distinct from new.released_at)
  execute function bump_link_of_hold();
