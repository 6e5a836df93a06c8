-- Values that wait in an import file: Yapla takes them from a file that a person imports by hand (yapla.write.mode: workbook). They are a
-- state of their link: decided about like what a system shows (core/waiting.ts).

-- A file that was made for a person. Its number is how people and commands name it.
create table import_batch (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  number        integer not null,
  system        text not null check (system in ('yapla', 'yoplanning')),
  -- What it does in the system's wizard: members found by their number, or made.
  purpose       text not null check (purpose in ('update', 'create', 'createWithoutEmail')),
  -- handedOut: made, and a person may import it; done: a person said that it is imported; judged: what became of each row is known.
  state         text not null default 'handedOut' check (state in ('handedOut', 'done', 'judged')),
  people        integer not null,
  -- Personal data. Null: deleted after its time (retention).
  file          bytea,
  made_at       timestamptz not null default now(),
  done_at       timestamptz,
  -- When a reading of the system's whole list was begun that has come to its end since.
  listed_at     timestamptz,
  judged_at     timestamptz,
  -- What became of it: { "confirmed": 12, "edited": 1, "notShown": 2, "asked": 0 }.
  counts        jsonb,
  primary key (connection_id, kind, number)
);
create index import_batch_open on import_batch (connection_id, kind) where state <> 'judged';

create table waiting (
  id            bigint generated always as identity primary key,
  connection_id text not null,
  kind          text not null,
  link_id       text not null,
  system        text not null check (system in ('yapla', 'yoplanning')),
  -- The empty string: the creation of the record. Its values are taken from the other record when its file is made.
  field         text not null,
  value         text,
  value_hash    text not null,
  -- As in `shadow.forms`, for a system that shows the value in a form of its own.
  value_form    text,
  -- What the system showed when the value was decided on, and showed ever since: while it does, the value counts instead.
  seen_hash     text not null,
  -- In the journal.
  write_id      text not null,
  -- The file that has it; null: in none yet.
  batch         integer,
  -- Files that had it and did not bring it.
  attempts      integer not null default 0,
  since         timestamptz not null default now(),
  -- confirmed: the system shows it; edited: it shows something else; withdrawn: it was not wanted any more, or is asked about.
  ended         text check (ended in ('confirmed', 'edited', 'withdrawn')),
  ended_at      timestamptz,
  foreign key (connection_id, kind, link_id) references link on update cascade on delete cascade
);
-- Of a field one value waits to be put into a file at most, and one is in a file.
create unique index waiting_collected on waiting (connection_id, kind, link_id, system, field) where batch is null and ended is null;
create unique index waiting_handed_out on waiting (connection_id, kind, link_id, system, field) where batch is not null and ended is null;
create index waiting_batch on waiting (connection_id, kind, batch) where batch is not null;
create index waiting_link on waiting (connection_id, kind, link_id);

-- What waits of a link changes what is decided about it.
create function bump_link_of_waiting() returns trigger language plpgsql as $$
begin
  update link set version = version + 1
   where connection_id = new.connection_id and kind = new.kind and link_id = new.link_id;
  return null;
end $$;
create trigger waiting_comes after insert on waiting for each row execute function bump_link_of_waiting();
create trigger waiting_changes after update on waiting for each row
  when ((old.value_hash, old.seen_hash, old.ended) is distinct from (new.value_hash, new.seen_hash, new.ended))
  execute function bump_link_of_waiting();

-- A record shows something else than it did. In the statement that stores it, so that what waited is judged once, by the one who stores it, and
-- a value that comes back later wakes nothing.
--
-- What it shows now is what a file of ours brought: both systems held that value when it was handed out, so the link agrees on it, whatever
-- was decided since; what waits behind it stands against it now, in the journal, too. (A file can overwrite what somebody entered after it
-- was made, another spelling of the same value included: that is noted in the journal like all that we overwrite, and the other system's
-- value travels as if the field had not been touched.) Or it is something else: somebody edited it, and the merge decides on what is really
-- there.
create function judge_waiting() returns trigger language plpgsql as $$
declare
  whose   text;
  changed record;
  brought waiting;
begin
  -- Each by its own index: one condition with "or" goes through all links, for each record of a list.
  if new.system = 'yapla' then
    select l.link_id into whose from link l
     where l.connection_id = new.connection_id and l.kind = new.kind and l.yapla_id = new.external_id;
  else
    select l.link_id into whose from link l
     where l.connection_id = new.connection_id and l.kind = new.kind and l.yoplanning_id = new.external_id;
  end if;
  if whose is null then return null; end if;
  for changed in
    select distinct w.field, new.hashes ->> w.field as shown, new.forms ->> w.field as form from waiting w
     where w.connection_id = new.connection_id and w.kind = new.kind and w.link_id = whose and w.system = new.system and w.field <> ''
       and new.hashes ->> w.field is not null and new.hashes ->> w.field is distinct from old.hashes ->> w.field
  loop
    select w.* into brought from waiting w
     where w.connection_id = new.connection_id and w.kind = new.kind and w.link_id = whose and w.system = new.system
       and w.field = changed.field and w.batch is not null and (w.value_hash = changed.shown or w.value_form = changed.form)
       and (w.ended is null or (w.ended = 'edited' or w.value_hash = changed.shown and w.value_form = old.forms ->> changed.field) and exists (
             select 1 from import_batch b where b.connection_id = w.connection_id and b.kind = w.kind and b.number = w.batch and b.state <> 'judged'))
     order by w.id desc limit 1;
    if brought.id is not null then
      if brought.ended is not null then
        insert into journal (connection_id, kind, link_id, system, external_id, field, old_value, new_value, origin, reason, write_id)
        select j.connection_id, j.kind, j.link_id, j.system, j.external_id, j.field, old.fields -> changed.field, j.new_value, j.origin, j.reason,
               'import/' || brought.batch || '/' || brought.id
          from journal j
         where j.connection_id = new.connection_id and j.kind = new.kind and j.write_id = brought.write_id and j.system = new.system and j.field = changed.field
        on conflict do nothing;
      end if;
      insert into journal_outcome (journal_id, outcome, request_id)
      select j.id, 'written', 'import/' || brought.batch from journal j
       where j.connection_id = new.connection_id and j.kind = new.kind and j.write_id in (brought.write_id, 'import/' || brought.batch || '/' || brought.id)
         and j.system = new.system and j.field = changed.field
      on conflict (journal_id) do nothing;
      update waiting set ended = 'confirmed', ended_at = now() where id = brought.id;
      update link l
         set base = coalesce(l.base, '{}') || jsonb_build_object(changed.field, brought.value_hash),
             base_fields = coalesce(l.base_fields, '{}') || jsonb_build_object(changed.field, brought.value),
             equal = case when changed.shown = brought.value_hash then l.equal
                          else l.equal || jsonb_build_object(new.system, coalesce(l.equal -> new.system, '{}')
                                 || jsonb_build_object(changed.field, jsonb_build_object(changed.shown, brought.value_hash))) end,
             version = l.version + 1
       where l.connection_id = new.connection_id and l.kind = new.kind and l.link_id = whose;
      -- What waits behind it stands against what is there now, and that is what it will overwrite.
      with behind as (
        select w.id, w.write_id, w.write_id || '/' || brought.batch as named from waiting w
         where w.connection_id = new.connection_id and w.kind = new.kind and w.link_id = whose and w.system = new.system
           and w.field = changed.field and w.ended is null and w.id > brought.id),
      entries as (
        select j.*, behind.named from behind
          join journal j on j.connection_id = new.connection_id and j.kind = new.kind and j.write_id = behind.write_id
                        and j.system = new.system and j.field = changed.field),
      entering as (
        insert into journal (connection_id, kind, link_id, system, external_id, field, old_value, new_value, origin, reason, write_id)
        select connection_id, kind, link_id, system, external_id, field, new.fields -> field, new_value, origin, reason, named from entries
        on conflict do nothing),
      abandoning as (
        insert into journal_outcome (journal_id, outcome) select id, 'abandoned' from entries on conflict (journal_id) do nothing)
      update waiting w set seen_hash = changed.shown, write_id = behind.named from behind where w.id = behind.id;
    end if;
    -- What else waited stands against something that is not there any more.
    with over as (
      update waiting w
         set ended = case when w.value_hash = changed.shown then 'confirmed' else 'edited' end, ended_at = now()
       where w.connection_id = new.connection_id and w.kind = new.kind and w.link_id = whose and w.system = new.system
         and w.field = changed.field and w.ended is null and w.seen_hash <> changed.shown
      returning w.write_id, w.batch)
    insert into journal_outcome (journal_id, outcome)
    select j.id, 'abandoned' from over
      join journal j on j.connection_id = new.connection_id and j.kind = new.kind and j.write_id = over.write_id
                    and j.system = new.system and j.field = changed.field
     where over.batch is null
    on conflict (journal_id) do nothing;
  end loop;
  return null;
end $$;
create trigger shadow_judges_waiting after update on shadow for each row
  when (old.hashes is distinct from new.hashes) execute function judge_waiting();

-- The record that waited to be made is there, or is another one now: what waited of the one before is over.
create function end_waiting_of_place() returns trigger language plpgsql as $$
declare
  place text;
begin
  foreach place in array array['yapla', 'yoplanning'] loop
    continue when place = 'yapla' and old.yapla_id is not distinct from new.yapla_id;
    continue when place = 'yoplanning' and old.yoplanning_id is not distinct from new.yoplanning_id;
    with over as (
      update waiting w
         set ended = case when w.field = '' and w.batch is not null then 'confirmed' else 'withdrawn' end, ended_at = now()
       where w.connection_id = new.connection_id and w.kind = new.kind and w.link_id = new.link_id and w.system = place and w.ended is null
      returning w.write_id, w.batch, w.ended)
    insert into journal_outcome (journal_id, outcome, request_id)
    select j.id, case when over.ended = 'confirmed' then 'written' else 'abandoned' end,
           case when over.ended = 'confirmed' then 'import/' || over.batch end
      from over join journal j on j.connection_id = new.connection_id and j.kind = new.kind and j.write_id = over.write_id and j.system = place
    on conflict (journal_id) do nothing;
  end loop;
  return null;
end $$;
create trigger link_place_ends_waiting after update of yapla_id, yoplanning_id on link for each row
  when (old.yapla_id is distinct from new.yapla_id or old.yoplanning_id is distinct from new.yoplanning_id)
  execute function end_waiting_of_place();
