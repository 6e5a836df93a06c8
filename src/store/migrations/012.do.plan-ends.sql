alter table plan drop constraint plan_status_check;
alter table plan add constraint plan_status_check check (
  status in ('drafting', 'ready', 'approved', 'applied', 'rejected', 'cancelled', 'expired', 'superseded')
);

-- Who wanted to approve or to reject a plan, noted before the workflow is told. A history holds the note's id, never the name; the plan
-- says whose decision was taken (approved_by).
create table plan_decision (
  id         bigint generated always as identity primary key,
  plan_id    bigint not null references plan on delete cascade,
  verb       text not null check (verb in ('approve', 'reject')),
  decided_by text not null,
  decided_at timestamptz not null default now()
);
create index plan_decision_plan on plan_decision (plan_id);
