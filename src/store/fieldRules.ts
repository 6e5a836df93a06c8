/** The table `field_rule`: rules that a person made of an answer. They come before those of the configuration file. */
import type { FieldName, Scope, SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

/** Makes `rule` the connection's rule for a field; an earlier one is replaced. @param caseId the case it was the answer to */
export async function rememberRule(
  sql: Sql | Transaction,
  scope: Scope,
  field: FieldName,
  rule: SystemName,
  caseId: number,
  by: string,
): Promise<void> {
  await sql`
    with unsettled as (${unsettleAsked(sql, scope, field)})
    insert into field_rule (connection_id, kind, field, rule, case_id, made_by)
    values (${scope.connectionId}, ${scope.kind}, ${field}, ${rule}, ${caseId}, ${by})
    on conflict (connection_id, kind, field)
      do update set rule = excluded.rule, case_id = excluded.case_id, made_by = excluded.made_by, made_at = now()`;
}

/** The remembered rule of each field that has one. */
export async function fieldRules(
  sql: Sql | Transaction,
  scope: Scope,
): Promise<Readonly<Record<FieldName, SystemName>>> {
  const rules = await listRules(sql, scope);
  return Object.fromEntries(rules.map(({ field, rule }) => [field, rule]));
}

/** A remembered rule, and where it came from. */
export interface RememberedRule {
  readonly field: FieldName;
  readonly rule: SystemName;
  readonly caseId: number | null;
  readonly madeAt: Date;
  readonly madeBy: string;
}

/** Remembered rules in the order of their fields' names. */
export async function listRules(sql: Sql | Transaction, scope: Scope): Promise<RememberedRule[]> {
  return await sql<RememberedRule[]>`
    select field, rule, case_id as "caseId", made_at as "madeAt", made_by as "madeBy"
      from field_rule where connection_id = ${scope.connectionId} and kind = ${scope.kind} order by field`;
}

/** Takes a remembered rule back: the configuration's counts again. @returns false where there was none */
export async function forgetRule(sql: Sql | Transaction, scope: Scope, field: FieldName): Promise<boolean> {
  const rows = await sql`
    with unsettled as (${unsettleAsked(sql, scope, field)})
    delete from field_rule where connection_id = ${scope.connectionId} and kind = ${scope.kind} and field = ${field} returning 1`;
  return rows.length > 0;
}

/** A link that waits for an answer about the field is settled; under another rule, that answer may be known. Decides nothing itself. */
const unsettleAsked = (sql: Sql | Transaction, scope: Scope, field: FieldName) => sql`
  update link l set settled_version = null from cases c
   where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.field = ${field} and c.status = 'open'
     and l.connection_id = c.connection_id and l.kind = c.kind and l.link_id = c.link_id and l.settled_version is not null`;
