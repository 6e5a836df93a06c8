/** The tables `catalogue`, `catalogue_product` and `catalogue_session`: what Yoplanning sells and when, as it was read last. */
import type { CatalogueProgress, ProductProgress } from '../core/events/catalogue.js';
import type { ListReading } from '../core/events/listReading.js';
import type { Money } from '../core/events/money.js';
import type { Scope } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

/** A list of products that is under way. */
export interface ProductsReading extends ListReading {
  readonly whole: boolean;
  /** Changes since then, ISO 8601 in UTC; null: the whole list is read. */
  readonly since: string | null;
}

export interface MirrorProgress extends CatalogueProgress {
  readonly underWay: ProductsReading | null;
  /** ISO 8601 in UTC; null: the server shows no times of changes. */
  readonly changedUntil: string | null;
  /** Products in a row whose sessions could not be read. */
  readonly failures: number;
}

/** How far the mirror of a connection is, products that are gone left out. @param nowMs sessions that begin later are the next ones */
export async function mirrorProgress(sql: Sql | Transaction, scope: Scope, nowMs: number): Promise<MirrorProgress> {
  const { connectionId, kind } = scope;
  const [row] = await sql<
    {
      wholeAtMs: number | null;
      begunAtMs: number | null;
      underWay: ProductsReading | null;
      changedUntil: Date | null;
      showsChanges: boolean;
      turns: number;
      failures: number;
    }[]
  >`
    select floor(extract(epoch from whole_at) * 1000)::float8 as "wholeAtMs", floor(extract(epoch from begun_at) * 1000)::float8 as "begunAtMs",
           under_way as "underWay", changed_until as "changedUntil", shows_changes as "showsChanges", turns::float8 as turns, failures
      from catalogue where connection_id = ${connectionId} and kind = ${kind}`;
  const products = await sql<ProductProgress[]>`
    select p.id, floor(extract(epoch from p.sessions_at) * 1000)::float8 as "readAtMs", coalesce((p.under_way ->> 'offset')::int, 0) as offset,
           coalesce(p.changed_at > p.sessions_at, false) as "hasChanged",
           (select floor(extract(epoch from min(s.starts_at)) * 1000)::float8 from catalogue_session s
             where s.connection_id = ${connectionId} and s.kind = ${kind} and s.product_id = p.id and s.gone_at is null
               and s.starts_at > ${iso(nowMs)}::timestamptz) as "nextStartMs",
           (select count(*)::int from booking b join catalogue_session s on s.connection_id = b.connection_id and s.kind = b.kind and s.id = coalesce(b.chosen, b.session_id)
             where b.connection_id = ${connectionId} and b.kind = ${kind} and b.waits_since is not null and s.product_id = p.id) as waiting
      from catalogue_product p where p.connection_id = ${connectionId} and p.kind = ${kind} and p.gone_at is null order by p.id`;
  const { underWay = null, wholeAtMs = null, begunAtMs = null, showsChanges = true, turns = 0 } = row ?? {};
  return {
    list: {
      wholeAtMs,
      begunAtMs,
      showsChanges,
      underWay: underWay && { whole: underWay.whole, offset: underWay.offset },
    },
    products,
    turns,
    underWay,
    changedUntil: row?.changedUntil?.toISOString() ?? null,
    failures: row?.failures ?? 0,
  };
}

/** How the list of products goes on. */
export interface ListStep {
  /** Null: it is over. */
  readonly underWay: ProductsReading | null;
  /** It began with this page, at that time. */
  readonly begunAtMs: number;
  /** The whole list was read to its end, and nothing can have been missed. */
  readonly isWhole: boolean;
  readonly changedUntil: string | null;
  readonly showsChanges: boolean;
}

/** Notes it. What stood in no whole list is gone, and so are its sessions. @returns how many products are gone by it */
export async function noteList(tx: Transaction, scope: Scope, step: ListStep, nowMs: number): Promise<number> {
  const { connectionId, kind } = scope;
  const { underWay, begunAtMs, isWhole, changedUntil, showsChanges } = step;
  await tx`
    insert into catalogue as c (connection_id, kind, whole_at, begun_at, under_way, changed_until, shows_changes)
    values (${connectionId}, ${kind}, ${isWhole ? iso(nowMs) : null}::timestamptz, ${iso(begunAtMs)}::timestamptz, ${underWay === null ? null : JSON.stringify(underWay)}::text::jsonb,
            ${changedUntil}::timestamptz, ${showsChanges})
    on conflict (connection_id, kind) do update
       set whole_at = coalesce(excluded.whole_at, c.whole_at), begun_at = excluded.begun_at, under_way = excluded.under_way,
           changed_until = greatest(excluded.changed_until, c.changed_until), shows_changes = excluded.shows_changes`;
  if (!isWhole) return 0;
  const gone = await tx`
    update catalogue_product set gone_at = ${iso(nowMs)}::timestamptz, under_way = null
     where connection_id = ${connectionId} and kind = ${kind} and gone_at is null and read_at < ${iso(begunAtMs)}::timestamptz`;
  await tx`
    update catalogue_session s
       set gone_at = ${iso(nowMs)}::timestamptz, known_at = ${iso(nowMs)}::timestamptz, changed_at = ${iso(nowMs)}::timestamptz, revision = s.revision + 1
      from catalogue_product p
     where s.connection_id = ${connectionId} and s.kind = ${kind} and s.gone_at is null
       and p.connection_id = s.connection_id and p.kind = s.kind and p.id = s.product_id and p.gone_at is not null`;
  return gone.count;
}

/** A product as the API shows it (`Product` of systems/yoplanning). */
export interface ShownProduct {
  readonly id: string;
  readonly title: string;
  readonly categoryName: string | null;
  readonly meetingPoint: string | null;
  readonly address: string | null;
  readonly standardPrice: Money | null;
  readonly modifiedAt: string | null;
}

/** What a page shows. */
export interface ShownPage<Item> {
  readonly items: readonly Item[];
  /** Of those that cannot be read, as far as these can: they are there all the same. */
  readonly unreadable: readonly string[];
  readonly nowMs: number;
}

/** Stores products of one page. @param lang of their titles, ISO 639-1 */
export async function storeProducts(
  tx: Transaction,
  scope: Scope,
  { items: products, unreadable, nowMs }: ShownPage<ShownProduct>,
  lang: string,
): Promise<void> {
  const { connectionId, kind } = scope;
  const rows = products.map(({ id, title, categoryName, meetingPoint, address, standardPrice, modifiedAt }) => ({
    id,
    titles: { [lang]: title },
    category: categoryName,
    meeting_point: meetingPoint,
    address,
    price: standardPrice?.amount ?? null,
    currency: standardPrice?.currency ?? null,
    modified_at: modifiedAt,
  }));
  await tx`
    insert into catalogue_product as p (connection_id, kind, id, titles, category, meeting_point, address, price, currency, modified_at, read_at, changed_at)
    select ${connectionId}, ${kind}, n.id, n.titles, n.category, n.meeting_point, n.address, n.price, n.currency, n.modified_at, ${iso(nowMs)}::timestamptz, ${iso(nowMs)}::timestamptz
      from json_to_recordset(${JSON.stringify(rows)}::text::json)
        as n(id text, titles jsonb, category text, meeting_point text, address text, price text, currency text, modified_at timestamptz)
    on conflict (connection_id, kind, id) do update
       set titles = p.titles || excluded.titles, category = excluded.category, meeting_point = excluded.meeting_point, address = excluded.address,
           price = excluded.price, currency = excluded.currency, modified_at = excluded.modified_at, read_at = excluded.read_at, gone_at = null,
           changed_at = case when p.gone_at is not null
                               or (p.titles || excluded.titles, excluded.category, excluded.meeting_point, excluded.address, excluded.price, excluded.currency, excluded.modified_at)
                                  is distinct from (p.titles, p.category, p.meeting_point, p.address, p.price, p.currency, p.modified_at)
                             then excluded.changed_at else p.changed_at end`;
  await tx`
    update catalogue_product set read_at = ${iso(nowMs)}::timestamptz
     where connection_id = ${connectionId} and kind = ${kind} and id = any(${[...unreadable]}::text[])`;
}

/** Of the sessions of a product that is under way; null: none is. */
export async function sessionsUnderWay(
  sql: Sql | Transaction,
  scope: Scope,
  productId: string,
): Promise<ListReading | null> {
  const { connectionId, kind } = scope;
  const [row] = await sql<{ underWay: ListReading | null }[]>`
    select under_way as "underWay" from catalogue_product where connection_id = ${connectionId} and kind = ${kind} and id = ${productId}`;
  return row?.underWay ?? null;
}

/** A session as the API shows it (`Session` of systems/yoplanning). */
export interface ShownSession {
  readonly id: string;
  readonly startsAt: string;
  readonly endsAt: string | null;
  readonly placesLeft: number | null;
  readonly price: Money | null;
  readonly status: 'offered' | 'gone';
}

/** Stores sessions of one page. @returns those in which there are more places than were known */
export async function storeSessions(
  tx: Transaction,
  scope: Scope,
  productId: string,
  { items: sessions, unreadable, nowMs }: ShownPage<ShownSession>,
): Promise<readonly string[]> {
  const { connectionId, kind } = scope;
  const rows = sessions.map(({ id, startsAt, endsAt, placesLeft, price, status }) => ({
    id,
    starts_at: startsAt,
    ends_at: endsAt,
    places_left: placesLeft,
    price: price?.amount ?? null,
    currency: price?.currency ?? null,
    is_gone: status === 'gone',
  }));
  const list = JSON.stringify(rows);
  const known = await tx<{ id: string; places: number | null; isGone: boolean }[]>`
    select id, places_left as places, gone_at is not null as "isGone" from catalogue_session
     where connection_id = ${connectionId} and kind = ${kind} and id = any(${sessions.map(({ id }) => id)}::text[]) for update`;
  await tx`
    insert into catalogue_session as s (connection_id, kind, id, product_id, starts_at, ends_at, places_left, price, currency, read_at, known_at, changed_at, gone_at)
    select ${connectionId}, ${kind}, n.id, ${productId}, n.starts_at, n.ends_at, n.places_left, n.price, n.currency, ${iso(nowMs)}::timestamptz, ${iso(nowMs)}::timestamptz,
           ${iso(nowMs)}::timestamptz, case when n.is_gone then ${iso(nowMs)}::timestamptz end
      from json_to_recordset(${list}::text::json)
        as n(id text, starts_at timestamptz, ends_at timestamptz, places_left int, price text, currency text, is_gone boolean)
    on conflict (connection_id, kind, id) do update
       set product_id = excluded.product_id, starts_at = excluded.starts_at, ends_at = excluded.ends_at, places_left = excluded.places_left,
           price = excluded.price, currency = excluded.currency, read_at = excluded.read_at, known_at = excluded.known_at,
           changed_at = case when (s.product_id, s.starts_at, s.ends_at, s.places_left, s.price, s.currency, s.gone_at is null)
                                  is distinct from (excluded.product_id, excluded.starts_at, excluded.ends_at, excluded.places_left, excluded.price, excluded.currency, excluded.gone_at is null)
                             then excluded.changed_at else s.changed_at end,
           revision = s.revision + case when (s.starts_at, s.ends_at, s.gone_at is null) is distinct from (excluded.starts_at, excluded.ends_at, excluded.gone_at is null) then 1 else 0 end,
           gone_at = case when excluded.gone_at is null then null else coalesce(s.gone_at, excluded.gone_at) end`;
  await tx`
    update catalogue_session set read_at = ${iso(nowMs)}::timestamptz
     where connection_id = ${connectionId} and kind = ${kind} and id = any(${[...unreadable]}::text[])`;
  const before = new Map(known.map((one) => [one.id, one]));
  return sessions.flatMap(({ id, placesLeft, status }) => {
    const old = before.get(id);
    if (old === undefined || status === 'gone' || placesLeft === null) return [];
    return placesLeft > (old.isGone ? 0 : (old.places ?? 0)) ? [id] : [];
  });
}

/** How the reading of a product's sessions goes on. */
export interface SessionsStep {
  readonly productId: string;
  /** Null: it is over. */
  readonly underWay: ListReading | null;
  /** Those that begin within were read to the end, and none can have been missed: what was not seen since `sinceMs` is gone. Null: that cannot be said. */
  readonly whole: { readonly sinceMs: number; readonly untilMs: number } | null;
  /** The list could not be read. */
  readonly failed: boolean;
}

/** Notes it. Sessions that stood in no whole list are gone. @returns how many are gone by it */
export async function noteSessions(tx: Transaction, scope: Scope, step: SessionsStep, nowMs: number): Promise<number> {
  const { connectionId, kind } = scope;
  const { productId, underWay, whole, failed } = step;
  const isOver = underWay === null;
  await tx`
    update catalogue_product
       set under_way = ${isOver ? null : JSON.stringify(underWay)}::text::jsonb,
           sessions_at = case when ${isOver} then ${iso(nowMs)}::timestamptz else sessions_at end
     where connection_id = ${connectionId} and kind = ${kind} and id = ${productId}`;
  await tx`
    update catalogue set turns = turns + case when ${isOver} then 1 else 0 end, failures = case when ${failed} then failures + 1 else 0 end
     where connection_id = ${connectionId} and kind = ${kind}`;
  if (whole === null) return 0;
  const gone = await tx`
    update catalogue_session
       set gone_at = ${iso(nowMs)}::timestamptz, known_at = ${iso(nowMs)}::timestamptz, changed_at = ${iso(nowMs)}::timestamptz, revision = revision + 1
     where connection_id = ${connectionId} and kind = ${kind} and product_id = ${productId} and gone_at is null
       and read_at < ${iso(whole.sinceMs)}::timestamptz
       and starts_at > ${iso(whole.sinceMs)}::timestamptz and starts_at < ${iso(whole.untilMs)}::timestamptz`;
  return gone.count;
}

/** Sessions that began before then serve nobody any more. */
export async function forgetSessions(tx: Transaction, scope: Scope, beforeMs: number): Promise<void> {
  const { connectionId, kind } = scope;
  await tx`
    delete from catalogue_session
     where connection_id = ${connectionId} and kind = ${kind} and starts_at < ${iso(beforeMs)}::timestamptz`;
}

// --- what is known ---

export interface CatalogueProduct {
  readonly id: string;
  /** By language (ISO 639-1). */
  readonly titles: Readonly<Record<string, string>>;
  readonly category: string | null;
  readonly meetingPoint: string | null;
  readonly address: string | null;
  /** An indication: a session has the real one. */
  readonly price: Money | null;
}

export interface CatalogueSession {
  /** Of the session group, which an order names. */
  readonly id: string;
  readonly productId: string;
  /** ISO 8601 in UTC. */
  readonly startsAt: string;
  /** The same; null: not shown. */
  readonly endsAt: string | null;
  /** Null: not shown. */
  readonly placesLeft: number | null;
  readonly price: Money | null;
  /** When all this was known, ISO 8601 in UTC. */
  readonly readAt: string;
}

/** Products that are sold, by id. */
export async function catalogueProducts(sql: Sql | Transaction, scope: Scope): Promise<CatalogueProduct[]> {
  const { connectionId, kind } = scope;
  const rows = await sql<(Omit<CatalogueProduct, 'price'> & PriceRow)[]>`
    select id, titles, category, meeting_point as "meetingPoint", address, price as amount, currency from catalogue_product
     where connection_id = ${connectionId} and kind = ${kind} and gone_at is null order by id`;
  return rows.map(withPrice);
}

/** Sessions that begin from then on, the soonest first. @param of of one product; left out: of all */
export async function catalogueSessions(
  sql: Sql | Transaction,
  scope: Scope,
  { fromMs, of = null }: { readonly fromMs: number; readonly of?: string | null },
): Promise<CatalogueSession[]> {
  const { connectionId, kind } = scope;
  const rows = await sql<
    (Omit<CatalogueSession, 'price' | 'startsAt' | 'endsAt' | 'readAt'> &
      PriceRow & { startsAt: Date; endsAt: Date | null; readAt: Date })[]
  >`
    select s.id, s.product_id as "productId", s.starts_at as "startsAt", s.ends_at as "endsAt", s.places_left as "placesLeft", s.price as amount, s.currency,
           s.known_at as "readAt"
      from catalogue_session s
     where s.connection_id = ${connectionId} and s.kind = ${kind} and s.gone_at is null and s.starts_at >= ${iso(fromMs)}::timestamptz
       and (${of}::text is null or s.product_id = ${of})
     order by s.starts_at, s.id`;
  return rows.map(({ startsAt, endsAt, readAt, ...row }) => ({
    ...withPrice(row),
    startsAt: startsAt.toISOString(),
    endsAt: endsAt?.toISOString() ?? null,
    readAt: readAt.toISOString(),
  }));
}

/** The product's session that begins at that instant; null: none is known, or several are, and nobody can say which. */
export async function sessionAt(
  sql: Sql | Transaction,
  scope: Scope,
  productId: string,
  startsAtMs: number,
): Promise<string | null> {
  const { connectionId, kind } = scope;
  const rows = await sql<{ id: string }[]>`
    select id from catalogue_session
     where connection_id = ${connectionId} and kind = ${kind} and product_id = ${productId} and starts_at = ${iso(startsAtMs)}::timestamptz and gone_at is null limit 2`;
  return rows.length === 1 ? rows[0]!.id : null;
}

/** The product of a session, whether the session still takes place or not; null: it is not known. */
export async function productOfSession(
  sql: Sql | Transaction,
  scope: Scope,
  sessionId: string,
): Promise<{ readonly productId: string; readonly startsAtMs: number } | null> {
  const { connectionId, kind } = scope;
  const [row] = await sql<{ productId: string; startsAtMs: number }[]>`
    select product_id as "productId", floor(extract(epoch from starts_at) * 1000)::float8 as "startsAtMs" from catalogue_session
     where connection_id = ${connectionId} and kind = ${kind} and id = ${sessionId}`;
  return row ?? null;
}

interface PriceRow {
  readonly amount: string | null;
  readonly currency: string | null;
}

function withPrice<Row extends PriceRow>({
  amount,
  currency,
  ...row
}: Row): Omit<Row, keyof PriceRow> & { price: Money | null } {
  return { ...row, price: amount === null || currency === null ? null : { amount, currency } };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** @param lang ISO 639-1. @returns null where the product is not known, or not in that language */
export async function titleOfProduct(
  sql: Sql | Transaction,
  scope: Scope,
  productId: string,
  lang: string,
): Promise<string | null> {
  const [row] = await sql<{ title: string | null }[]>`
    select titles ->> ${lang}::text as title from catalogue_product
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and id = ${productId}`;
  return row?.title ?? null;
}
