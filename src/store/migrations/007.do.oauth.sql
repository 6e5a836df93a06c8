-- Logins by OAuth (docs/operators.md): what a person allowed, for one connection, and logins under way. They belong to the connection's
-- credential, whatever kinds of records it is used for. Texts are encrypted (src/store/seal.ts); the keys never come here.

create table oauth_token (
  connection    text primary key references connection on delete cascade,
  -- A hash of the client id and the address of tokens: another client's token is not this one's.
  client        text not null,
  -- Increased by each renewal and each login: a renewal is recorded only where it is the one that was renewed.
  version       bigint not null default 1,
  key_id        text not null,
  access_token  bytea not null,
  -- Null: the server gave none, and the person must log in again when the access token ends.
  refresh_token bytea,
  -- Null: not known.
  expires_at    timestamptz,
  renewed_at    timestamptz not null default now()
);

create table oauth_login (
  -- A hash of the state, which nobody but the browser that brings it back need know.
  state_hash bytea primary key,
  connection text not null references connection on delete cascade,
  key_id     text not null,
  verifier   bytea not null,
  expires_at timestamptz not null,
  -- The final address as the receiver took it, for the login that waits. Once only.
  answer     bytea,
  -- The key that sealed the answer.
  answer_key text
);
create index oauth_login_connection on oauth_login (connection);

-- What the account's GraphQL told of its schema (src/store/graphqlSchemas.ts). Names of types and fields; nothing of anybody.
create table graphql_schema (
  -- Its name in `budget`.
  credential text primary key,
  address    text not null,
  told       jsonb not null,
  read_at    timestamptz not null default clock_timestamp()
);
