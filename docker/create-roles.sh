#!/bin/sh
# Nobody works as the superuser. Ours gets a role that owns its database and nothing else. Temporal gets one that may create its two
# databases and cannot enter ours: it has no business with people's data.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$PASSERELLE_DB_PASSWORD" --set=temporal_password="$TEMPORAL_DB_PASSWORD" \
  --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
create role passerelle login password :'password';
alter database passerelle owner to passerelle;
revoke connect on database passerelle from public;
create role temporal login createdb password :'temporal_password';
SQL
