/** How the catalogue's mirror and the bookings of a connection stand, in counts and times. Nothing of anybody. */
import type { Scope } from '../core/record.js';
import type { Sql } from './database.js';

export interface MirrorStand {
  /** That are sold. */
  readonly products: number;
  /** Those of them whose sessions were never read. */
  readonly unread: number;
  /** To come, as far as known. */
  readonly sessions: number;
  /** When the product that was read longest ago was read, epoch milliseconds; null: none was. */
  readonly oldestReadAtMs: number | null;
}

/** @param scope of registrations. @param nowMs sessions that begin later are to come */
export async function mirrorStand(sql: Sql, { connectionId, kind }: Scope, nowMs: number): Promise<MirrorStand> {
  const [row] = await sql<[MirrorStand]>`
    select count(*)::int as products, (count(*) filter (where sessions_at is null))::int as unread,
           floor(extract(epoch from min(sessions_at)) * 1000)::float8 as "oldestReadAtMs",
           (select count(*)::int from catalogue_session s
             where s.connection_id = ${connectionId} and s.kind = ${kind} and s.gone_at is null and s.starts_at > ${new Date(nowMs).toISOString()}::timestamptz) as sessions
      from catalogue_product where connection_id = ${connectionId} and kind = ${kind} and gone_at is null`;
  return row;
}

/** Registrations, each counted once. */
export interface BookingStand {
  /** There is an order, or there was one. */
  readonly ordered: number;
  /** No order, and a person said to wait for a place. */
  readonly waitingForPlace: number;
  /** Neither: nothing is to be booked, or something is in the way. */
  readonly notOrdered: number;
}

/** @param scope of registrations */
export async function bookingStand(sql: Sql, { connectionId, kind }: Scope): Promise<BookingStand> {
  const [row] = await sql<[BookingStand]>`
    select (count(*) filter (where l.yoplanning_id is not null))::int as ordered,
           (count(*) filter (where l.yoplanning_id is null and b.waits_since is not null))::int as "waitingForPlace",
           (count(*) filter (where l.yoplanning_id is null and b.waits_since is null))::int as "notOrdered"
      from booking b join link l on l.connection_id = b.connection_id and l.kind = b.kind and l.link_id = b.link_id
     where b.connection_id = ${connectionId} and b.kind = ${kind}`;
  return row;
}
