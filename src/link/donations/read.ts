/**
 * What a donation's workflow looks at: takes the donation's events, keeps what the last of them says, and makes the facts about the donor anew.
 * A body is all that there is of a donation: no API shows one. Bodies are put in order by their modification time where they have one; one
 * that is older than what is known is set aside. What is kept is the donation as it stands, so whatever is delivered twice is counted once.
 *
 * A donor is the member whom Yapla shows, or the one member whom a rule of matching with the name finds. Somebody else who gave is kept under
 * the donation, and looked for again (`settleDonors`): the facts begin when there is such a member.
 */
import { unreadableEvent, unreadableEventCase } from '../../cases/bookings.js';
import type { Donation } from '../../core/events/donation.js';
import type { DonationView } from '../../core/events/donations.js';
import { personsOf } from '../../core/record.js';
import { linkIdOf, parseLinkId } from '../../core/linkId.js';
import type { EventProblem, EventReading } from '../../core/events/shown.js';
import { closeCasesOn, openCases, openCasesOf } from '../../store/cases.js';
import type { Sql, Transaction } from '../../store/database.js';
import { donorsToFind, findDonation, setDonor, storeDonation, unknownPeople } from '../../store/facts.js';
import { type InboxEvent, lookAgain, markHandled, takeEvents, tellsNothing } from '../../store/inbox.js';
import { recordsByKeys } from '../../store/people.js';
import { type Shadow, shadowsByIds, type ShadowRow, upsertShadows } from '../../store/shadows.js';
import { donationOf } from '../../systems/yapla/events.js';
import type { OpenEvents } from '../bookings/open.js';
import { LinkBusy, type LinkClaims } from '../claims.js';
import { deriveFacts } from '../facts/derive.js';
import { keysByName } from '../nameKeys.js';
import { countsOf, type EventCount } from '../readRecord.js';

export interface ReadingDonation {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  /** Of kind `donation`. */
  readonly events: OpenEvents;
  readonly linkId: string;
}

export interface DonationReading {
  readonly view: DonationView;
  readonly events: readonly EventCount[];
}

/** Sends no request. @throws {LinkBusy} somebody else is at it */
export async function readDonation(reading: ReadingDonation): Promise<DonationReading> {
  const { sql, claims, events, linkId } = reading;
  const { scope, connection } = events;
  // One at a time: who has taken fewer events must not store after who has taken more.
  const claim = await claims.claim(scope, [linkId]);
  try {
    if (!claim.linkIds.has(linkId)) throw new LinkBusy([linkId]);
    const { maxBodiesBytes } = connection.config.live;
    const taken = await takeEvents(sql, scope, linkId, { of: ['yapla'], mostBytes: maxBodiesBytes });
    const view = await sql.begin(async (tx) => await record(tx, events, linkId, taken));
    return { view, events: countsOf(taken) };
  } finally {
    await claim.release();
  }
}

async function record(
  tx: Transaction,
  events: OpenEvents,
  linkId: string,
  taken: readonly InboxEvent[],
): Promise<DonationView> {
  const { scope } = events;
  const { id } = parseLinkId(linkId);
  const known = (await shadowsByIds(tx, scope, 'yapla', [id])).get(id) ?? null;
  const told = toldBy(events, taken, known);
  if (told !== null && 'problems' in told)
    await openCases(tx, scope, null, [unreadableEventCase(linkId, told.problems)]);
  else if (told !== null) await keep(tx, events, id, told);
  await markHandled(
    tx,
    scope,
    taken.map((event) => event.id),
  );
  return await viewNow(tx, events, linkId);
}

interface Told {
  readonly donation: Donation;
  readonly event: InboxEvent;
}

/** What the bodies say, one after the other, as they were received. Null: nothing that is newer than what is known. */
function toldBy(
  { yapla }: OpenEvents,
  taken: readonly InboxEvent[],
  known: Shadow | null,
): Told | { readonly problems: readonly EventProblem[] } | null {
  let last: ReturnType<typeof toldBy> = null;
  let knownAt = known?.modifiedAt ?? null;
  for (const event of taken) {
    if (event.system !== 'yapla' || tellsNothing(event)) continue;
    const reading: EventReading<Donation> = donationOf(yapla, event.body, event.event);
    if (reading.problems !== undefined) {
      last = { problems: reading.problems };
      continue;
    }
    const { modifiedAt } = reading.value;
    if (modifiedAt !== null && knownAt !== null && modifiedAt < knownAt) continue;
    last = { donation: reading.value, event };
    knownAt = modifiedAt ?? knownAt;
  }
  return last;
}

async function keep(tx: Transaction, events: OpenEvents, id: string, { donation, event }: Told): Promise<void> {
  const { scope, connection } = events;
  await closeCasesOn(tx, scope, unreadableEvent.code, linkIdOf('yapla', id), 'settled');
  await upsertShadows(tx, scope, 'yapla', [rowOf(events, id, donation, event)]);
  const { status, amount, currency, date, campaign, donor } = donation;
  const matchKeys = donor.memberId === null ? keysByName(connection, donor) : [];
  const memberId = donor.memberId ?? (await donorByKeys(tx, scope.connectionId, matchKeys));
  const stored = { id, status, amount, currency, madeAt: date, memberId, matchKeys };
  const before = await storeDonation(tx, scope, { ...stored, campaign: campaign?.title ?? campaign?.id ?? null });
  await deriveFacts(tx, connection, 'yapla', [...new Set([before, memberId].flatMap((one) => one ?? []))]);
  if (memberId === null) return;
  // A member of whom nothing is known is looked up. Whether they are made in Yoplanning, the connection's rule says.
  const unknown = await unknownPeople(tx, { connectionId: scope.connectionId, system: 'yapla' }, [memberId]);
  await lookAgain(tx, personsOf(scope.connectionId), 'yapla', unknown);
}

function rowOf({ hash }: OpenEvents, id: string, donation: Donation, { body }: InboxEvent): ShadowRow {
  const { modifiedAt, ...shown } = donation;
  const fields = { status: donation.status, shown: JSON.stringify(shown) };
  return {
    id,
    document: body,
    fields,
    hashes: Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, hash(name, text)])),
    matchKeys: [],
    externalReference: null,
    modifiedAt,
  };
}

/** The one member who can be meant; null: nobody, or one of several. */
async function donorByKeys(tx: Transaction, connectionId: string, keys: readonly string[]): Promise<string | null> {
  const alike = await recordsByKeys(tx, connectionId, 'yapla', keys);
  return alike.length === 1 ? alike[0]! : null;
}

/** Donations of nobody whose donor is a member by now: they are the member's from now on. Repeatable. @returns how many */
export async function settleDonors(sql: Sql, events: OpenEvents): Promise<number> {
  const { scope, connection } = events;
  const waiting = await donorsToFind(sql, scope);
  let found = 0;
  for (const { id, matchKeys } of waiting)
    await sql.begin(async (tx) => {
      const memberId = await donorByKeys(tx, scope.connectionId, matchKeys);
      if (memberId === null || !(await setDonor(tx, scope, id, memberId))) return;
      found += 1;
      await deriveFacts(tx, connection, 'yapla', [memberId]);
    });
  return found;
}

async function viewNow(tx: Transaction, { scope }: OpenEvents, linkId: string): Promise<DonationView> {
  const { id } = parseLinkId(linkId);
  const donation = await findDonation(tx, scope, id);
  const open = (await openCasesOf(tx, scope, [linkId])).get(linkId)?.length ?? 0;
  const state =
    open > 0 ? 'unreadable' : donation === null ? 'unknown' : donation.memberId === null ? 'donorUnknown' : 'kept';
  return { state, version: 0, openCases: open };
}
