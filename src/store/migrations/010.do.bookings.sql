-- Bookings: what is kept of registrations of Yapla and orders of Yoplanning beside what is kept of records of every kind.

-- Which product and session of Yoplanning an event of Yapla is: said by a person. Of several rows that fit the one with the most said counts.
create table event_place (
  connection_id text not null references connection on delete cascade,
  kind          text not null,
  -- Keys of core/events/places.ts; the empty string: whichever.
  event         text not null,
  activity      text not null default '',
  rate          text not null default '',
  -- Of the event, for people to know it by.
  title         text,
  product_id    text not null,
  -- Null: the product's session that starts when the event does.
  session_id    text,
  confirmed_by  text not null,
  confirmed_at  timestamptz not null default now(),
  primary key (connection_id, kind, event, activity, rate)
);

-- What a registration is to be booked into, beside its link.
create table booking (
  connection_id text not null,
  kind          text not null,
  link_id       text not null,
  -- Keys of its event, activity and rate.
  event         text not null,
  activity      text not null default '',
  rate          text not null default '',
  starts_at     timestamptz,
  ends_at       timestamptz,
  -- Where the map says that it goes, or where a person wants it instead.
  session_id    text,
  chosen        text,
  -- A person said to wait for a place.
  waits_since   timestamptz,
  -- When a place was last asked for; null: at once.
  tried_at      timestamptz,
  primary key (connection_id, kind, link_id),
  foreign key (connection_id, kind, link_id) references link on update cascade on delete cascade
);
create index booking_event on booking (connection_id, kind, event);
create index booking_waits on booking (connection_id, kind, coalesce(chosen, session_id)) where waits_since is not null;

-- Its participants, in their order. Who they are stands in the registration's document.
create table participant (
  connection_id text not null,
  kind          text not null,
  link_id       text not null,
  n             integer not null,
  -- Of the member, where Yapla shows it.
  member_id     text,
  -- The client that the order's answer gave for the participant; null: none yet, or the member's own.
  client_id     text,
  primary key (connection_id, kind, link_id, n),
  foreign key (connection_id, kind, link_id) references link on update cascade on delete cascade
);
create index participant_member on participant (connection_id, kind, member_id) where member_id is not null;

-- A member whose client has come, or is another one now: registrations that name the member are looked at again.
create function look_at_bookings_of_member() returns trigger language plpgsql as $$
begin
  perform look_at_link(connection_id, kind, link_id, now()) from (
    select distinct p.connection_id, p.kind, p.link_id from participant p
     where p.connection_id = new.connection_id and p.kind = 'registration' and p.member_id = new.yapla_id order by p.link_id) as named;
  return null;
end $$;
create trigger client_of_member_comes after insert or update of yoplanning_id, yapla_id on link for each row
  when (new.kind = 'person' and new.yapla_id is not null and new.yoplanning_id is not null)
  execute function look_at_bookings_of_member();

-- A question about a member is over: registrations that waited for its answer are looked at again.
create function look_at_bookings_of_case() returns trigger language plpgsql as $$
begin
  perform look_at_link(connection_id, kind, link_id, now()) from (
    select distinct p.connection_id, p.kind, p.link_id
      from link l join participant p on p.connection_id = l.connection_id and p.kind = 'registration' and p.member_id = l.yapla_id
     where l.connection_id = new.connection_id and l.kind = 'person' and l.link_id = new.link_id order by p.link_id) as named;
  return null;
end $$;
create trigger case_of_member_closes after update of status on cases for each row
  when (new.kind = 'person' and new.status = 'closed' and old.status = 'open' and new.link_id is not null)
  execute function look_at_bookings_of_case();

-- A registration's way is said, or said otherwise: it is looked at again.
create function look_at_bookings_of_event() returns trigger language plpgsql as $$
declare
  it event_place := coalesce(new, old);
begin
  update link l set version = version + 1 from booking b
   where b.connection_id = it.connection_id and b.kind = it.kind and b.event = it.event
     and l.connection_id = b.connection_id and l.kind = b.kind and l.link_id = b.link_id;
  perform look_at_link(connection_id, kind, link_id, now()) from (
    select b.connection_id, b.kind, b.link_id from booking b
     where b.connection_id = it.connection_id and b.kind = it.kind and b.event = it.event order by b.link_id) as going;
  return null;
end $$;
create trigger place_changes_bookings after insert or update or delete on event_place for each row execute function look_at_bookings_of_event();
