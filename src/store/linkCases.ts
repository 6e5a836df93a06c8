/** Open cases of one link, as its workflow needs them: without values. */
import type { FieldHashes, SystemName } from '../core/record.js';
import type { CaseKind } from './cases.js';
import type { Sql, Transaction } from './database.js';

export interface LinkCase {
  readonly kind: CaseKind;
  /** The empty string: about the link as a whole. */
  readonly field: string;
  /** Hashes of both sides when the question came up. */
  readonly saw: Readonly<Record<SystemName, FieldHashes | null>> | null;
}

/** Open cases about a link; those about its records by their own ids included (`removal`). */
export async function openLinkCases(sql: Sql | Transaction, connectionId: string, linkId: string): Promise<LinkCase[]> {
  return await sql<LinkCase[]>`
    select kind, field, saw from cases
     where connection_id = ${connectionId} and status = 'open' and kind not in ('guard', 'doubt', 'canary')
       and (link_id = ${linkId} or (link_id is null and subject = ${linkId}))`;
}

/** Moves the open cases of a link that became part of another. One that stands there already is closed here. */
export async function moveCases(tx: Transaction, connectionId: string, from: string, to: string): Promise<void> {
  await tx`
    update cases c set status = 'closed', closed_at = now(), closed_by = 'merged'
     where c.connection_id = ${connectionId} and c.status = 'open' and coalesce(c.link_id, c.subject) = ${from}
       and (c.kind = 'create' or exists (
             select 1 from cases o where o.connection_id = c.connection_id and o.status = 'open' and o.kind = c.kind
                and o.subject = ${to} and o.field = c.field and c.subject = ${from}))`;
  await tx`
    update cases c set link_id = ${to}, subject = case when c.subject = ${from} then ${to} else c.subject end
     where c.connection_id = ${connectionId} and c.status = 'open' and c.link_id = ${from}`;
}
