/**
 * Stores the other system's id in records that carry none, so that links can be recovered from the systems alone: Yoplanning's
 * vendor recommends it ("Storing your id"). Linking costs no request, and the id travels with the next write of a record; those
 * that need no write get it here, in the lowest lane, from what the day's quota has left over. What is not done today is done by
 * the next run.
 */
import { type SystemName, systemNames } from '../core/record.js';
import { BudgetExhausted, InvalidRecord } from '../http/failures.js';
import { canaryCase } from '../cases/canary.js';
import { kindsThat } from '../cases/index.js';
import { openCases } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import { agree, lockLinks } from '../store/links.js';
import { linksLackingReference, type Unreferenced } from '../store/references.js';
import { upsertShadows } from '../store/shadows.js';
import type { OpenConnection } from '../connection.js';
import { stopIfCanariesDie } from './results.js';
import type { LinkClaims } from './claims.js';
import { sameHashes } from './view.js';
import { compareWritten } from './values.js';

export interface FillingReferences {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly connection: OpenConnection;
  /** Says to end after the records in hand. */
  readonly cancelled: () => boolean;
}

/** GET and PUT. */
const requestsEach = 2;

/** @returns how many records got their reference. @throws {Failure} but for a spent quota, which only ends it. */
export async function fillReferences(filling: FillingReferences): Promise<number> {
  let filled = 0;
  for (const system of systemNames) {
    const { storesReference, writes } = filling.connection.systems[system];
    if (storesReference && writes) filled += await fillSystem(filling, system);
  }
  return filled;
}

async function fillSystem(filling: FillingReferences, system: SystemName): Promise<number> {
  const { sql, claims, connection } = filling;
  let filled = 0;
  for (let after = ''; ;) {
    if (filling.cancelled()) return filled;
    const room = Math.floor((await leftOver(connection, system)) / requestsEach);
    const batch = await linksLackingReference(
      sql,
      connection.scope,
      system,
      after,
      Math.min(room, connection.config.bulk.chunkItems),
      kindsThat(({ holds }) => holds?.what === 'link'),
    );
    if (batch.length === 0) return filled;
    after = batch.at(-1)!.linkId;
    const claim = await claims.claim(
      connection.scope,
      batch.map(({ linkId }) => linkId),
    );
    try {
      const queue = batch.filter(({ linkId }) => claim.linkIds.has(linkId));
      const hand = async (): Promise<number> => {
        let done = 0;
        for (let one = queue.shift(); one !== undefined && !filling.cancelled(); one = queue.shift()) {
          await claim.verify();
          if (await fillOne(filling, system, one)) done += 1;
        }
        return done;
      };
      const hands = await Promise.allSettled(Array.from({ length: connection.config.bulk.parallelItems }, hand));
      for (const end of hands) if (end.status === 'fulfilled') filled += end.value;
      const failed = hands.find((end) => end.status === 'rejected');
      if (failed?.reason instanceof BudgetExhausted) return filled;
      if (failed) throw failed.reason;
    } finally {
      await claim.release();
    }
  }
}

async function fillOne(
  { sql, connection }: FillingReferences,
  system: SystemName,
  one: Unreferenced,
): Promise<boolean> {
  const ask = { lane: 'idle', purpose: `references/${connection.scope.connectionId}`, record: one.id } as const;
  try {
    const result = await connection.systems[system].update(
      one.id,
      // Whoever edited the record since is served by the next run; its reference then travels with that write.
      (before) => (sameHashes(connection.hash(before.fields), one.hashes) ? { set: {} } : { stop: 'changed since' }),
      ask,
      one.otherId,
    );
    if (result.outcome !== 'written') return false;
    const { rewritten } = compareWritten(
      connection.hash(result.before.fields),
      {},
      connection.hash(result.after.fields),
    );
    await sql.begin(async (tx) => {
      const link = (await lockLinks(tx, connection.scope, [one.linkId])).get(one.linkId);
      await upsertShadows(tx, connection.scope, system, [{ ...connection.shadowOf(result.after), times: {} }]);
      if (Object.keys(rewritten).length === 0 || link?.ids[system] !== one.id) return;
      // The server put fields that we did not touch into its own form: that is nobody's change, whatever became of the link meanwhile.
      const equal = { ...link.equal, [system]: { ...link.equal[system], ...rewritten } };
      await agree(tx, connection.scope, [{ linkId: one.linkId, base: {}, baseFields: {}, equal }]);
    });
    if (result.unmappedChanged.length > 0) {
      const { requestId, unmappedChanged: changed, before, after } = result;
      const details = { requestId, changed, before: before.document, after: after.document };
      await openCases(sql, connection.scope, null, [canaryCase(one.linkId, system, one.id, details)]);
      await stopIfCanariesDie({ sql, connection });
    }
    return true;
  } catch (error) {
    // A record that does not take a reference is linked all the same.
    if (error instanceof InvalidRecord) return false;
    throw error;
  }
}

/** Requests that the lane `idle` may still send today: a share of what lanes other than `live` have left. */
async function leftOver(connection: OpenConnection, system: SystemName): Promise<number> {
  const { requestsPerDay, liveShare, idleShare } = connection.config[system].limits;
  if (requestsPerDay === null) return Number.POSITIVE_INFINITY;
  const { dayUsedByOthers } = await connection.budgets[system].state();
  return Math.max(0, requestsPerDay * (1 - liveShare) * idleShare - dayUsedByOthers);
}
