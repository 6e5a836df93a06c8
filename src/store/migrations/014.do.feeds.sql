-- What the feeds of the catalogue tell of a session besides what it is.

alter table catalogue_session
  -- When it was last shown whole, or proven gone. `read_at` moves on, too, where a list has it and it cannot be read.
  add column known_at   timestamptz,
  -- When anything of it was last seen to be another.
  add column changed_at timestamptz,
  -- So often its times, or whether it takes place, changed: SEQUENCE of iCalendar (RFC 5545, 3.8.7.4).
  add column revision   integer not null default 0;
update catalogue_session set known_at = read_at, changed_at = coalesce(gone_at, read_at);
alter table catalogue_session
  alter column known_at set not null,
  alter column changed_at set not null;
