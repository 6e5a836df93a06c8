/**
 * A record that is in no link of both sides yet, seen by itself (a webhook) and not in a whole list: who is it? Matched as in the bulk
 * sync, by core/match.ts, among the records that share a key or a reference with it.
 */
import { match, type Doubt } from '../core/match.js';
import { otherSystem, systemNames, type SystemName } from '../core/record.js';
import { openCases } from '../store/cases.js';
import type { Transaction } from '../store/database.js';
import { readdress } from '../store/inbox.js';
import { openIntents, settleIntents } from '../store/intents.js';
import { inOpenDoubt, moveCases } from '../store/linkCases.js';
import { addLink, agree, completeLink, deleteLink, linkOfRecord, lockFirstSights } from '../store/links.js';
import { neighbourhood, type Neighbour } from '../store/neighbours.js';
import { shadowsByIds, unlinkedShadow } from '../store/shadows.js';
import type { OpenConnection } from '../connection.js';
import { doubtCase } from './doubts.js';
import { pick } from './linkWork.js';
import { recognises, sentAndHeld } from './settleCreations.js';

export type FirstSight =
  | { readonly is: 'linked' }
  /** The record belongs to that link; this one has ended, and its events have moved. */
  | { readonly is: 'merged'; readonly into: string }
  | { readonly is: 'doubtful' }
  /** No plan of the connection was approved yet: who this is the first bulk sync says, which has both lists. */
  | { readonly is: 'early' };

/** Another link has to be claimed first, because it gets a record or ends. The transaction must be rolled back. */
export class ClaimNeeded extends Error {
  override readonly name = 'ClaimNeeded';
  constructor(readonly linkId: string) {
    super(`link ${linkId} must be claimed before it changes`);
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
  await lockFirstSights(tx, connection.id);
  const owner = await linkOfRecord(tx, connection.id, system, id);
  if (owner !== null && owner !== linkId) return await mergeInto(tx, sighting, owner);

  const created = owner === null ? await creationOf(tx, sighting) : null;
  if (created !== null) return created;
  // A creation is on its way on the other side: until it is known what became of it, nobody else can be the counterpart.
  if ((await openIntents(tx, connection.id, [linkId])).length > 0) return { is: 'linked' };

  const around = await neighbourhood(tx, connection.id, sighting);
  const { links, doubts } = match(
    around.filter((one) => !one.isComplete),
    connection.matchRules,
    connection.nameAlone,
  );
  const pair = links.find((one) => one[system] === id);
  if (pair !== undefined) {
    const question = pair.by === 'reference' ? null : await questionAbout(tx, sighting, around, pair);
    if (question !== null) {
      await openCases(tx, connection.id, null, [doubtCase(question)]);
      if (owner !== null) await deleteLink(tx, connection.id, linkId);
      return { is: 'doubtful' };
    }
    const partner = around.find((one) => one.system === otherSystem(system) && one.id === pair[otherSystem(system)])!;
    return await linkWith(tx, sighting, owner, partner, pair.by);
  }
  const doubt = [...doubts, ...duplicates(around, sighting)].find(
    (one) => one[system].includes(id) && isQuestion(one, connection),
  );
  if (doubt !== undefined) {
    await openCases(tx, connection.id, null, [doubtCase(doubt)]);
    if (owner !== null) await deleteLink(tx, connection.id, linkId);
    return { is: 'doubtful' };
  }
  if (owner === null) await addLink(tx, connection.id, proposal(linkId, { system, id }, null, 'unmatched'));
  return { is: 'linked' };
}

/**
 * Why two records that a rule pairs are not linked all the same: one of them looks like somebody who is linked already, so the pair may
 * be that person entered again; or the partner is in an open doubt, which a person must answer first.
 */
async function questionAbout(
  tx: Transaction,
  sighting: Sighting,
  around: readonly Neighbour[],
  pair: { readonly yapla: string; readonly yoplanning: string; readonly by: string },
): Promise<Doubt | null> {
  const { connection, system } = sighting;
  const other = otherSystem(system);
  for (const side of systemNames) {
    const [twin] = duplicates(around, { ...sighting, system: side, id: pair[side] });
    if (twin !== undefined && isQuestion(twin, connection))
      return { ...twin, [otherSystem(side)]: [pair[otherSystem(side)]] };
  }
  const isDoubtful = await inOpenDoubt(tx, connection.id, other, pair[other]);
  return isDoubtful ? { kind: 'several', by: pair.by, yapla: [pair.yapla], yoplanning: [pair.yoplanning] } : null;
}

/** A record that looks like one of the same system who is linked already: entered twice, or twice told. It is not made twice elsewhere. */
function duplicates(around: readonly Neighbour[], { connection, system, id }: Sighting): readonly Doubt[] {
  const same = around.filter((one) => one.system === system && (one.isComplete || one.id === id));
  return match(same, connection.matchRules, 'create').doubts.filter((doubt) => doubt[system].includes(id));
}

/** Two records of one system that look alike are only a question where both would be created on the other side. */
function isQuestion(doubt: Doubt, { config }: OpenConnection): boolean {
  return doubt.kind !== 'duplicate' || config.duplicates === 'ask';
}

/** The record is one that we created ourselves, and whose id we were not told. */
async function creationOf(tx: Transaction, sighting: Sighting): Promise<FirstSight | null> {
  const { connection, system, id, linkId } = sighting;
  const intents = (await openIntents(tx, connection.id, 'all')).filter((one) => one.system === system);
  if (intents.length === 0) return null;
  const shadow = await unlinkedShadow(tx, connection.id, system, id);
  for (const intent of intents) {
    const [row] = await tx<{ otherId: string | null }[]>`
      select ${tx(`${otherSystem(system)}_id`)} as "otherId" from link
       where connection_id = ${connection.id} and link_id = ${intent.linkId} and ${tx(`${system}_id`)} is null`;
    if (row === undefined || shadow === null || !recognises(intent, row.otherId, shadow)) continue;
    requireClaim(sighting, intent.linkId);
    const base = sentAndHeld(intent, shadow.hashes);
    const known = (await shadowsByIds(tx, connection.id, system, [id])).get(id)?.fields ?? {};
    const baseFields = pick(known, Object.keys(base));
    await agree(tx, connection.id, [{ linkId: intent.linkId, base, baseFields, ids: { [system]: id } }]);
    await settleIntents(tx, connection.id, [intent]);
    if (intent.linkId === linkId) return { is: 'linked' };
    return await mergeInto(tx, sighting, intent.linkId);
  }
  return null;
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
    if (owner === null) await addLink(tx, connection.id, proposal(linkId, { system, id }, partner.id, by));
    else await completeLink(tx, connection.id, linkId, { system: partner.system, id: partner.id }, by);
    return { is: 'linked' };
  }
  requireClaim(sighting, partner.linkId);
  const [intent] = await openIntents(tx, connection.id, [partner.linkId]);
  if (intent !== undefined) {
    // The other one is being created here already: whether this record is that creation, or a twin, a person must say.
    const both = { [system]: [id], [partner.system]: [partner.id] } as unknown as Pick<Doubt, SystemName>;
    await openCases(tx, connection.id, null, [doubtCase({ kind: 'several', by, ...both })]);
    if (owner !== null) await deleteLink(tx, connection.id, linkId);
    return { is: 'doubtful' };
  }
  if (owner !== null) await deleteLink(tx, connection.id, linkId);
  await completeLink(tx, connection.id, partner.linkId, { system, id }, by);
  return await mergeInto(tx, sighting, partner.linkId);
}

/** The record's events belong to that link from now on. */
async function mergeInto(tx: Transaction, { connection, linkId }: Sighting, into: string): Promise<FirstSight> {
  await moveCases(tx, connection.id, linkId, into);
  await readdress(tx, connection.id, linkId, into);
  return { is: 'merged', into };
}

function requireClaim({ claimed }: Sighting, linkId: string): void {
  if (!claimed.has(linkId)) throw new ClaimNeeded(linkId);
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
