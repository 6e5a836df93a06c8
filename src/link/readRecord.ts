/**
 * What a link's workflow looks at: takes the link's events, reads the records they are about, stores what was read, and says how the
 * link stands. What counts is what is read after the events were taken; so late, repeated and reordered events are harmless.
 *
 * Everything is recorded in one transaction, in which the events are marked as handled: anyone who repeats this after a crash finds the
 * events again, or what they led to.
 */
import type { LinkView } from '../core/live.js';
import { parseLinkId } from '../core/linkId.js';
import { otherSystem, type SystemName, systemNames } from '../core/record.js';
import { lookAtBookingsOf } from '../store/bookings.js';
import type { Sql, Transaction } from '../store/database.js';
import type { Ask } from '../http/client.js';
import { isFailure, UnexpectedResponse, UnreadableRecord } from '../http/failures.js';
import { isMadeWith } from '../store/connections.js';
import { doubtCase, returnedDoubt } from '../cases/doubt.js';
import { foundUnreadable } from '../cases/unreadable.js';
import { type InboxEvent, markHandled, readdress, type RecordEvent, takeEvents } from '../store/inbox.js';
import { replacedUnseen } from '../store/journal.js';
import { shownByFile } from '../store/exports.js';
import { bareLink, type BareLink, linkOfRecord, lockFirstSights } from '../store/links.js';
import { openCases } from '../store/cases.js';
import { releaseNewcomers } from '../store/openPlaces.js';
import { findLinkState } from '../store/linkState.js';
import { hasBegun } from '../store/plans.js';
import { markGone, shadowsByIds, upsertShadows, wasStoredSince } from '../store/shadows.js';
import type { Lane } from '../store/budget.js';
import { recordUnreadable } from '../store/unreadable.js';
import type { OpenConnection } from '../connection.js';
import type { SystemRecord } from '../systems/system.js';
import { areBelieved, isTheRecord, unreadableRecord } from './unreadable.js';
import { type Claim, LinkBusy, type LinkClaims } from './claims.js';
import { contextOf, countsAsStored, newestDelivered } from './delivered.js';
import { ClaimNeeded, firstSight, type FirstSight } from './firstSight.js';
import { emptyView, forget, settledView } from './view.js';

export interface ReadingRecord {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly connection: OpenConnection;
  readonly linkId: string;
  readonly lane: Lane;
  /** See `PermitAsk`. */
  readonly patienceMs?: number | undefined;
  /** See `unreadableRecord`. Default: no. */
  readonly isLastTry?: boolean;
}

/** Events of one kind that were taken. */
export interface EventCount {
  readonly system: SystemName;
  readonly event: RecordEvent;
  readonly n: number;
}

export interface RecordReading {
  readonly view: LinkView;
  readonly events: readonly EventCount[];
}

/**
 * What a system holds under an id now; `unread`: nothing was found out (a removal that cannot be proven, or nothing to look at); `stored`:
 * nothing newer than what is stored; the failure: it is there and cannot be read.
 */
interface Found {
  readonly system: SystemName;
  readonly id: string;
  readonly record: SystemRecord | UnreadableRecord | 'gone' | 'unread' | 'stored';
}

/** Something was stored of a record while it was read: nobody knows which is the younger. The transaction must be rolled back. */
class ReadingCrossed extends Error {
  override readonly name = 'ReadingCrossed';
}

/** What a webhook tells cannot do for a reading, and no single record can be read: the list must be. Nothing was done. */
export class ListNeeded extends Error {
  override readonly name = 'ListNeeded';
  constructor(readonly system: SystemName) {
    super(`the list of ${system} must be read first`);
  }
}

/** A list shows a record once or twice; anyone who meets it more often is in the way. */
const maxReadings = 3;

/** One that is merged needs two claims at most; each further one would be another merge meanwhile. */
const maxClaims = 4;

/** @throws {LinkBusy} somebody else is at the link. @throws {ListNeeded} the list has to be read first. @throws {Failure} of http/failures.ts */
export async function readRecord(reading: ReadingRecord): Promise<RecordReading> {
  const { claims, connection, linkId } = reading;
  const held: Claim[] = [];
  const claim = async (wanted: readonly string[]) => {
    const got = await claims.claim(connection.scope, wanted);
    held.push(got);
    const busy = wanted.filter((one) => !got.linkIds.has(one));
    if (busy.length > 0) throw new LinkBusy(busy);
  };
  try {
    await claim([linkId]);
    for (let nth = 1; ; nth++) {
      try {
        return await readClaimed(reading, claim, new Set(held.flatMap((one) => [...one.linkIds])));
      } catch (error) {
        if (!(error instanceof ReadingCrossed)) throw error;
        if (nth === maxReadings) throw new LinkBusy([linkId]);
      }
    }
  } finally {
    for (const one of held) await one.release();
  }
}

async function readClaimed(
  { sql, connection, linkId, lane, patienceMs, isLastTry = false }: ReadingRecord,
  claim: (linkIds: readonly string[]) => Promise<void>,
  claimed: Set<string>,
): Promise<RecordReading> {
  const events = await takeEvents(sql, connection.scope, linkId, {
    // Where one record can be read, what counts is that reading.
    of: systemNames.filter((system) => !connection.systems[system].readsOne),
    mostBytes: connection.config.live.maxBodiesBytes,
  });
  // Nothing came: an answer, a look, or an attempt that is repeated after its commit.
  if (events.length === 0) return { view: await viewNow(sql, connection, linkId, null), events: [] };
  const ask = { lane, purpose: `live/${linkId}`, patienceMs, linkId };
  const found = await Promise.all(recordsOf(events).map((one) => look(sql, connection, ask, one, isLastTry)));
  for (let attempt = 1; ; attempt++) {
    try {
      const view = await sql.begin(async (tx) => {
        const sighting = await record(tx, { connection, linkId, events, found, claimed });
        return await viewNow(tx, connection, linkId, sighting);
      });
      return { view, events: countsOf(events) };
    } catch (error) {
      if (!(error instanceof ClaimNeeded) || attempt === maxClaims) throw error;
      await claim(error.linkIds);
      for (const one of error.linkIds) claimed.add(one);
    }
  }
}

/** Each record that events are about, with its events, oldest first. */
function recordsOf(events: readonly InboxEvent[]) {
  const byRecord = new Map<string, { system: SystemName; id: string; events: InboxEvent[] }>();
  for (const event of events) {
    const name = `${event.system}:${event.externalId}`;
    const one = byRecord.get(name) ?? { system: event.system, id: event.externalId, events: [] };
    one.events.push(event);
    byRecord.set(name, one);
  }
  return [...byRecord.values()];
}

/** A record that cannot be read is a question about it; asking for it again and again would not answer that. */
async function look(
  sql: Sql,
  connection: OpenConnection,
  ask: Ask & { readonly linkId: string },
  of: ReturnType<typeof recordsOf>[number],
  isLastTry: boolean,
): Promise<Found> {
  try {
    return await find(sql, connection, ask, of);
  } catch (error) {
    const unreadable = unreadableRecord(error, isLastTry) ?? (await failingRecord(sql, connection, error));
    if (unreadable?.id !== of.id) throw error;
    return { system: of.system, id: of.id, record: unreadable };
  }
}

/** The server fails at this record and answers others: that is the record's question, too. */
async function failingRecord(sql: Sql, connection: OpenConnection, error: unknown): Promise<UnreadableRecord | null> {
  if (!isFailure(error) || !(await isTheRecord({ sql, connection }, error))) return null;
  const { context, effect } = error;
  const what = `${error.what}, each time this record is asked for, while it answers about others`;
  return new UnreadableRecord(new UnexpectedResponse(context, effect, what), context.record ?? null);
}

async function find(
  sql: Sql,
  connection: OpenConnection,
  { linkId, ...ask }: Ask & { readonly linkId: string },
  { system, id, events }: ReturnType<typeof recordsOf>[number],
): Promise<Found> {
  const target = connection.systems[system];
  if (target.readsOne) {
    const record = await target.read(id, { ...ask, record: id });
    return { system, id, record: record ?? 'gone' };
  }
  // Where one record cannot be read, there are the event's own body, if it is believed, and the list; nothing proves a removal but a complete one.
  const known = (await shadowsByIds(sql, connection.scope, system, [id])).get(id) ?? null;
  const { lateBodyMs } = connection.config.live;
  const replaced =
    known === null ? [] : await replacedUnseen(sql, connection.scope, { linkId, system, id }, lateBodyMs);
  // What a list has answered since says no more: what the list shows is stored, and is younger.
  const news = events.filter((event) => event.listed !== true);
  const context = contextOf(connection, system, news);
  if (!(await areBelieved(sql, { connection, system, events: news, known, context }))) {
    if (target.listed !== false) throw new ListNeeded(system);
    // The next file shows what has become of it; nobody can ask sooner.
    return { system, id, record: known === null ? 'unread' : 'stored' };
  }
  const file = known === null ? null : await shownByFile(sql, connection.scope, system, id);
  const told = newestDelivered(connection, system, news, known, replaced, file);
  return { system, id, record: told ?? (countsAsStored(events, known) ? 'stored' : 'unread') };
}

interface Recording {
  readonly connection: OpenConnection;
  readonly linkId: string;
  readonly events: readonly InboxEvent[];
  readonly found: readonly Found[];
  readonly claimed: ReadonlySet<string>;
}

async function record(
  tx: Transaction,
  { connection, linkId, events, found, claimed }: Recording,
): Promise<FirstSight | null> {
  const { takenAt } = events[0]!;
  // Sent one behind the other without waiting for answers, as in `commitResults`.
  const [link] = await Promise.all([
    bareLink(tx, connection.scope, linkId),
    ...found.map((one) => store(tx, connection, one, takenAt)),
  ]);
  for (const { system, id, record: what } of found)
    if (system === 'yapla' && what === 'gone') await lookAtBookingsOf(tx, connection.scope.connectionId, id);
  const isProvenGone = found.some(({ system, id, record: what }) => what === 'gone' && link?.ids[system] === id);
  if (isProvenGone) await releaseNewcomers(tx, connection.scope, [linkId]);
  const sighting = (await isEarly(tx, connection, link))
    ? early
    : await identify(tx, link, { connection, linkId, found, claimed });
  // Where the link was merged, its events have moved: they are handled by the link that is left.
  if (sighting?.is !== 'merged') {
    await markHandled(
      tx,
      connection.scope,
      events.map((event) => event.id),
    );
  }
  return sighting;
}

const early: FirstSight = { is: 'early' };

/**
 * Nothing is linked, created or written before a first plan is approved: a person was promised so; and who is who nobody can tell before
 * both lists were read. What was read is kept, and looked at again after the approval (`approvePlan`).
 */
async function isEarly(tx: Transaction, connection: OpenConnection, link: BareLink | null): Promise<boolean> {
  if (!(await isMadeWith(tx, connection.scope, connection.mapDigest))) return true;
  if (link?.state === 'active') return false;
  await lockFirstSights(tx, connection.scope);
  return !(await hasBegun(tx, connection.scope));
}

/** Who the records are that were read. @returns null: nothing was found out about it */
async function identify(
  tx: Transaction,
  link: BareLink | null,
  { connection, linkId, found, claimed }: Omit<Recording, 'events'>,
): Promise<FirstSight | null> {
  for (const { system, record: what } of found) {
    if (what === 'gone' && link !== null && link.ids[otherSystem(system)] === null)
      await forget(tx, connection.scope, linkId);
  }
  const isComplete = link !== null && link.ids.yapla !== null && link.ids.yoplanning !== null;
  let sighting: FirstSight | null = null;
  if (isComplete) await askAboutReturned(tx, connection, link, found);
  for (const { system, id, record: what } of found) {
    if (isComplete || what === 'gone' || isUnread(what) || sighting?.is === 'merged') continue;
    sighting = await firstSight(tx, { connection, linkId, system, id, claimed });
  }
  return sighting;
}

/**
 * A record that was gone, and whose place another one has taken, is back: it may be the same person twice. Its news come to the link that
 * bears its name, of which it is no part any more.
 */
async function askAboutReturned(
  tx: Transaction,
  connection: OpenConnection,
  link: BareLink,
  found: readonly Found[],
): Promise<void> {
  for (const { system, id, record: what } of found) {
    const instead = link.ids[system];
    if (what === 'gone' || isUnread(what) || instead === null || instead === id) continue;
    if ((await linkOfRecord(tx, connection.scope, system, id)) !== null) continue;
    await openCases(tx, connection.scope, null, [doubtCase(returnedDoubt(system, id, instead))]);
  }
}

/** Nothing was found out about who it is. */
function isUnread(what: Found['record']): boolean {
  return what === 'unread' || what instanceof UnreadableRecord;
}

/** @throws {ReadingCrossed} */
async function store(tx: Transaction, connection: OpenConnection, found: Found, takenAt: string): Promise<void> {
  const { system, id, record: what } = found;
  if (what === 'gone') {
    if (await wasStoredSince(tx, { scope: connection.scope, system, id }, takenAt)) throw new ReadingCrossed();
    await markGone(tx, connection.scope, system, id);
  } else if (what instanceof UnreadableRecord) {
    await recordUnreadable(tx, connection.scope, system, [foundUnreadable(system, what)]);
  } else if (typeof what === 'object') {
    const replaces = { storedUntil: takenAt };
    const kept = await upsertShadows(tx, connection.scope, system, [connection.shadowOf(what)], { replaces });
    if (kept.length > 0) throw new ReadingCrossed();
  }
}

async function viewNow(
  sql: Sql | Transaction,
  connection: OpenConnection,
  linkId: string,
  sighting: FirstSight | null,
): Promise<LinkView> {
  if (sighting?.is === 'merged') return emptyView(connection, 'merged', { mergedInto: sighting.into });
  if (sighting?.is === 'doubtful') return emptyView(connection, 'doubtful', { openCases: 1 });
  if (sighting?.is === 'early') return emptyView(connection, 'early');
  if (!(await isMadeWith(sql, connection.scope, connection.mapDigest))) return emptyView(connection, 'early');
  const link = await findLinkState(sql, connection.scope, linkId, { depth: 'hashes' });
  if (link === null) return await viewOfNobody(sql, connection, linkId);
  if (link.pair.state !== 'active' && !(await hasBegun(sql, connection.scope))) return emptyView(connection, 'early');
  return await settledView(sql, connection, link);
}

/** There is no link of this name: it was merged into another by an earlier attempt, or nothing is known. */
async function viewOfNobody(sql: Sql | Transaction, connection: OpenConnection, linkId: string): Promise<LinkView> {
  const { system, id } = parseLinkId(linkId);
  const owner = await linkOfRecord(sql, connection.scope, system, id);
  if (owner === null) return emptyView(connection, 'unknown');
  await readdress(sql, connection.scope, linkId, owner);
  return emptyView(connection, 'merged', { mergedInto: owner });
}

/** How many of each kind. */
export function countsOf(events: readonly InboxEvent[]): EventCount[] {
  return systemNames.flatMap((system) =>
    (['created', 'updated', 'deleted'] as const).flatMap((event) => {
      const n = events.filter((one) => one.system === system && one.event === event).length;
      return n === 0 ? [] : [{ system, event, n }];
    }),
  );
}
