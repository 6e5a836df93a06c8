/**
 * The table `unreadable`: records that a system shows and that cannot be read, each with its open case. Anyone who reads one of them after all
 * ends both, so nobody has to look after them.
 */
import type { Scope, SystemName } from '../core/record.js';
import { type NewCase, openCases } from './cases.js';
import type { Sql, Transaction } from './database.js';

/** The kind of their cases (src/cases/unreadable.ts). */
export const unreadableCode = 'unreadable';

export interface FoundUnreadable {
  /** The record's id; where not even that can be read, `#` and its position in the list. */
  readonly id: string;
  /** Position in the list (0-based); null where it was read by itself. */
  readonly position: number | null;
  readonly question: NewCase;
}

/**
 * Remembers that these records cannot be read, and asks about them. What is stored of them stays; they were seen, so they are not missing.
 *
 * @param seenBy the scan's pass that saw them
 */
export async function recordUnreadable(
  tx: Transaction,
  scope: Scope,
  system: SystemName,
  found: readonly FoundUnreadable[],
  seenBy?: { readonly scanId: number; readonly pass: number },
): Promise<void> {
  if (found.length === 0) return;
  const ids = [...new Set(found.map(({ id }) => id))].sort();
  const [scanId, pass] = [seenBy?.scanId ?? null, seenBy?.pass ?? null];
  await tx`
    update reading set read_at = now(), read_before = read_at, scan_id = coalesce(${scanId}::bigint, scan_id), scan_pass = coalesce(${pass}::int, scan_pass)
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = any(${ids})
       and gone_at is null`;
  await tx`
    insert into unreadable as u (connection_id, kind, system, external_id, scan_id, scan_pass)
    select ${scope.connectionId}, ${scope.kind}, ${system}, id, ${scanId}::bigint, ${pass}::int from unnest(${ids}::text[]) as r(id)
    on conflict (connection_id, kind, system, external_id) do update
       set scan_id = coalesce(excluded.scan_id, u.scan_id), scan_pass = coalesce(excluded.scan_pass, u.scan_pass), found_at = now()`;
  await openCases(
    tx,
    scope,
    null,
    found.map(({ question }) => question),
  );
  await attachUnreadable(tx, scope);
}

/** Names in each open case the link that has the record by now: it is held back by its cases. */
export async function attachUnreadable(sql: Sql | Transaction, scope: Scope): Promise<void> {
  await sql`
    update cases c set link_id = l.link_id
      from unreadable u
      join link l on l.connection_id = u.connection_id and l.kind = u.kind
                 and (u.system = 'yapla' and l.yapla_id = u.external_id or u.system = 'yoplanning' and l.yoplanning_id = u.external_id)
     where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.code = ${unreadableCode} and c.status = 'open'
       and u.connection_id = c.connection_id and u.kind = c.kind and c.subject = u.system || ':' || u.external_id
       and c.link_id is distinct from l.link_id`;
}

/** These records were read, or are proven gone: the questions whether they can be read are over. */
export async function endUnreadable(
  sql: Sql | Transaction,
  scope: Scope,
  system: SystemName,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    with over as (
      delete from unreadable
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = any(${ids}))
    update cases set status = 'closed', closed_at = now(), closed_by = 'settled'
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and code = ${unreadableCode} and status = 'open'
       and subject = any(${ids.map((id) => `${system}:${id}`)})`;
}

/** Ends those that a complete list does not show any more, and that nobody has found since it was begun. */
export async function endUnlisted(sql: Sql | Transaction, scanId: number): Promise<void> {
  await sql`
    with over as (
      delete from unreadable u using scan s
       where s.id = ${scanId} and s.status = 'complete' and u.connection_id = s.connection_id and u.kind = s.kind and u.system = s.system
         and (u.scan_id, u.scan_pass) is distinct from (s.id, s.pass) and u.found_at < s.started_at
      returning u.connection_id, u.kind, u.system, u.external_id)
    update cases c set status = 'closed', closed_at = now(), closed_by = 'settled' from over o
     where c.connection_id = o.connection_id and c.kind = o.kind and c.code = ${unreadableCode} and c.status = 'open'
       and c.subject = o.system || ':' || o.external_id`;
}
