/**
 * A record that is in no link of both sides yet, seen by itself (a webhook) and not in a whole list: who is it? Matched as in the bulk
 * sync, by core/match.ts, among the records that share a key or a reference with it.
 */
import { type Doubt, knowingApart, match } from '../core/match.js';
import { otherSystem, type SystemName, systemNames } from '../core/record.js';
import { doubtCase } from '../cases/doubt.js';
import { kindsThat } from '../cases/index.js';
import { apartPairs } from '../store/apart.js';
import { inOpenDoubt, moveCases, openCases } from '../store/cases.js';
import type { Transaction } from '../store/database.js';
import { readdress } from '../store/inbox.js';
import { openIntents, settleIntents } from '../store/intents.js';
import {
  addLink,
  agree,
  completeLink,
  deleteLink,
  type EqualValues,
  linkOfRecord,
  lockFirstSights,
} from '../store/links.js';
import { type Neighbour, neighbourhood } from '../store/neighbours.js';
import { takePlaces } from '../store/openPlaces.js';
import { shadowsByIds, unlinkedShadow } from '../store/shadows.js';
import type { OpenConnection } from '../connection.js';
import { recordOfCreation, sentBase, withForms } from './creations.js';

export type FirstSight =
  | { readonly is: 'linked' }
  /** The record belongs to that link; this one has ended, and its events have moved. */
  | { readonly is: 'merged'; readonly into: string }
  | { readonly is: 'doubtful' }
  /** No plan of the connection was approved yet: who this is the first bulk sync says, which has both lists. */
  | { readonly is: 'early' };

/** Other links have to be claimed first, because they get a record or end. The transaction must be rolled back. */
export class ClaimNeeded extends Error {
  override readonly name = 'ClaimNeeded';
  constructor(readonly linkIds: readonly string[]) {
    super(`these links must be claimed before they change: ${linkIds.join(', ')}`);
  }
}

export interface Sighting {
  readonly connection: OpenConnection;
  /** The link whose workflow saw the record. */
  readonly linkId: string;
  readonly system: SystemName;
  /** Its shadow is stored already, in this transaction. */
  readonly id: string;
  /** Links that the caller has claimed. */
  readonly claimed: ReadonlySet<string>;
}

/**
 * Finds or makes the record's link. A link of one side only is matched again whenever its record changes: what was missing before, such
 * as an e-mail, may be there now.
 *
 * @throws {ClaimNeeded}
 */
export async function firstSight(tx: Transaction, sighting: Sighting): Promise<FirstSight> {
  const { connection, linkId, system, id } = sighting;
  await lockFirstSights(tx, connection.scope);
  const owner = await linkOfRecord(tx, connection.scope, system, id);
  if (owner !== null && owner !== linkId) return await mergeInto(tx, sighting, owner);

  const created = owner === null ? await creationOf(tx, sighting) : null;
  if (created !== null) return created;
  // A creation whose answer was recorded while its intent was looked for is none that is open any more: its link holds the record by now.
  const made = owner ?? (await linkOfRecord(tx, connection.scope, system, id));
  if (made !== null && made !== linkId) return await mergeInto(tx, sighting, made);
  // A creation is on its way on the other side: until it is known what became of it, nobody else can be the counterpart.
  if ((await openIntents(tx, connection.scope, [linkId])).length > 0) return { is: 'linked' };

  const told = knowingApart(await apartPairs(tx, connection.scope));
  const around = told(await neighbourhood(tx, connection.scope, sighting));
  const isSeen = (one: Neighbour) => one.system === system && one.id === id;
  const { links, doubts } = match(
    // Its own doubt is no reason against what it shows now.
    around.map((one) => (isSeen(one) ? { ...one, standing: undefined } : one)),
    connection.matchRules,
    connection.matchSettings,
  );
  const pair = links.find((one) => one[system] === id);
  if (pair !== undefined) {
    const partner = around.find((one) => one.system === otherSystem(system) && one.id === pair[otherSystem(system)])!;
    return await linkWith(tx, sighting, owner, partner, pair.by);
  }
  const questions = reachable(doubts, `${system}:${id}`);
  const isAsked = questions.length > 0 || (await inOpenDoubt(tx, connection.scope, system, id));
  if (!isAsked) {
    if (owner === null) await addLink(tx, connection.scope, proposal(linkId, { system, id }, null, 'unmatched'));
    return { is: 'linked' };
  }
  await ask(tx, sighting, around, questions);
  if (owner !== null) await deleteLink(tx, connection.scope, linkId);
  return { is: 'doubtful' };
}

/** The doubts that name a record, and those that name somebody whom these name. */
function reachable(doubts: readonly Doubt[], record: string): readonly Doubt[] {
  const named = new Set([record]);
  const found = new Set<Doubt>();
  const namesOf = (doubt: Doubt) => systemNames.flatMap((system) => doubt[system].map((id) => `${system}:${id}`));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const doubt of doubts) {
      if (found.has(doubt) || !namesOf(doubt).some((name) => named.has(name))) continue;
      found.add(doubt);
      for (const name of namesOf(doubt)) named.add(name);
    }
  }
  return [...found];
}

/**
 * Opens the questions. Whom they name and who is only about to be created in the other system is not created while they are open: their
 * links are forgotten, as that of the record seen is.
 */
async function ask(
  tx: Transaction,
  { connection, linkId, claimed }: Sighting,
  around: readonly Neighbour[],
  doubts: readonly Doubt[],
): Promise<void> {
  const waiting = around.flatMap((one) => {
    const isNamed = doubts.some((doubt) => doubt[one.system].includes(one.id));
    const isAlone =
      one.standing !== 'linked' && one.standing !== 'open' && one.linkId !== null && one.linkId !== linkId;
    return isNamed && isAlone && mayBeCreated(connection, otherSystem(one.system)) ? [one.linkId] : [];
  });
  const unclaimed = waiting.filter((one) => !claimed.has(one));
  if (unclaimed.length > 0) throw new ClaimNeeded(unclaimed);
  for (const one of waiting) await deleteLink(tx, connection.scope, one);
  await openCases(tx, connection.scope, null, doubts.map(doubtCase));
}

function mayBeCreated({ permission, config }: OpenConnection, system: SystemName): boolean {
  return permission.creates(system) || (config.create === 'ask' && permission.writes[system]);
}

/** The record is one that we created ourselves, and whose id we were not told. */
async function creationOf(tx: Transaction, sighting: Sighting): Promise<FirstSight | null> {
  const { connection, system, id, linkId } = sighting;
  const intents = (await openIntents(tx, connection.scope, 'all')).filter((one) => one.system === system);
  if (intents.length === 0) return null;
  const shadow = await unlinkedShadow(tx, connection.scope, system, id);
  const values = (await shadowsByIds(tx, connection.scope, system, [id])).get(id);
  if (shadow === null || values === undefined) return null;
  const seen = { ...shadow, fields: values.fields };
  const waiting = await linksWithout(
    tx,
    sighting,
    intents.map((one) => one.linkId),
  );
  for (const intent of intents) {
    const other = waiting.get(intent.linkId);
    if (other === undefined || recordOfCreation(intent, other.otherId, [seen]) === null) continue;
    // Held, and looked at again: its answer may be recorded at this moment.
    const row = (await linksWithout(tx, sighting, [intent.linkId], tx`for update`)).get(intent.linkId);
    if (row === undefined) continue;
    requireClaim(sighting, intent.linkId);
    const sent = sentBase(intent, seen);
    const { base, baseFields } = sent;
    const equal = withForms(row.equal, intent, sent);
    await agree(tx, connection.scope, [{ linkId: intent.linkId, base, baseFields, ids: { [system]: id }, equal }]);
    await settleIntents(tx, connection.scope, [intent]);
    if (intent.linkId === linkId) return { is: 'linked' };
    return await mergeInto(tx, sighting, intent.linkId);
  }
  return null;
}

interface WaitingLink {
  readonly linkId: string;
  readonly otherId: string | null;
  readonly equal: EqualValues;
}

/** Those of the links that have no record of the system yet, all at once: many creations may be under way. @param locking `for update` */
async function linksWithout(
  tx: Transaction,
  { connection: { scope }, system }: Sighting,
  linkIds: readonly string[],
  locking = tx``,
): Promise<ReadonlyMap<string, WaitingLink>> {
  const rows = await tx<WaitingLink[]>`
    select link_id as "linkId", ${tx(`${otherSystem(system)}_id`)} as "otherId", equal from link
     where connection_id = ${scope.connectionId} and kind = ${scope.kind}
       and link_id = any(${linkIds}) and ${tx(`${system}_id`)} is null
       ${locking}`;
  return new Map(rows.map((row) => [row.linkId, row]));
}

async function linkWith(
  tx: Transaction,
  sighting: Sighting,
  owner: string | null,
  partner: Neighbour,
  by: string,
): Promise<FirstSight> {
  const { connection, linkId, system, id } = sighting;
  if (partner.linkId === null) {
    if (owner === null) await addLink(tx, connection.scope, proposal(linkId, { system, id }, partner.id, by));
    else await completeLink(tx, connection.scope, linkId, { system: partner.system, id: partner.id }, by);
    return { is: 'linked' };
  }
  requireClaim(sighting, partner.linkId);
  if (partner.standing === 'open') {
    if (owner !== null) await deleteLink(tx, connection.scope, linkId);
    await takePlaces(tx, connection.scope, [{ linkId: partner.linkId, system, id, matchedBy: by }]);
    return await mergeInto(tx, sighting, partner.linkId);
  }
  if (owner !== null) await deleteLink(tx, connection.scope, linkId);
  await completeLink(tx, connection.scope, partner.linkId, { system, id }, by);
  return await mergeInto(tx, sighting, partner.linkId);
}

/** The record's events belong to that link from now on. */
async function mergeInto(tx: Transaction, { connection, linkId }: Sighting, into: string): Promise<FirstSight> {
  const ended = kindsThat((kind) => kind.endsByMerging);
  await moveCases(tx, connection.scope, linkId, into, ended);
  await readdress(tx, connection.scope, linkId, into);
  return { is: 'merged', into };
}

function requireClaim({ claimed }: Sighting, linkId: string): void {
  if (!claimed.has(linkId)) throw new ClaimNeeded([linkId]);
}

function proposal(
  linkId: string,
  { system, id }: { readonly system: SystemName; readonly id: string },
  otherId: string | null,
  matchedBy: string,
) {
  const ids = system === 'yapla' ? { yaplaId: id, yoplanningId: otherId } : { yaplaId: otherId, yoplanningId: id };
  return { linkId, ...ids, matchedBy };
}
