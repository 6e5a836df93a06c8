-- An event of the inbox that no webhook brought: what an export shows that a person gave (`passerelle import-registrations`). `received_at` is
-- then when it was exported. It spends nothing of what webhooks may cost, and says nothing of whether webhooks still come.
alter table inbox add column imported boolean not null default false;
