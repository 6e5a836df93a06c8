/**
 * Stores the other system's id in records that carry none, so that links can be recovered from the systems alone: Yoplanning's
 * vendor recommends it ("Storing your id"). Linking costs no request, and the id travels with the next write of a record; those
 * that need no write get it here, in the lowest lane, from what the day's quota has left over. What is not done today is done by
 * the next run: so is a record that keeps failing, and everything where the server fails at whatever is asked. Nobody waits for that.
 */
import { type SystemName, systemNames } from '../core/record.js';
import { BudgetExhausted, InvalidRecord, isFailure, isStoppedWrite, UnreadableRecord } from '../http/failures.js';
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
import { compareWritten, sameHashes } from './view.js';

export interface FillingReferences {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly connection: OpenConnection;
  /** Says to end after the records in hand. */
  readonly cancelled: () => boolean;
}

export interface References {
  readonly filled: number;
  /** Records left to the next run, because the server failed at them. */
  readonly failed: number;
}

/** GET and PUT. */
const requestsEach = 2;

/** A record that fails is tried again once the others had their turn, so often in all. */
const triesEach = 3;

/** So many failures in a row without a success in between: it is the server, which is left alone. */
const failuresInARow = 3;

/** Failures of one record, or of a server that may be back for the next run; any other is thrown. */
const passing: ReadonlySet<string> = new Set(['ServerFailed', 'NoAnswer', 'UnexpectedResponse', 'RecordMissing']);

/** @throws {Failure} but for a spent quota, a server that fails, and one that takes no writes: they end it for that system. */
export async function fillReferences(filling: FillingReferences): Promise<References> {
  const references = { filled: 0, failed: 0 };
  for (const system of systemNames) {
    const { storesReference, writes, collects } = filling.connection.systems[system];
    // A reference alone is not worth a person's import.
    if (!storesReference || !writes || collects) continue;
    const { filled, failed } = await new FillingSystem(filling, system).run();
    references.filled += filled;
    references.failed += failed;
  }
  return references;
}

class FillingSystem {
  private filled = 0;
  private inARow = 0;
  /** The quota is spent, the server fails, or it takes no writes. */
  private isOver = false;
  private failed: Unreferenced[] = [];

  constructor(
    private readonly filling: FillingReferences,
    private readonly system: SystemName,
  ) {}

  async run(): Promise<References> {
    let after = '';
    await this.fillAll(async (most) => {
      const batch = await this.lacking(after, most);
      after = batch.at(-1)?.linkId ?? after;
      return batch;
    });
    for (let nth = 2; nth <= triesEach && this.failed.length > 0; nth += 1) {
      const again = this.failed.splice(0);
      await this.fillAll((most) => Promise.resolve(again.splice(0, most)));
      this.failed.push(...again);
    }
    return { filled: this.filled, failed: this.failed.length };
  }

  private async lacking(after: string, most: number): Promise<Unreferenced[]> {
    const { sql, connection } = this.filling;
    const held = kindsThat(({ holds }) => holds?.what === 'link');
    return await linksLackingReference(sql, connection.scope, this.system, after, most, held);
  }

  /** @param next the next records, as many as said at most; none: that was all */
  private async fillAll(next: (most: number) => Promise<Unreferenced[]>): Promise<void> {
    const { connection } = this.filling;
    while (!this.isOver && !this.filling.cancelled()) {
      const room = Math.floor((await leftOver(connection, this.system)) / requestsEach);
      const batch = await next(Math.min(room, connection.config.bulk.chunkItems));
      if (batch.length === 0) return;
      await this.fillBatch(batch);
    }
  }

  private async fillBatch(batch: readonly Unreferenced[]): Promise<void> {
    const { claims, connection } = this.filling;
    const linkIds = batch.map(({ linkId }) => linkId);
    const claim = await claims.claim(connection.scope, linkIds);
    try {
      const queue = batch.filter(({ linkId }) => claim.linkIds.has(linkId));
      const hand = async () => {
        for (let one = queue.shift(); one !== undefined && this.goesOn; one = queue.shift()) {
          await claim.verify();
          await this.fill(one);
        }
      };
      const hands = await Promise.allSettled(Array.from({ length: connection.config.bulk.parallelItems }, hand));
      const ended = hands.find((end) => end.status === 'rejected');
      if (ended) throw ended.reason;
    } finally {
      await claim.release();
    }
  }

  private get goesOn(): boolean {
    return !this.isOver && !this.filling.cancelled();
  }

  private async fill(one: Unreferenced): Promise<void> {
    try {
      if (await fillOne(this.filling, this.system, one)) this.filled += 1;
      this.inARow = 0;
    } catch (error) {
      if (error instanceof BudgetExhausted || isStoppedWrite(error)) {
        this.isOver = true;
        return;
      }
      if (!isFailure(error) || !passing.has(error.type)) throw error;
      this.failed.push(one);
      this.inARow += 1;
      this.isOver ||= this.inARow >= failuresInARow;
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
      // Anyone who edited the record since is served by the next run; its reference then travels with that write.
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
    // A record that does not take a reference, or that nobody can read, is linked all the same.
    if (error instanceof InvalidRecord || error instanceof UnreadableRecord) return false;
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
