/**
 * The canary: values that are not mapped must come out of our writes as they went in. When several writes did not, our picture of
 * the system is wrong, and the connection's work stops before more is damaged.
 */
import { systemNames } from '../core/record.js';
import { canary } from '../cases/canary.js';
import { countOpenCases } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import type { OpenConnection } from '../connection.js';

export async function stopIfCanariesDie({
  sql,
  connection,
}: {
  readonly sql: Sql;
  readonly connection: OpenConnection;
}): Promise<void> {
  const cases = (await countOpenCases(sql, connection.scope))[canary.code] ?? 0;
  if (cases < connection.config.guard.maxCanaryTrips) return;
  const reason = `${cases} writes changed values that are not mapped (cases of kind "canary"): check how the system takes an update, then close the cases and resume`;
  for (const system of systemNames) await connection.budgets[system].stop(reason);
}
