/** Where values came from: when each record was read, and what our own writes did to a field. For whoever answers a case. */
import type { Json } from '../core/document.js';
import type { CanonicalFields, FieldName, Scope, SystemName } from '../core/record.js';
import type { Sql } from './database.js';

/** A record as we know it now. */
export interface KnownRecord {
  readonly system: SystemName;
  readonly id: string;
  readonly fields: CanonicalFields;
  /** When we last read it. */
  readonly readAt: Date;
  /** When it was modified there, where the system says so. */
  readonly modifiedAt: Date | null;
  /** Proven gone since then; the fields are those it had last. */
  readonly goneAt: Date | null;
}

/** Records by id, those that are gone too. One that we never read is left out. In the order of their ids. */
export async function knownRecords(
  sql: Sql,
  scope: Scope,
  ids: Readonly<Record<SystemName, readonly string[]>>,
): Promise<KnownRecord[]> {
  return await sql<KnownRecord[]>`
    select system, external_id as id, fields, read_at as "readAt", modified_at as "modifiedAt", gone_at as "goneAt"
      from shadow
     where connection_id = ${scope.connectionId} and kind = ${scope.kind}
       and ((system = 'yapla' and external_id = any(${ids.yapla}))
         or (system = 'yoplanning' and external_id = any(${ids.yoplanning})))
     order by system, external_id`;
}

/** One of our writes to a field. */
export interface FieldWrite {
  readonly system: SystemName;
  /** As it stood in the system's document. */
  readonly oldValue: Json | null;
  readonly newValue: string | null;
  /** Whose value was written: a system's, or a person's. */
  readonly origin: string;
  readonly reason: string;
  readonly at: Date;
  /** Null: a crash cut it off, and nobody knows yet whether it was sent. */
  readonly outcome: 'written' | 'abandoned' | null;
  /** The request that wrote. */
  readonly requestId: string | null;
}

/** Our last writes to a field of a link, newest first, at most `perSystem` to each system; those that were abandoned are left out. */
export async function lastWrites(
  sql: Sql,
  scope: Scope,
  linkId: string,
  field: FieldName,
  perSystem: number,
): Promise<FieldWrite[]> {
  return await sql<FieldWrite[]>`
    select system, old_value as "oldValue", new_value as "newValue", origin, reason, at, outcome, request_id as "requestId"
      from (select j.*, o.outcome, o.request_id, row_number() over (partition by j.system order by j.id desc) as nth
              from journal j left join journal_outcome o on o.journal_id = j.id
             where j.connection_id = ${scope.connectionId} and j.kind = ${scope.kind} and j.link_id = ${linkId} and j.field = ${field}
               and o.outcome is distinct from 'abandoned') w
     where nth <= ${perSystem} order by id desc`;
}
