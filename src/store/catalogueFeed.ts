/** What the feeds show of the tables `catalogue_product` and `catalogue_session`, and of no other: who booked is in none of these two. */
import type { CatalogueRow } from '../core/events/feed.js';
import type { Scope } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

/** The mirror as it stands. */
export interface CatalogueShown {
  /** Sessions that are not over, the soonest first, those that were called off included. */
  readonly sessions: readonly CatalogueRow[];
  /** When the last of those that are over was over, ISO 8601 in UTC; null: none is known. */
  readonly lastOverAt: string | null;
}

type Row = Omit<CatalogueRow, 'startsAt' | 'endsAt' | 'knownAt' | 'changedAt' | 'price' | 'standardPrice'> & {
  readonly startsAt: Date;
  readonly endsAt: Date | null;
  readonly knownAt: Date;
  readonly changedAt: Date;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly standardAmount: string | null;
  readonly standardCurrency: string | null;
};

/** @param nowMs sessions that ended by then, or, where no end is shown, began by then, are over */
export async function catalogueShown(sql: Sql | Transaction, scope: Scope, nowMs: number): Promise<CatalogueShown> {
  const { connectionId, kind } = scope;
  const now = new Date(nowMs).toISOString();
  const rows = await sql<Row[]>`
    select s.id, s.product_id as "productId", p.titles, p.category, p.meeting_point as "meetingPoint", p.address, s.starts_at as "startsAt", s.ends_at as "endsAt",
           s.places_left as "placesLeft", s.price as amount, s.currency, p.price as "standardAmount", p.currency as "standardCurrency",
           s.gone_at is not null as "isGone", s.known_at as "knownAt", greatest(s.changed_at, p.changed_at) as "changedAt", s.revision
      from catalogue_session s join catalogue_product p on p.connection_id = s.connection_id and p.kind = s.kind and p.id = s.product_id
     where s.connection_id = ${connectionId} and s.kind = ${kind} and coalesce(s.ends_at, s.starts_at) > ${now}::timestamptz
     order by s.starts_at, s.id`;
  const [over] = await sql<{ at: Date | null }[]>`
    select max(coalesce(ends_at, starts_at)) as at from catalogue_session
     where connection_id = ${connectionId} and kind = ${kind} and coalesce(ends_at, starts_at) <= ${now}::timestamptz`;
  return { sessions: rows.map(rowOf), lastOverAt: over?.at?.toISOString() ?? null };
}

function rowOf({ amount, currency, standardAmount, standardCurrency, ...row }: Row): CatalogueRow {
  return {
    ...row,
    startsAt: row.startsAt.toISOString(),
    endsAt: row.endsAt?.toISOString() ?? null,
    knownAt: row.knownAt.toISOString(),
    changedAt: row.changedAt.toISOString(),
    price: moneyFrom(amount, currency),
    standardPrice: moneyFrom(standardAmount, standardCurrency),
  };
}

function moneyFrom(amount: string | null, currency: string | null): CatalogueRow['price'] {
  return amount === null || currency === null ? null : { amount, currency };
}
