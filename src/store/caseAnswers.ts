/**
 * What persons answer to cases. An answer is stored first and carried out afterwards, by the link's workflow: so it outlives
 * whatever is down at that moment. Values stand here, in Postgres; signals carry the case's id.
 */
import type { FieldName, FieldValue, Scope, SystemName } from '../core/record.js';
import type { Fragment, Sql, Transaction } from './database.js';

/**
 * - a system's name: its value is taken, in the other system too;
 * - `value`: a value of the person's own, normalised, goes to both; null clears the field;
 * - `create`: the person may be created in the system that does not know them.
 */
export type Answer =
  | { readonly take: SystemName | 'create'; readonly value?: never }
  | { readonly take: 'value'; readonly value: FieldValue };

/** An answer that is not carried out yet. */
export type CaseAnswer = Answer & {
  readonly caseId: number;
  readonly kind: string;
  /** The empty string for `create`. */
  readonly field: FieldName;
};

/** No case has that id. */
export class UnknownCase extends Error {
  override readonly name = 'UnknownCase';
  constructor(readonly caseId: number) {
    super(`there is no case ${caseId}`);
  }
}

/** The case was closed before the answer came. */
export class CaseClosed extends Error {
  override readonly name = 'CaseClosed';
  constructor(
    readonly caseId: number,
    readonly closedAt: Date,
    /** A person, or `settled` where the question answered itself. */
    readonly closedBy: string,
  ) {
    super(`case ${caseId} was closed on ${closedAt.toISOString()} by ${closedBy}: nothing is left to answer`);
  }
}

/** Cases of this kind are not answered so. */
export class UnfitAnswer extends Error {
  override readonly name = 'UnfitAnswer';
  constructor(
    readonly caseId: number,
    readonly kind: string,
    readonly take: Answer['take'] | 'close' | 'goOn',
  ) {
    super(`case ${caseId} is of kind "${kind}", which "${take}" does not answer`);
  }
}

/**
 * Stores an answer to an open case. A second answer, before the first is carried out, replaces it.
 *
 * @param by who answers. @param kinds those that it can answer
 * @throws {UnknownCase} {@link CaseClosed} {@link UnfitAnswer}
 */
export async function storeAnswer(
  sql: Sql | Transaction,
  caseId: number,
  answer: Answer,
  by: string,
  kinds: readonly string[],
): Promise<void> {
  const stored = answer.take === 'value' ? { take: answer.take, value: answer.value } : { take: answer.take };
  const rows = await sql`
    update cases set answer = ${sql.json(stored)}, answered_at = now(), answered_by = ${by}
     where id = ${caseId} and status = 'open' and code = any(${kinds}) returning 1`;
  if (rows.length === 0) throw await unanswerable(sql, caseId, answer.take);
}

/**
 * Closes a case without a value: the matter is settled, or is to be left as it is. What was answered is `close`, with the reason.
 *
 * @param kinds those that a person may close
 * @throws {UnknownCase} {@link CaseClosed} {@link UnfitAnswer}
 */
export async function storeClosing(
  sql: Sql | Transaction,
  caseId: number,
  by: string,
  why: string | null,
  kinds: readonly string[],
): Promise<void> {
  const stored = why === null ? { take: 'close' } : { take: 'close', why };
  const rows = await sql`
    update cases set status = 'closed', closed_at = now(), closed_by = ${by},
           answer = ${sql.json(stored)}, answered_at = now(), answered_by = ${by}
     where id = ${caseId} and status = 'open' and code = any(${kinds}) returning 1`;
  if (rows.length === 0) throw await unanswerable(sql, caseId, 'close');
}

async function unanswerable(
  sql: Sql | Transaction,
  caseId: number,
  take: Answer['take'] | 'close',
): Promise<UnknownCase | CaseClosed | UnfitAnswer> {
  const [row] = await sql<{ kind: string; closedAt: Date | null; closedBy: string | null }[]>`
    select code as kind, closed_at as "closedAt", closed_by as "closedBy" from cases where id = ${caseId}`;
  if (row === undefined) return new UnknownCase(caseId);
  if (row.closedAt !== null) return new CaseClosed(caseId, row.closedAt, row.closedBy ?? 'nobody named');
  return new UnfitAnswer(caseId, row.kind, take);
}

/**
 * Closes cases whose answers were carried out, in the name of whoever answered. A case that was answered anew meanwhile stays open:
 * its new answer is still to be carried out.
 */
export async function closeCarriedOut(sql: Sql | Transaction, answers: readonly CaseAnswer[]): Promise<void> {
  if (answers.length === 0) return;
  const rows = answers.map(({ caseId, take, value }) => ({
    id: caseId,
    answer: take === 'value' ? { take, value } : { take },
  }));
  await sql`
    update cases c set status = 'closed', closed_at = now(), closed_by = c.answered_by
      from jsonb_to_recordset(${sql.json(rows)}) as r(id bigint, answer jsonb)
     where c.id = r.id and c.status = 'open' and c.answer = r.answer`;
}

/**
 * Of a row `c` of `cases`: a person closed the question without more. Whether that means that it is not to be asked again, its kind
 * says. A record that came back and was removed once more is a new question, and so is one that took the place of a record that was gone.
 */
export const isDeclined = (sql: Sql | Transaction): Fragment => sql`
  c.status = 'closed' and c.answer->>'take' = 'close'
  and (c.details->>'system' is null or not exists (
         select 1 from link l where l.connection_id = c.connection_id and l.kind = c.kind and l.link_id = c.link_id
            and c.subject is distinct from 'yapla:' || l.yapla_id and c.subject is distinct from 'yoplanning:' || l.yoplanning_id))
  and not exists (select 1 from shadow s
                   where s.connection_id = c.connection_id and s.kind = c.kind and s.system || ':' || s.external_id = c.subject
                     and s.gone_at > c.closed_at)`;

/** Of these links, the kinds of questions that a person closed (see `isDeclined`). */
export async function declinedQuestions(
  sql: Sql | Transaction,
  scope: Scope,
  linkIds: readonly string[],
): Promise<Map<string, Set<string>>> {
  if (linkIds.length === 0) return new Map();
  const rows = await sql<{ linkId: string; kinds: string[] }[]>`
    select c.link_id as "linkId", json_agg(distinct c.code) as kinds from cases c
     where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.link_id = any(${linkIds}) and ${isDeclined(sql)}
     group by 1`;
  return new Map(rows.map((row) => [row.linkId, new Set(row.kinds)]));
}

/**
 * Asks the receiver's forwarder to tell the link's workflow, as it does about webhooks: for an answer that could not be signalled.
 * Where a signal to the link is asked for or under way already, that one does.
 */
export async function forwardAnswer(sql: Sql | Transaction, scope: Scope, linkId: string): Promise<void> {
  await sql`
    insert into link_signal (connection_id, kind, link_id, due_at) values (${scope.connectionId}, ${scope.kind}, ${linkId}, now())
    on conflict (connection_id, kind, link_id) do nothing`;
}
