-- By field, the hash of what is left of a value when spelling is set aside (core/alike.ts): two records that first agree are not asked
-- about what any person would call the same, and a national phone number is known by its digits whatever country reads it.
alter table shadow add column forms jsonb not null default '{}';

-- By field, when its value was entered there, as nearly as is known (epoch milliseconds; store/shadows.ts `entered`). For the rule `newest`.
alter table shadow add column times jsonb not null default '{}';
