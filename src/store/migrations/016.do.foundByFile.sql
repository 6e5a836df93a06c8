-- A file of new people (import_batch.purpose 'create') finds members by their e-mail address. One whom somebody entered after the file was
-- made is written over by it, as an edit by a file of changes is (008, judge_waiting). As far as it was known what stood there, it is noted in
-- the journal like all that we overwrite; and where both systems had agreed on it since, it is written back by the next file.
create function note_found_by_file() returns trigger language plpgsql as $$
declare
  whose text;
  made  record;
begin
  if not exists (select 1 from import_batch b
                  where b.connection_id = new.connection_id and b.kind = new.kind and b.system = new.system and b.state <> 'judged'
                    and b.purpose = 'create') then
    return null;
  end if;
  if new.system = 'yapla' then
    select l.link_id into whose from link l
     where l.connection_id = new.connection_id and l.kind = new.kind and l.yapla_id = new.external_id;
  else
    select l.link_id into whose from link l
     where l.connection_id = new.connection_id and l.kind = new.kind and l.yoplanning_id = new.external_id;
  end if;
  -- The creation of which the record shows every value now; not yet taken for it, or linked by then: by each its own index.
  select w.*, i.hashes into made
    from waiting w
    join import_batch b on b.connection_id = w.connection_id and b.kind = w.kind and b.number = w.batch and b.state <> 'judged' and b.purpose = 'create'
    join intent i on i.connection_id = w.connection_id and i.kind = w.kind and i.link_id = w.link_id and i.system = w.system
   where w.connection_id = new.connection_id and w.kind = new.kind and w.system = new.system and w.field = ''
     and case when whose is null then w.ended is null else w.link_id = whose end
     and not exists (select 1 from jsonb_each_text(i.hashes) h where h.value <> '' and new.hashes ->> h.key is distinct from h.value)
   order by w.id desc limit 1;
  if made.id is null then return null; end if;
  with over as (
    select h.key as field, h.value as hash from jsonb_each_text(made.hashes) h
     where h.value <> '' and coalesce(old.hashes ->> h.key, '') not in ('', h.value)),
  entering as (
    insert into journal (connection_id, kind, link_id, system, external_id, field, old_value, new_value, origin, reason, write_id)
    select new.connection_id, new.kind, made.link_id, new.system, new.external_id, over.field, old.fields -> over.field,
           new.fields ->> over.field, j.origin, j.reason, 'import/' || made.batch || '/' || made.id
      from over
      join journal j on j.connection_id = new.connection_id and j.kind = new.kind and j.write_id = made.write_id and j.system = new.system
                    and j.field = over.field
    on conflict do nothing
    returning id),
  ending as (
    insert into journal_outcome (journal_id, outcome, request_id) select id, 'written', 'import/' || made.batch from entering
    on conflict (journal_id) do nothing)
  update link l
     set base = coalesce(l.base, '{}') || (select jsonb_object_agg(field, hash) from over),
         base_fields = coalesce(l.base_fields, '{}') || (select jsonb_object_agg(field, new.fields -> field) from over),
         version = l.version + 1
   where l.connection_id = new.connection_id and l.kind = new.kind and l.link_id = whose and l.base is not null
     and exists (select 1 from over);
  return null;
end $$;
create trigger shadow_notes_found_by_file after update on shadow for each row
  when (old.hashes is distinct from new.hashes) execute function note_found_by_file();
