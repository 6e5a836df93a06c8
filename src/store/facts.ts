/**
 * The tables `order_item`, `known_session` and `donation` (what facts about people are made of) and `person_fact` (the facts, by field, as if
 * the record's system showed them).
 *
 * Facts of a record are made by one at a time: anyone who makes them holds their rows first (`holdFacts`), and reads what they are made of after
 * that. So two orders of one person that are stored at once leave facts of both.
 */
import type { DonationStatus } from '../core/events/donation.js';
import type { BookedItem, CountedDonation } from '../core/events/facts.js';
import { type Money, moneyOf } from '../core/events/money.js';
import { type CanonicalFields, type FieldHashes, personsOf, type Scope, type SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

/** An item of an active order whose client is known. */
export interface NewOrderItem {
  readonly clientId: string;
  /** Null: a voucher. */
  readonly sessionId: string | null;
  /** Null: not shown. */
  readonly amount: Money | null;
}

export interface NewOrderItems {
  readonly orderId: string;
  /** ISO 8601; null: not shown. */
  readonly orderedAt: string | null;
  /** None where the order is cancelled or gone. */
  readonly items: readonly NewOrderItem[];
}

/** @param scope of registrations. @returns clients whose bookings this may change: those of the order before, and now */
export async function storeOrderItems(
  tx: Transaction,
  scope: Scope,
  { orderId, orderedAt, items }: NewOrderItems,
): Promise<readonly string[]> {
  const before = await tx<{ clientId: string }[]>`
    delete from order_item where connection_id = ${scope.connectionId} and kind = ${scope.kind} and order_id = ${orderId}
    returning client_id as "clientId"`;
  const rows = items.map(({ clientId, sessionId, amount }, n) => ({
    n,
    client_id: clientId,
    session_id: sessionId,
    amount: amount?.amount ?? null,
    currency: amount?.currency ?? null,
  }));
  if (rows.length > 0)
    await tx`
      insert into order_item (connection_id, kind, order_id, n, client_id, session_id, amount, currency, ordered_at)
      select ${scope.connectionId}, ${scope.kind}, ${orderId}, r.n, r.client_id, r.session_id, r.amount, r.currency, ${orderedAt}::timestamptz
        from json_to_recordset(${JSON.stringify(rows)}::text::json)
          as r(n int, client_id text, session_id text, amount text, currency text)`;
  return [...new Set([...before, ...items].map(({ clientId }) => clientId))];
}

/** A session as an order, or the catalogue, shows it. */
export interface KnownSession {
  readonly id: string;
  /** ISO 8601; null: not shown. */
  readonly startsAt: string | null;
  /** Of its product; null: not shown. */
  readonly title: string | null;
}

/**
 * Remembers what is shown of sessions; what is not shown stays as it is known.
 *
 * @param scope of registrations. @returns clients who are booked into one of which something else is known now
 */
export async function learnSessions(
  tx: Transaction,
  scope: Scope,
  sessions: readonly KnownSession[],
): Promise<readonly string[]> {
  if (sessions.length === 0) return [];
  const rows = [...new Map(sessions.map((one) => [one.id, one])).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const changed = await tx<{ id: string }[]>`
    insert into known_session as s (connection_id, kind, session_id, starts_at, title)
    select ${scope.connectionId}, ${scope.kind}, r.id, r."startsAt", r.title
      from json_to_recordset(${JSON.stringify(rows)}::text::json) as r(id text, "startsAt" timestamptz, title text)
    on conflict (connection_id, kind, session_id) do update
       set starts_at = coalesce(excluded.starts_at, s.starts_at), title = coalesce(excluded.title, s.title)
     where (coalesce(excluded.starts_at, s.starts_at), coalesce(excluded.title, s.title)) is distinct from (s.starts_at, s.title)
    returning session_id as id`;
  if (changed.length === 0) return [];
  const booked = await tx<{ clientId: string }[]>`
    select distinct client_id as "clientId" from order_item
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and session_id = any(${changed.map(({ id }) => id)}::text[])`;
  return booked.map(({ clientId }) => clientId);
}

/** By client, what their active orders hold. @param scope of registrations */
export async function itemsOfClients(
  sql: Sql | Transaction,
  scope: Scope,
  clientIds: readonly string[],
): Promise<ReadonlyMap<string, readonly BookedItem[]>> {
  const rows = await sql<
    (Omit<BookedItem, 'amount'> & {
      readonly clientId: string;
      readonly amount: string | null;
      readonly currency: string | null;
    })[]
  >`
    select i.client_id as "clientId", s.title, i.amount, i.currency,
           floor(extract(epoch from s.starts_at) * 1000)::float8 as "startsAt",
           floor(extract(epoch from i.ordered_at) * 1000)::float8 as "orderedAt"
      from order_item i
      left join known_session s on s.connection_id = i.connection_id and s.kind = i.kind and s.session_id = i.session_id
     where i.connection_id = ${scope.connectionId} and i.kind = ${scope.kind} and i.client_id = any(${[...clientIds]}::text[])`;
  const items = new Map<string, BookedItem[]>(clientIds.map((id) => [id, []]));
  for (const { clientId, startsAt, title, amount, currency, orderedAt } of rows) {
    const money = amount === null || currency === null ? null : moneyOf(amount, currency);
    items.get(clientId)!.push({ startsAt, title, amount: money, orderedAt });
  }
  return items;
}

/** A donation, and by what its donor is known. */
export interface StoredDonation {
  readonly id: string;
  readonly status: DonationStatus;
  /** Decimal text with the digits of its currency. */
  readonly amount: string;
  /** ISO 4217. */
  readonly currency: string;
  /** Epoch milliseconds. */
  readonly madeAt: number;
  /** Title of its campaign, or the id where it has none; null: not shown. */
  readonly campaign: string | null;
  /** Null: nobody knows which member, or none. */
  readonly memberId: string | null;
}

/** Stores what was told last of a donation. @returns the member whom it was of before; null: none */
export async function storeDonation(
  tx: Transaction,
  scope: Scope,
  {
    id,
    status,
    amount,
    currency,
    madeAt,
    campaign,
    memberId,
    matchKeys,
  }: StoredDonation & { readonly matchKeys: readonly string[] },
): Promise<string | null> {
  const [before] = await tx<{ memberId: string | null }[]>`
    select member_id as "memberId" from donation
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and donation_id = ${id} for update`;
  await tx`
    insert into donation (connection_id, kind, donation_id, status, amount, currency, made_at, campaign, member_id, match_keys)
    values (${scope.connectionId}, ${scope.kind}, ${id}, ${status}, ${amount}, ${currency}, ${new Date(madeAt).toISOString()}::timestamptz, ${campaign},
            ${memberId}, ${[...matchKeys]}::text[])
    on conflict (connection_id, kind, donation_id) do update
       set status = excluded.status, amount = excluded.amount, currency = excluded.currency, made_at = excluded.made_at, campaign = excluded.campaign,
           member_id = excluded.member_id, match_keys = excluded.match_keys`;
  return before?.memberId ?? null;
}

/** @param scope of donations. @returns null where nothing was told of it */
export async function findDonation(sql: Sql | Transaction, scope: Scope, id: string): Promise<StoredDonation | null> {
  const [row] = await sql<StoredDonation[]>`
    select donation_id as id, status, amount, currency, floor(extract(epoch from made_at) * 1000)::float8 as "madeAt", campaign,
           member_id as "memberId"
      from donation where connection_id = ${scope.connectionId} and kind = ${scope.kind} and donation_id = ${id}`;
  return row ?? null;
}

/** Donations of nobody that some person's keys fit by now, the oldest first. Whose they are is looked at one by one: several may fit. */
export async function donorsToFind(
  sql: Sql | Transaction,
  scope: Scope,
): Promise<readonly { readonly id: string; readonly matchKeys: readonly string[] }[]> {
  return await sql<{ id: string; matchKeys: string[] }[]>`
    select d.donation_id as id, d.match_keys as "matchKeys" from donation d
     where d.connection_id = ${scope.connectionId} and d.kind = ${scope.kind} and d.member_id is null and d.match_keys <> '{}'
       and exists (select 1 from shadow s where s.match_keys && d.match_keys
                      and s.connection_id = ${scope.connectionId} and s.kind = 'person')
     order by d.made_at, d.donation_id`;
}

/** Says who gave what nobody was known to have given. @returns false: somebody has said so meanwhile */
export async function setDonor(tx: Transaction, scope: Scope, id: string, memberId: string): Promise<boolean> {
  const { count } = await tx`
    update donation set member_id = ${memberId}
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and donation_id = ${id} and member_id is null`;
  return count > 0;
}

/** What a member gave, the latest first; those that wait for payment or are cancelled, too. @param scope of donations */
export async function donationsOf(
  sql: Sql | Transaction,
  scope: Scope,
  memberIds: readonly string[],
): Promise<ReadonlyMap<string, readonly StoredDonation[]>> {
  const rows = await sql<(StoredDonation & { readonly memberId: string })[]>`
    select donation_id as id, status, amount, currency, floor(extract(epoch from made_at) * 1000)::float8 as "madeAt", campaign,
           member_id as "memberId"
      from donation
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and member_id = any(${[...memberIds]}::text[])
     order by made_at desc, donation_id`;
  const given = new Map<string, StoredDonation[]>(memberIds.map((id) => [id, []]));
  for (const row of rows) given.get(row.memberId)!.push(row);
  return given;
}

/** Those of them that count. */
export function countedDonations(donations: readonly StoredDonation[]): readonly CountedDonation[] {
  return donations.flatMap(({ status, madeAt, amount, currency }) =>
    status === 'validated' ? [{ madeAt, amount: moneyOf(amount, currency) }] : [],
  );
}

/** Whose facts: records of people in the system whose events say something about them. */
export interface FactsOf {
  readonly connectionId: string;
  readonly system: SystemName;
}

/** Facts of a record to be stored. */
export interface NewFacts {
  readonly id: string;
  readonly fields: CanonicalFields;
  readonly hashes: FieldHashes;
  /** Epoch milliseconds; null: never. */
  readonly changesAt: number | null;
}

/** Holds the facts of these records until the transaction ends, those that have none yet, too. In one order, for all who do. */
export async function holdFacts(
  tx: Transaction,
  { connectionId, system }: FactsOf,
  ids: readonly string[],
): Promise<void> {
  const scope = personsOf(connectionId);
  const sorted = [...new Set(ids)].sort();
  await tx`
    insert into person_fact (connection_id, kind, system, external_id)
    select ${scope.connectionId}, ${scope.kind}, ${system}, id from unnest(${sorted}::text[]) as r(id)
    on conflict do nothing`;
  await tx`
    select 1 from person_fact
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = any(${sorted}::text[])
     order by external_id for update`;
}

/** Stores facts of records that are held. Of those that changed the links are looked at (013.do.facts.sql). */
export async function storeFacts(
  tx: Transaction,
  { connectionId, system }: FactsOf,
  facts: readonly NewFacts[],
): Promise<void> {
  if (facts.length === 0) return;
  const scope = personsOf(connectionId);
  const rows = facts.map(({ id, fields, hashes, changesAt }) => ({
    id,
    fields,
    hashes,
    changes_at: changesAt === null ? null : new Date(changesAt).toISOString(),
  }));
  await tx`
    update person_fact p set fields = r.fields, hashes = r.hashes, changes_at = r.changes_at
      from json_to_recordset(${JSON.stringify(rows)}::text::json) as r(id text, fields jsonb, hashes jsonb, changes_at timestamptz)
     where p.connection_id = ${scope.connectionId} and p.kind = ${scope.kind} and p.system = ${system} and p.external_id = r.id
       and (p.hashes, p.fields, p.changes_at) is distinct from (r.hashes, r.fields, r.changes_at)`;
}

/** Records whose facts the passing of time may have changed until a moment, the most overdue first. */
export async function dueFacts(
  sql: Sql | Transaction,
  connectionId: string,
  { until, limit }: { readonly until: number; readonly limit: number },
): Promise<readonly { readonly system: SystemName; readonly id: string }[]> {
  const scope = personsOf(connectionId);
  return await sql<{ system: SystemName; id: string }[]>`
    select system, external_id as id from person_fact
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and changes_at <= ${new Date(until).toISOString()}::timestamptz
     order by changes_at, system, external_id limit ${limit}`;
}

/** The next moment at which the passing of time may change somebody's facts, epoch milliseconds; null: none. */
export async function nextChange(sql: Sql | Transaction, connectionId: string): Promise<number | null> {
  const scope = personsOf(connectionId);
  const [row] = await sql<{ at: number | null }[]>`
    select floor(extract(epoch from min(changes_at)) * 1000)::float8 as at from person_fact
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and changes_at is not null`;
  return row?.at ?? null;
}

/** Records of whom orders or donations are known, or have been, in the order of their ids, from just after `after`. */
export async function peopleOfEvents(
  sql: Sql | Transaction,
  { connectionId, system }: FactsOf,
  after: string,
  limit: number,
): Promise<readonly string[]> {
  const people = personsOf(connectionId);
  const named =
    system === 'yoplanning'
      ? sql`select client_id from order_item where connection_id = ${people.connectionId} and kind = 'registration'`
      : sql`select member_id from donation where connection_id = ${people.connectionId} and kind = 'donation'`;
  const rows = await sql<{ id: string }[]>`
    select id from (
      select external_id from person_fact
       where connection_id = ${people.connectionId} and kind = ${people.kind} and system = ${system}
      union ${named}) as p(id)
     where id > ${after} order by id limit ${limit}`;
  return rows.map(({ id }) => id);
}

/** Of these records, those of which nothing was ever read, and no link knows. */
export async function unknownPeople(
  sql: Sql | Transaction,
  { connectionId, system }: FactsOf,
  ids: readonly string[],
): Promise<readonly string[]> {
  const scope = personsOf(connectionId);
  const rows = await sql<{ id: string }[]>`
    select c.id from unnest(${[...ids]}::text[]) as c(id)
     where not exists (select 1 from reading r where r.connection_id = ${scope.connectionId} and r.kind = ${scope.kind} and r.system = ${system}
                          and r.external_id = c.id)
       and not exists (select 1 from link l where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind}
                          and ${sql(`${system}_id`)} = c.id)`;
  return rows.map(({ id }) => id);
}
