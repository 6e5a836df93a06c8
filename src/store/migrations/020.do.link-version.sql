-- The version of a link: increased by whatever changes the link, its base, the hashes of a record that belongs to it, or a person's answer
-- about it, in the statement that changes it. Statements on `link` itself say so; for the other tables the triggers below do.
alter table link add column version bigint not null default 1;
-- The version at which nothing was left to do; null: never, or not under the rules now in force.
alter table link add column settled_version bigint;
-- Settled, but its records differ in what may not be written.
alter table link add column held_back boolean not null default false;
-- The plan that proposed it; null: live work did.
alter table link add column plan_id bigint references plan on delete set null;
create index link_unsettled on link (connection_id, link_id) where version is distinct from settled_version;
create index link_proposed on link (connection_id, plan_id) where state = 'proposed';

create function bump_link_of_shadow() returns trigger language plpgsql as $$
begin
  if new.system = 'yapla' then
    update link set version = version + 1 where connection_id = new.connection_id and yapla_id = new.external_id;
  else
    update link set version = version + 1 where connection_id = new.connection_id and yoplanning_id = new.external_id;
  end if;
  return null;
end $$;
create trigger shadow_changes_link after update on shadow for each row
  when (old.hashes is distinct from new.hashes or (old.gone_at is null) <> (new.gone_at is null))
  execute function bump_link_of_shadow();

create function bump_link_of_case() returns trigger language plpgsql as $$
begin
  update link set version = version + 1 where connection_id = new.connection_id and link_id = coalesce(new.link_id, new.subject);
  return null;
end $$;
create trigger answer_changes_link after update on cases for each row
  when (old.answer is distinct from new.answer)
  execute function bump_link_of_case();

-- An item is a decision and the version of the link that it was made at.
alter table plan_item drop column saw;
alter table plan_item add column version bigint;

-- The field map and normaliser that shadows and bases were made with (core/fieldMap.ts), and a digest of the rules that links were settled
-- under; null: nothing was made yet. No values.
alter table connection add column map_version jsonb;
alter table connection add column map_digest text;
alter table connection add column rules_digest text;
