-- recorded_at says since when a record can be the one that the creation made: since it was first sent. A list that does not show it says
-- something only if it was begun after it was last sent.
alter table intent add column sent_at timestamptz not null default now();
comment on column intent.recorded_at is 'When it was first sent, or about to be.';
comment on column intent.sent_at is 'When it was last sent, or about to be; where an attempt ended without knowing whether it took effect: that moment.';
alter table intent add column fields jsonb not null default '{}';
comment on column intent.fields is 'The values sent, by which the record is recognised in the forms that its server makes of them. Empty once it is settled.';
