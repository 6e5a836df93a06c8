#!/bin/sh
# Each step does nothing where it was done before (server 1.31: tools/common/schema), so this runs before every start and upgrades too.
# Address, user and password come as SQL_* variables. The schemas are part of the tool, so tool and server are always of one version.
set -eu
for database in temporal temporal_visibility; do
  case $database in
    temporal) schema=postgresql/v12/temporal ;;
    temporal_visibility) schema=postgresql/v12/visibility ;;
  esac
  temporal-sql-tool --db "$database" create
  temporal-sql-tool --db "$database" setup-schema -v 0.0
  temporal-sql-tool --db "$database" update-schema --schema-name "$schema"
done
