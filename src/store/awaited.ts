/**
 * Records whose webhooks wait for a list to be read, where no single one can be: events in the inbox that no list has answered yet. A list
 * answers an event by being read after it came, whether it shows the record or not; what the event itself shows is then older than that.
 */
import type { Scope, SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';
import { type ShadowRow, upsertShadows } from './shadows.js';
import { type FoundUnreadable, recordUnreadable } from './unreadable.js';

/** A reading of a system's whole list on behalf of those who wait. */
export interface ListReading {
  readonly scope: Scope;
  readonly system: SystemName;
  /** By the database's clock: it answers what came before. */
  readonly begunAt: string;
}

export interface PageForAwaited {
  /** By the database's clock, from before the page was asked for. */
  readonly askedAt: string;
  readonly rows: readonly ShadowRow[];
  readonly unreadable: readonly FoundUnreadable[];
}

/**
 * Stores of a page the records that are waited for, and no others: nobody would be told of them.
 *
 * @returns those about which something was stored while the page was on its way. Nobody knows which is the younger, so this reading does
 *   not answer their events.
 */
export async function storeAwaited(sql: Sql, of: ListReading, page: PageForAwaited): Promise<readonly string[]> {
  const { scope, system, begunAt } = of;
  return await sql.begin(async (tx) => {
    const ids = [...page.rows, ...page.unreadable].map(({ id }) => id);
    const waiting = await tx<{ id: string }[]>`
      select distinct external_id as id from inbox
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and handled_at is null and link_id is not null
         and listed_at is null and received_at <= ${begunAt}::timestamptz and external_id = any(${ids}::text[])`;
    const awaited = new Set(waiting.map(({ id }) => id));
    if (awaited.size === 0) return [];
    const isAwaited = ({ id }: { readonly id: string }) => awaited.has(id);
    const replaces = { storedUntil: page.askedAt };
    const crossed = await upsertShadows(tx, scope, system, page.rows.filter(isAwaited), { replaces });
    await recordUnreadable(tx, scope, system, page.unreadable.filter(isAwaited));
    for (const id of crossed) awaited.delete(id);
    await markListed(tx, of, { only: [...awaited] });
    return crossed;
  });
}

/** Whether anybody still waits for this reading. */
export async function isAwaited(sql: Sql, { scope, system, begunAt }: ListReading): Promise<boolean> {
  const [row] = await sql<{ waits: boolean }[]>`
    select exists (select 1 from inbox
                    where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and handled_at is null and link_id is not null
                      and listed_at is null and received_at <= ${begunAt}::timestamptz) as waits`;
  return row!.waits;
}

/** The reading answers events of these records; or of all, but of those that it does not answer: it has reached the end of the list. */
export async function markListed(
  sql: Sql | Transaction,
  { scope, system, begunAt }: ListReading,
  which: { readonly only: readonly string[] } | { readonly allBut: readonly string[] },
): Promise<void> {
  const among =
    'only' in which ? sql`external_id = any(${which.only}::text[])` : sql`external_id <> all(${which.allBut}::text[])`;
  await sql`
    update inbox set listed_at = now()
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and handled_at is null and link_id is not null
       and listed_at is null and received_at <= ${begunAt}::timestamptz and ${among}`;
}

/** A scan that is complete answers what came before it was begun. */
export async function markScanned(sql: Sql, scanId: number): Promise<void> {
  await sql`
    update inbox i set listed_at = now() from scan s
     where s.id = ${scanId} and s.status = 'complete' and i.connection_id = s.connection_id and i.kind = s.kind and i.system = s.system
       and i.handled_at is null and i.link_id is not null and i.listed_at is null and i.received_at <= s.started_at`;
}

/** How many records are looked at to learn what a list shows of any. */
const sampledRecords = 20;

/** Fields that a system's list shows of some of its records. */
export async function fieldsShown(sql: Sql, scope: Scope, system: SystemName): Promise<readonly string[]> {
  const rows = await sql<{ field: string }[]>`
    select distinct f.field from (
      select fields from shadow
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} limit ${sampledRecords}) s,
      jsonb_object_keys(s.fields) as f(field)`;
  return rows.map(({ field }) => field);
}
