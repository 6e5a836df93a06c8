/**
 * Creations whose answer never came, in a system where we cannot choose the id. A scan that is complete and younger than the
 * creation shows whether it took effect: the record is recognised by the reference that it carries, by holding exactly the values
 * that were sent while nobody else claims it, or else by the connection's rules.
 */
import { match, type Candidate, type Doubt } from '../core/match.js';
import { otherSystem, systemNames, type FieldHashes, type SystemName } from '../core/record.js';
import { openCases, type NewCase } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import { openIntents, settleIntents, type Intent } from '../store/intents.js';
import { agree, pairsByIds, type LinkedPair } from '../store/links.js';
import { countPending, renameOutcome, reopenItems } from '../store/planItems.js';
import { shadowsByIds, unlinkedShadows, type UnlinkedShadow } from '../store/shadows.js';
import type { OpenConnection } from '../connection.js';
import { agreedHashes, pairHashes } from './decideLink.js';
import { doubtCase } from './doubts.js';

/**
 * Repeatable: what an attempt has settled, the next one finds done.
 *
 * @returns creations recognised now, and items of the plan that are pending: those to be sent again
 */
export async function settleCreations(
  sql: Sql,
  connection: OpenConnection,
  { planId, giveUp }: { readonly planId: number; readonly giveUp: boolean },
): Promise<{ recognised: number; reopened: number }> {
  let recognised = 0;
  for (const system of systemNames) {
    const intents = (await openIntents(sql, connection.id, 'all')).filter((intent) => intent.system === system);
    if (intents.length === 0) continue;
    const pairs = await pairsByIds(
      sql,
      connection.id,
      intents.map((intent) => intent.linkId),
    );
    const free = await unlinkedShadows(sql, connection.id, system);
    const unrecognised: Sent[] = [];
    for (const intent of intents) {
      const pair = pairs.get(intent.linkId);
      // The link is gone, or has its record meanwhile: nothing is left to find out.
      if (pair === undefined || pair.ids[system] !== null) {
        await settleIntents(sql, connection.id, [intent]);
        continue;
      }
      const found = recognise(intent, pair.ids[otherSystem(system)], free);
      if (found === null) {
        unrecognised.push({ intent, pair });
        continue;
      }
      free.splice(free.indexOf(found), 1);
      await link(sql, connection, planId, pair, system, found, intent);
      recognised += 1;
    }
    const { found, doubts } = await matchedByRules(sql, connection, system, unrecognised, free);
    for (const [{ intent, pair }, shadow] of found) {
      await link(sql, connection, planId, pair, system, shadow, intent);
      recognised += 1;
    }
    const missing = unrecognised.filter((one) => !found.has(one) && !doubts.has(one));
    // In one transaction: an intent that is settled is not found again by an attempt that repeats this one.
    await sql.begin(async (tx) => {
      await settleIntents(
        tx,
        connection.id,
        [...missing, ...doubts.keys()].map(({ intent }) => intent),
      );
      await openCases(tx, connection.id, planId, [...doubts.values()].map(doubtCase));
      for (const { intent } of doubts.keys()) {
        await renameOutcome(tx, planId, intent.linkId, { from: 'unsettled', to: 'asked' });
      }
      if (giveUp) await openCases(tx, connection.id, planId, missing.map(neverAppeared));
      else {
        await reopenItems(
          tx,
          planId,
          'unsettled',
          missing.map(({ intent }) => intent.linkId),
        );
      }
    });
  }
  return { recognised, reopened: await countPending(sql, planId, 'remote') };
}

/** A creation that was sent, and its link. */
interface Sent {
  readonly intent: Intent;
  readonly pair: LinkedPair;
}

/**
 * Creations whose records do not hold what was sent: somebody edited them before they were seen. Among what appeared since then, they are
 * looked for as a bulk sync looks for anybody, by the rules that match one record with one. Sent once more they would be twins; and if it
 * is somebody whom a person entered meanwhile, it is the same person. Where the rules are in doubt, so are we.
 */
async function matchedByRules(
  sql: Sql,
  connection: OpenConnection,
  system: SystemName,
  sent: readonly Sent[],
  free: readonly UnlinkedShadow[],
): Promise<{ found: Map<Sent, UnlinkedShadow>; doubts: Map<Sent, Doubt> }> {
  const found = new Map<Sent, UnlinkedShadow>();
  const doubts = new Map<Sent, Doubt>();
  const since = Math.min(...sent.map(({ intent }) => intent.recordedAtMs));
  const appeared = new Map(free.flatMap((one) => (one.firstSeenAtMs >= since ? [[one.id, one] as const] : [])));
  if (appeared.size === 0) return { found, doubts };
  const other = otherSystem(system);
  const known = [...(await shadowsByIds(sql, connection.id, system, [...appeared.keys()])).values()];
  const candidates: Candidate[] = known.map(({ id, fields }) => ({ system, id, fields, externalReference: null }));
  const byId = new Map<string, Sent>();
  for (const one of sent) {
    const shadow = one.pair.shadows[other];
    if (shadow === null) continue;
    byId.set(shadow.id, one);
    candidates.push({ system: other, id: shadow.id, fields: shadow.fields, externalReference: null });
  }
  const result = match(candidates, connection.matchRules, connection.matchSettings);
  for (const pair of result.links) {
    const [one, shadow] = [byId.get(pair[other]), appeared.get(pair[system])];
    if (one && shadow && shadow.firstSeenAtMs >= one.intent.recordedAtMs) found.set(one, shadow);
  }
  for (const doubt of result.doubts) {
    if (doubt[system].length === 0) continue;
    for (const id of doubt[other]) doubts.set(byId.get(id)!, doubt);
  }
  return { found, doubts };
}

function neverAppeared({ intent, pair }: Sent): NewCase {
  const { linkId, system, sends } = intent;
  return {
    kind: 'refused',
    subject: linkId,
    linkId,
    details: { system, failure: 'never appeared in the list', sends },
    saw: pairHashes(pair),
  };
}

/** A record that was just seen is the one that this creation made: by its id, its reference, or by holding what was sent. */
export function recognises(intent: Intent, otherId: string | null, shadow: UnlinkedShadow): boolean {
  return recognise(intent, otherId, [shadow]) !== null;
}

/** The one free record that this creation made; null when there is none, or more than one that it could be. */
function recognise(intent: Intent, otherId: string | null, free: readonly UnlinkedShadow[]): UnlinkedShadow | null {
  const chosen = free.find((shadow) => shadow.id === intent.externalId);
  if (chosen !== undefined) return chosen;
  const referring = free.filter((shadow) => otherId !== null && shadow.externalReference === otherId);
  if (referring.length > 0) return referring.length === 1 ? referring[0]! : null;
  // What was there before the creation was sent is somebody else, or a question of its own (a twin, a doubt).
  const equal = free.filter(
    (shadow) => shadow.firstSeenAtMs >= intent.recordedAtMs && holds(shadow.hashes, intent.hashes),
  );
  // Several would be twins of our own making: the oldest is taken, and the others stay visible as unmatched.
  return equal[0] ?? null;
}

function holds(hashes: FieldHashes, sent: FieldHashes): boolean {
  const known = Object.keys(sent).filter((field) => hashes[field] !== undefined);
  return (
    known.length > 0 &&
    Object.entries(sent).every(([field, hash]) => hashes[field] === undefined || hashes[field] === hash)
  );
}

/** What was sent and still stands there is agreed: whoever changed the other record since has made a change of their own. */
export function sentAndHeld(intent: Intent, found: FieldHashes): FieldHashes {
  return Object.fromEntries(
    Object.entries(intent.hashes).filter(([field, hash]) => hash !== '' && found[field] === hash),
  );
}

async function link(
  sql: Sql,
  connection: OpenConnection,
  planId: number,
  pair: LinkedPair,
  system: SystemName,
  found: UnlinkedShadow,
  intent: Intent,
): Promise<void> {
  const other = pair.shadows[otherSystem(system)];
  const hashes = { [system]: found.hashes, [otherSystem(system)]: other?.hashes ?? null } as Record<
    SystemName,
    FieldHashes | null
  >;
  const base = { ...sentAndHeld(intent, found.hashes), ...agreedHashes(hashes, connection.fields) };
  const baseFields = Object.fromEntries(Object.keys(base).map((field) => [field, other?.fields[field] ?? null]));
  await sql.begin(async (tx) => {
    await agree(tx, connection.id, [{ linkId: pair.linkId, base, baseFields, ids: { [system]: found.id } }]);
    await settleIntents(tx, connection.id, [{ linkId: pair.linkId, system }]);
    await renameOutcome(tx, planId, pair.linkId, { from: 'unsettled', to: 'created' });
  });
}
