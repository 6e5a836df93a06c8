-- When the newest file was exported that a record was last stored from: what a webhook shows that was sent before that is older than what is
-- known, whenever it arrives.
alter table reading add column file_at timestamptz;
