/**
 * Links that a person takes apart or makes, because matching was wrong. Nothing is written to either system: what follows from it the next
 * sync plans, and the next event about one of them.
 *
 * Each is found first, to be shown, and carried out at the version that was shown, by the one who has claimed the links.
 */
import { kindsThat } from '../cases/index.js';
import { linkIdOf, parseLinkId, uuidOf } from '../core/linkId.js';
import type { Pair } from '../core/match.js';
import { otherSystem, systemNames, type Scope, type SystemName } from '../core/record.js';
import { forgetApart, keepApart } from '../store/apart.js';
import { noteDeed } from '../store/audit.js';
import { closeCasesAbout, closeDoubtsWithin, moveCases } from '../store/cases.js';
import type { Sql, Transaction } from '../store/database.js';
import { openIntents } from '../store/intents.js';
import { knownRecords, recordIntended, recordOutcomes } from '../store/journal.js';
import {
  addLink,
  bareLink,
  completeLink,
  deleteLink,
  keepProposals,
  linkOfRecord,
  lockFirstSights,
  lockLinks,
  pairsByIds,
} from '../store/links.js';
import type { LinkClaims } from './claims.js';

/** It is not done, and nothing was changed. The message is a sentence for the person. */
export class LinkingRefused extends Error {
  override readonly name = 'LinkingRefused';
}

export interface ByHand {
  readonly sql: Sql;
  readonly claims: Pick<LinkClaims, 'claim'>;
  readonly scope: Scope;
  /** Who says so. */
  readonly by: string;
}

/** A link as it was shown. */
export interface ShownLink {
  readonly linkId: string;
  readonly version: number;
}

/** A link of two records, to be taken apart. */
export interface Linked extends ShownLink {
  readonly ids: Pair;
}

/** Two records to be linked, and the links of one side that they have by now. */
export interface Unlinked {
  readonly ids: Pair;
  readonly links: Readonly<Record<SystemName, ShownLink | null>>;
}

/**
 * @param person one of the records, such as `yapla:1042`, or the link's name
 * @throws {LinkingRefused}
 */
export async function findLinked(sql: Sql, scope: Scope, person: string): Promise<Linked> {
  const { system, id } = named(person);
  const linkId = (await linkOfRecord(sql, scope, system, id)) ?? (await bareLink(sql, scope, person))?.linkId;
  const pair = linkId === undefined ? undefined : (await pairsByIds(sql, scope, [linkId], 'hashes')).get(linkId);
  if (pair === undefined) throw new LinkingRefused(`${scope.connectionId} knows nobody called ${person}`);
  const { yapla, yoplanning } = pair.ids;
  if (yapla === null || yoplanning === null)
    throw new LinkingRefused(`${person} is linked to nobody in ${yapla === null ? 'Yapla' : 'Yoplanning'}`);
  // Its next creation would have the same id: the two would meet again, and the one would be written over the other.
  if (systemNames.some((one) => pair.ids[one] === uuidOf(pair.linkId, scope)))
    throw new LinkingRefused(
      `one of yapla:${yapla} and yoplanning:${yoplanning} was made by Passerelle from the other: they are one person. What is wrong in one of them is put right in its system.`,
    );
  return { linkId: pair.linkId, version: pair.version, ids: { yapla, yoplanning } };
}

/** Takes a link apart: matching does not make it again by itself. @throws {LinkingRefused} */
export async function unlinkByHand(hand: ByHand, { linkId, version, ids }: Linked): Promise<void> {
  const { sql, scope } = hand;
  await withClaims(hand, [linkId], async () => {
    await sql.begin(async (tx) => {
      await lockAsShown(tx, scope, [{ linkId, version }]);
      await lockFirstSights(tx, scope);
      await refuseCreations(tx, scope, [linkId]);
      await note(tx, hand, 'unlink', linkId, ids);
      await keepApart(tx, scope, ids);
      await closeCasesAbout(
        tx,
        scope,
        linkId,
        kindsThat(() => true),
      );
      await deleteLink(tx, scope, linkId);
    });
  });
}

/** @throws {LinkingRefused} */
export async function findUnlinked(sql: Sql, scope: Scope, ids: Pair): Promise<Unlinked> {
  const known = await knownRecords(sql, scope, { yapla: [ids.yapla], yoplanning: [ids.yoplanning] });
  const links: Record<SystemName, ShownLink | null> = { yapla: null, yoplanning: null };
  for (const system of systemNames) {
    const record = `${system}:${ids[system]}`;
    const found = known.find((one) => one.system === system && one.id === ids[system]);
    if (found === undefined) throw new LinkingRefused(`${scope.connectionId} knows no ${record}: no sync has read it`);
    if (found.goneAt !== null) throw new LinkingRefused(`${record} is gone since ${found.goneAt.toISOString()}`);
    const linkId = await linkOfRecord(sql, scope, system, ids[system]);
    if (linkId === null) continue;
    const pair = (await pairsByIds(sql, scope, [linkId], 'hashes')).get(linkId);
    const other = pair?.ids[otherSystem(system)] ?? null;
    if (other === ids[otherSystem(system)])
      throw new LinkingRefused(`${record} and ${otherSystem(system)}:${other} are linked`);
    if (other !== null)
      throw new LinkingRefused(
        `${record} is linked with ${otherSystem(system)}:${other}: "passerelle unlink ${record}" takes that apart first`,
      );
    if (pair !== undefined) links[system] = { linkId, version: pair.version };
  }
  return { ids, links };
}

/** Links two records that have no counterpart. What they differ in is then decided as about any two that were just matched. @throws {LinkingRefused} */
export async function linkByHand(hand: ByHand, { ids, links }: Unlinked): Promise<void> {
  const { sql, scope } = hand;
  const shown = [links.yapla, links.yoplanning].filter((one) => one !== null);
  const linkId = shown[0]?.linkId ?? linkIdOf('yapla', ids.yapla);
  const all = [...new Set([linkId, ...shown.map((one) => one.linkId)])];
  await withClaims(hand, all, async () => {
    await sql.begin(async (tx) => {
      await lockAsShown(tx, scope, shown);
      await lockFirstSights(tx, scope);
      for (const system of systemNames) {
        if ((await linkOfRecord(tx, scope, system, ids[system])) !== (links[system]?.linkId ?? null)) throw changed();
      }
      await refuseCreations(tx, scope, all);
      await note(tx, hand, 'link', linkId, ids);
      await forgetApart(tx, scope, ids);
      if (links.yapla !== null && links.yoplanning !== null) {
        const ended = kindsThat(({ endsByMerging }) => endsByMerging);
        await moveCases(tx, scope, links.yoplanning.linkId, linkId, ended);
        await deleteLink(tx, scope, links.yoplanning.linkId);
      }
      if (shown.length === 0) {
        if ((await bareLink(tx, scope, linkId)) !== null)
          throw new LinkingRefused(
            `another record has the place of yapla:${ids.yapla} in the link that bears its name`,
          );
        await addLink(tx, scope, { linkId, yaplaId: ids.yapla, yoplanningId: ids.yoplanning, matchedBy: byPerson });
      } else {
        const system = links.yapla === null ? 'yapla' : 'yoplanning';
        await completeLink(tx, scope, linkId, { system, id: ids[system] }, byPerson);
        // The plan that proposed it with one side is not what the person wants any more.
        await keepProposals(tx, scope, [linkId]);
      }
      await closeDoubtsWithin(tx, scope, ids, hand.by);
    });
  });
}

/** In the place of a matching rule's name. */
const byPerson = 'person';

function named(person: string): { readonly system: SystemName; readonly id: string } {
  try {
    return parseLinkId(person);
  } catch (error) {
    throw new LinkingRefused(`expected yapla:<id> or yoplanning:<id>, found "${person}"`, { cause: error });
  }
}

async function withClaims(
  { claims, scope }: ByHand,
  linkIds: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const claim = await claims.claim(scope, linkIds);
  try {
    if (claim.linkIds.size < linkIds.length)
      throw new LinkingRefused('a worker has one of them in hand at this moment: try again');
    await work();
  } finally {
    await claim.release();
  }
}

async function lockAsShown(tx: Transaction, scope: Scope, shown: readonly ShownLink[]): Promise<void> {
  const locked = await lockLinks(
    tx,
    scope,
    shown.map(({ linkId }) => linkId),
  );
  if (shown.some(({ linkId, version }) => locked.get(linkId)?.version !== version)) throw changed();
}

function changed(): LinkingRefused {
  return new LinkingRefused('one of them has changed since it was shown: look at it again');
}

async function refuseCreations(tx: Transaction, scope: Scope, linkIds: readonly string[]): Promise<void> {
  const [intent] = await openIntents(tx, scope, linkIds);
  if (intent !== undefined)
    throw new LinkingRefused(
      `${intent.linkId} is being created in ${intent.system}: try again when that is known to have ended`,
    );
}

/** In the audit and in the journal, by which it can be made undone. */
async function note(
  tx: Transaction,
  { scope, by }: ByHand,
  verb: 'link' | 'unlink',
  linkId: string,
  ids: Pair,
): Promise<void> {
  const deed = await noteDeed(tx, { ...scope, verb, by, about: { link: linkId, ...ids } }, 'done');
  const write = { linkId, system: 'yoplanning', writeId: `by-hand/${deed}` } as const;
  const both = `yapla:${ids.yapla} yoplanning:${ids.yoplanning}`;
  const [oldValue, newValue] = verb === 'unlink' ? [both, null] : [null, both];
  await recordIntended(tx, scope, [
    {
      ...write,
      externalId: null,
      field: '(link)',
      oldValue,
      newValue,
      origin: 'person',
      reason: `${verb}ed by a person`,
    },
  ]);
  await recordOutcomes(tx, scope, [{ ...write, outcome: 'written', requestId: null }]);
}
