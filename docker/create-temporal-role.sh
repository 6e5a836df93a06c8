#!/bin/sh
# Temporal gets a role of its own, which may create its two databases and cannot enter ours: it has no business with people's data.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$TEMPORAL_DB_PASSWORD" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
create role temporal login createdb password :'password';
revoke connect on database passerelle from public;
SQL
