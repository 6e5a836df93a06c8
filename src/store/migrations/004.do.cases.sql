-- Questions for a person, and what is held while they stand.

-- One question for a person. Values stand in `details` and `answer` and nowhere else.
create table cases (
  id            bigint generated always as identity primary key,
  connection_id text not null references connection on delete cascade,
  -- Of the records that it is about.
  kind          text not null,
  -- Which question it is (src/cases).
  code          text not null,
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
  closed_by     text,
  -- What a person answered. The value stands here; signals carry the case's id only.
  -- { "take": "yapla" | "yoplanning" } or { "take": "value", "value": normalised text or null } or { "take": "create" } or, where the case
  -- was closed by hand, { "take": "close", "why": text }.
  answer        jsonb,
  answered_at   timestamptz,
  answered_by   text
);
create unique index cases_open on cases (connection_id, kind, code, subject, field) where status = 'open';
-- Every case about a link names it in `link_id`: open ones are asked for whenever the link is decided about, closed ones only grow in number.
create index cases_link on cases (connection_id, kind, link_id, status);
-- When the questions of one code were answered.
create index cases_answered on cases (connection_id, kind, code, closed_at);

-- A person's answer changes the link: its version says so (002).
create function bump_link_of_case() returns trigger language plpgsql as $$
begin
  update link set version = version + 1
   where connection_id = new.connection_id and kind = new.kind and link_id = coalesce(new.link_id, new.subject);
  return null;
end $$;
create trigger answer_changes_link after update on cases for each row
  when (old.answer is distinct from new.answer)
  execute function bump_link_of_case();

-- What an open guard case of live work holds back: a link's field towards one system, or (the empty string) its creation there.
create table guard_hold (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  link_id       text not null,
  system        text not null check (system in ('yapla', 'yoplanning')),
  field         text not null default '',
  case_id       bigint not null references cases on delete cascade,
  held_at       timestamptz not null default now(),
  -- When a person let it go on. For as long as the guard looks back, what was let through is neither held nor counted again.
  released_at   timestamptz,
  primary key (connection_id, kind, link_id, system, field)
);
create index guard_hold_case on guard_hold (case_id);

-- What is held of a link, or let go, changes what may be done about it: its version says so.
create function bump_link_of_hold() returns trigger language plpgsql as $$
begin
  update link set version = version + 1
   where connection_id = new.connection_id and kind = new.kind and link_id = new.link_id;
  return null;
end $$;
create trigger hold_changes_link after insert on guard_hold for each row execute function bump_link_of_hold();
create trigger release_changes_link after update on guard_hold for each row
  when (old.released_at is distinct from new.released_at)
  execute function bump_link_of_hold();
