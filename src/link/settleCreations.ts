/**
 * Creations whose answer never came, in a system where we cannot choose the id. A scan that is complete and younger than the
 * creation shows whether it took effect: the record is recognised by the reference that it carries, by holding exactly the values
 * that were sent while nobody else claims it, or else by the connection's rules.
 *
 * A creation that was sent after the scan began, or that somebody has in hand, may take effect after its page was read: its record is
 * recognised where the list shows it, and else nothing is said about it.
 */
import { type Candidate, type Doubt, match } from '../core/match.js';
import { type FieldHashes, otherSystem, type Scope, type SystemName, systemNames } from '../core/record.js';
import { doubtCase } from '../cases/doubt.js';
import { neverAppearedCase } from '../cases/refused.js';
import { type NewCase, openCases } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import { type Intent, type OpenIntent, openIntents, settleIntents } from '../store/intents.js';
import { agree, type LinkedPair, lockLinks, pairsByIds } from '../store/links.js';
import { countPending, renameOutcome, reopenItems } from '../store/planItems.js';
import { shadowsByIds, unlinkedShadows } from '../store/shadows.js';
import type { OpenConnection } from '../connection.js';
import type { LinkClaims } from './claims.js';
import { type FreeRecord, recordOfCreation, sentBase, withForms } from './creations.js';
import { pairHashes, pick } from './view.js';
import { agreedHashes } from './results.js';

export interface Settling {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly connection: OpenConnection;
}

/** The plan whose items were sent; null: no plan's. */
interface OfPlan {
  readonly planId: number | null;
  /** What is not shown becomes a question; else it is sent again by the plan. */
  readonly giveUp: boolean;
}

/**
 * Repeatable: what an attempt has settled, the next one finds done.
 *
 * @returns creations recognised now, and items of the plan that are pending: those to be sent again
 */
export async function settleCreations(
  { sql, claims, connection }: Settling,
  { planId, giveUp }: OfPlan,
): Promise<{ recognised: number; reopened: number }> {
  let recognised = 0;
  for (const system of systemNames) {
    const intents = (await openIntents(sql, connection.scope, 'all')).filter((intent) => intent.system === system);
    if (intents.length === 0) continue;
    const pairs = await pairsByIds(
      sql,
      connection.scope,
      intents.map((intent) => intent.linkId),
    );
    const free = await freeRecords(sql, connection.scope, system, intents, pairs);
    const unrecognised: Sent[] = [];
    for (const intent of intents) {
      const pair = pairs.get(intent.linkId);
      // The link is gone, or has its record meanwhile: nothing is left to find out.
      if (pair === undefined || pair.ids[system] !== null) {
        await settleIntents(sql, connection.scope, [intent]);
        continue;
      }
      const found = recordOfCreation(intent, pair.ids[otherSystem(system)], free);
      if (found === null) {
        unrecognised.push({ intent, pair });
        continue;
      }
      free.splice(free.indexOf(found), 1);
      await link(sql, connection, planId, pair, system, found, intent);
      recognised += 1;
    }
    const { found, doubts } = matchedByRules(connection, system, unrecognised, free);
    for (const [{ intent, pair }, shadow] of found) {
      await link(sql, connection, planId, pair, system, shadow, intent);
      recognised += 1;
    }
    const missing = unrecognised.filter((one) => !found.has(one));
    // Without a plan nobody sends them again: what became of the others is for those who sent them.
    if (planId !== null) await settleMissing({ sql, claims, connection }, { planId, giveUp }, missing, doubts);
  }
  return { recognised, reopened: planId === null ? 0 : await countPending(sql, planId, 'remote') };
}

/** Records that these creations can have made: which appeared since, or say so themselves. */
async function freeRecords(
  sql: Sql,
  scope: Scope,
  system: SystemName,
  intents: readonly Intent[],
  pairs: ReadonlyMap<string, LinkedPair>,
): Promise<FreeRecord[]> {
  const since = Math.min(...intents.map((one) => one.recordedAtMs));
  const chosen = new Set(intents.map((one) => one.externalId));
  const references = new Set([...pairs.values()].map(({ ids }) => ids[otherSystem(system)]));
  const free = (await unlinkedShadows(sql, scope, system)).filter(
    ({ id, externalReference, firstSeenAtMs }) =>
      firstSeenAtMs >= since || chosen.has(id) || (externalReference !== null && references.has(externalReference)),
  );
  const values = await shadowsByIds(
    sql,
    scope,
    system,
    free.map((one) => one.id),
  );
  return free.flatMap((one) => {
    const fields = values.get(one.id)?.fields;
    return fields === undefined ? [] : [{ ...one, fields }];
  });
}

/**
 * Creations whose record the list does not show, or only doubtful ones. The claim of their links proves that nobody is sending them; what
 * was sent since the list began is left open.
 */
async function settleMissing(
  { sql, claims, connection }: Settling,
  { planId, giveUp }: { readonly planId: number; readonly giveUp: boolean },
  missing: readonly Sent[],
  doubts: ReadonlyMap<Sent, Doubt>,
): Promise<void> {
  if (missing.length === 0) return;
  const claim = await claims.claim(
    connection.scope,
    missing.map(({ intent }) => intent.linkId),
  );
  try {
    const listed = (await openIntents(sql, connection.scope, [...claim.linkIds])).filter((one) => one.isListed);
    const over = missing.filter(({ intent }) =>
      listed.some(({ linkId, system }) => linkId === intent.linkId && system === intent.system),
    );
    const [doubtful, nowhere] = [over.filter((one) => doubts.has(one)), over.filter((one) => !doubts.has(one))];
    // In one transaction: an intent that is settled is not found again by an attempt that repeats this one.
    await sql.begin(async (tx) => {
      await settleIntents(
        tx,
        connection.scope,
        over.map(({ intent }) => intent),
      );
      // Of those left open, too: anyone who is found in a doubt is not created elsewhere meanwhile.
      await openCases(tx, connection.scope, planId, [...doubts.values()].map(doubtCase));
      for (const { intent } of doubtful) {
        await renameOutcome(tx, planId, intent.linkId, { from: 'unsettled', to: 'asked' });
      }
      if (giveUp) await openCases(tx, connection.scope, planId, nowhere.map(neverAppeared));
      else {
        await reopenItems(
          tx,
          planId,
          'unsettled',
          nowhere.map(({ intent }) => intent.linkId),
        );
      }
    });
  } finally {
    await claim.release();
  }
}

/** A creation that was sent, and its link. */
interface Sent {
  readonly intent: OpenIntent;
  readonly pair: LinkedPair;
}

/**
 * Creations whose records do not hold what was sent: somebody edited them before they were seen. Among what appeared since then, they are
 * looked for as a bulk sync looks for anybody, by the rules that match one record with one. Sent once more they would be twins; and if it
 * is somebody whom a person entered meanwhile, it is the same person. Where the rules are in doubt, so are we.
 */
function matchedByRules(
  connection: OpenConnection,
  system: SystemName,
  sent: readonly Sent[],
  free: readonly FreeRecord[],
): { found: Map<Sent, FreeRecord>; doubts: Map<Sent, Doubt> } {
  const found = new Map<Sent, FreeRecord>();
  const doubts = new Map<Sent, Doubt>();
  const since = Math.min(...sent.map(({ intent }) => intent.recordedAtMs));
  const appeared = new Map(free.flatMap((one) => (one.firstSeenAtMs >= since ? [[one.id, one] as const] : [])));
  if (appeared.size === 0) return { found, doubts };
  const other = otherSystem(system);
  const candidates = [...appeared.values()].map(({ id, fields }): Candidate => ({
    system,
    id,
    fields,
    externalReference: null,
  }));
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
  return neverAppearedCase(intent.linkId, intent.system, intent.sends, pairHashes(pair));
}

async function link(
  sql: Sql,
  connection: OpenConnection,
  planId: number | null,
  pair: LinkedPair,
  system: SystemName,
  found: FreeRecord,
  intent: Intent,
): Promise<void> {
  const other = pair.shadows[otherSystem(system)];
  const hashes = { [system]: found.hashes, [otherSystem(system)]: other?.hashes ?? null } as Record<
    SystemName,
    FieldHashes | null
  >;
  const sent = sentBase(intent, found);
  const agreed = agreedHashes(hashes, connection.fields);
  await sql.begin(async (tx) => {
    const now = (await lockLinks(tx, connection.scope, [pair.linkId])).get(pair.linkId);
    if (now === undefined || now.ids[system] !== null) return;
    // What was sent is true whatever became of the link meanwhile; what the other side holds is not.
    const isCurrent = now.version === pair.version;
    const base = { ...sent.base, ...(isCurrent ? agreed : {}) };
    const baseFields = { ...sent.baseFields, ...(isCurrent ? pick(found.fields, Object.keys(agreed)) : {}) };
    const equal = withForms(now.equal, intent, sent);
    await agree(tx, connection.scope, [{ linkId: pair.linkId, base, baseFields, ids: { [system]: found.id }, equal }]);
    await settleIntents(tx, connection.scope, [{ linkId: pair.linkId, system }]);
    if (planId !== null) await renameOutcome(tx, planId, pair.linkId, { from: 'unsettled', to: 'created' });
  });
}
