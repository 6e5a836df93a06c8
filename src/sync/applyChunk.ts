/**
 * Applies a range of a plan's remote items, several at a time, each once. What is ended stays ended; what fails for a reason that
 * may pass is left pending, and the chunk fails with that reason, so that Temporal repeats it for the rest.
 *
 * Yoplanning says that invalid data, too, can be answered with a 5xx. So a record is told from a server that is down: an attempt
 * counts against the record only if the server answered something else meanwhile, and after `maxItemAttempts` such attempts the
 * record becomes a case and the rest goes on.
 */
import { InvalidRecord, isFailure, type Failure } from '../http/failures.js';
import type { FieldName } from '../core/record.js';
import { openIntents, type Intent } from '../store/intents.js';
import { pairsByIds, type LinkedPair } from '../store/links.js';
import { countAttempt, pendingItems, type PlanItem } from '../store/planItems.js';
import type { Sql } from '../store/database.js';
import type { OpenConnection } from '../connection.js';
import { applyLink, LinkInterrupted } from './applyLink.js';
import { LinkBusy, type Claim, type LinkClaims } from './claims.js';
import { stopIfCanariesDie } from './canary.js';
import { creationFailed, NewsUnread } from './creations.js';
import { frozenFields } from './heldBack.js';
import type { ChunkPlaces } from './places.js';
import type { ItemResult, Outcome } from './results.js';
import { refusedCase } from './refusedCase.js';
import { sharedWork, type SharedWork } from './sharedWork.js';

export interface ApplyingChunk {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly connection: OpenConnection;
  readonly planId: number;
  /** An earlier attempt at this chunk may have sent the same writes. */
  readonly isRepeated: boolean;
  /** Says to end after the items in hand. */
  readonly cancelled: () => boolean;
}

/** Failures that concern one record or one answer; any other ends the whole attempt at once. */
const passing = new Set(['ServerFailed', 'NoAnswer', 'UnexpectedResponse', 'RecordMissing']);

/** For each item that may be under way, so many results may wait to be recorded while others begin: after a crash each costs a look at its record. */
const unrecordedResults = 3;

/** So many failures in a row without any answer in between: the server is down, and asking on would only burn requests. */
const failuresInARow = 3;

/** Applies the pending items with `from <= n < to`. @throws the first failure that left an item pending. */
export async function applyChunk(chunk: ApplyingChunk, from: number, to: number): Promise<void> {
  const { sql, claims, connection, planId } = chunk;
  const items = await pendingItems(sql, planId, 'remote', from, to);
  if (items.length === 0) return;
  const linkIds = items.map((item) => item.linkId!);
  const claim = await claims.claim(connection.id, linkIds);
  const claimed = claim.linkIds;
  try {
    const pairs = await pairsByIds(sql, connection.id, [...claimed]);
    const intents = new Map(
      (await openIntents(sql, connection.id, [...claimed])).map((intent) => [intent.linkId, intent]),
    );
    const frozen = await frozenFields(sql, connection.id, [...claimed]);
    const attempt = new ChunkAttempt(chunk, claim, pairs, intents, frozen);
    await attempt.run(items.filter((item) => claimed.has(item.linkId!)));
  } finally {
    await claim.release();
  }
  const busy = linkIds.filter((linkId) => !claimed.has(linkId));
  if (busy.length > 0) throw new LinkBusy(busy);
}

class ChunkAttempt {
  /** The failure that ends the attempt: nothing new is begun after it. */
  private ending: Error | null = null;
  /** Creations wait until news are read. */
  private waiting: NewsUnread | null = null;
  /** Systems that answered something other than an error of theirs during this attempt. */
  private readonly answering = new Set<string>();
  private readonly failuresSinceAnswer = new Map<string, number>();
  private readonly failed: { readonly item: PlanItem; readonly failure: Failure; readonly at: LinkInterrupted }[] = [];
  private readonly shared: SharedWork;
  /** Results on their way to Postgres. */
  private unrecorded = 0;

  constructor(
    private readonly chunk: ApplyingChunk,
    private readonly claim: Claim,
    private readonly pairs: ReadonlyMap<string, LinkedPair>,
    private readonly intents: ReadonlyMap<string, Intent>,
    private readonly frozen: ReadonlyMap<string, ReadonlySet<FieldName>>,
  ) {
    this.shared = sharedWork(chunk.sql, chunk.connection);
  }

  async run(items: readonly PlanItem[]): Promise<void> {
    const places = this.shared.places.join();
    const underWay: Promise<void>[] = [];
    for (const item of items) {
      await places.take();
      if (this.ending !== null || this.chunk.cancelled()) {
        places.free();
        break;
      }
      underWay.push(this.carryThrough(item, places));
    }
    await Promise.all(underWay);
    for (const { item, failure, at } of this.failed) await this.judge(item, failure, at);
    const left = this.ending ?? this.waiting;
    if (left !== null) throw left;
  }

  /** Never throws: see `orEnd`. */
  private async carryThrough(item: PlanItem, places: ChunkPlaces): Promise<void> {
    const result = await this.orEnd(() => this.apply(item));
    if (result === null) return places.free();
    // While results are on their way to Postgres other items begin, but for these bounds. A crash in between is the same as one before
    // the commit: the next attempt finds the values in place.
    this.unrecorded += 1;
    const recorded = this.orEnd(() => this.record(result)).finally(() => (this.unrecorded -= 1));
    const { parallelChunks, parallelItems } = this.chunk.connection.config.bulk;
    const enough = this.unrecorded >= unrecordedResults * parallelChunks * parallelItems;
    // A question may be a canary, after which nothing more may be written.
    if (enough || result.cases.length > 0) await recorded;
    places.free();
    await recorded;
  }

  /** Ends the attempt with what `work` throws. Not thrown on: the others have items in hand, and the claims stand until all have ended. */
  private async orEnd<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      this.ending ??= error as Error;
      return null;
    }
  }

  /** @returns null where nothing is left to be recorded: the item is left pending, or is ended already as refused */
  private async apply(item: PlanItem): Promise<ItemResult | null> {
    const { connection, planId } = this.chunk;
    const pair = this.pairs.get(item.linkId!);
    // Live work made it part of another link since the plan was drawn, or learnt that the person is gone.
    if (pair === undefined) return ended(item, 'dropped');
    try {
      const result = await applyLink(
        {
          connection,
          intend: this.shared.intend,
          verifyClaim: () => this.claim.verify(),
          ask: (record) => ({ lane: 'bulk', purpose: `plan/${planId}`, record }),
          writeId: `plan/${planId}/${item.n}`,
          openIntent: this.intents.get(pair.linkId) ?? null,
          isRepeated: this.chunk.isRepeated,
        },
        pair,
        this.frozen.get(pair.linkId),
      );
      for (const { system } of result.shadows) this.answered(system);
      return { ...result, n: item.n };
    } catch (error) {
      if (!(error instanceof LinkInterrupted)) throw error;
      await this.interrupted(item, error);
      return null;
    }
  }

  private async record(result: ItemResult): Promise<void> {
    await this.shared.commit({ planId: this.chunk.planId, result });
    if (result.cases.some((one) => one.kind === 'canary')) await stopIfCanariesDie(this.chunk);
  }

  private async interrupted(item: PlanItem, at: LinkInterrupted): Promise<void> {
    const { cause, done } = at;
    const { sql, connection } = this.chunk;
    for (const { system } of done?.shadows ?? []) this.answered(system);
    if (done !== null) await this.record({ ...done, n: null });
    if (cause instanceof NewsUnread) {
      // Left pending; the others go on, and the claims are given back before the next attempt.
      this.waiting ??= cause;
      return;
    }
    if (!isFailure(cause)) throw cause;
    await creationFailed(sql, connection.id, item.linkId!, cause);
    if (cause instanceof InvalidRecord) {
      this.answered(cause.context.system);
      await this.refuse(item, at, cause, 'refused');
    } else if (passing.has(cause.type)) {
      this.failed.push({ item, failure: cause, at });
      const inARow = (this.failuresSinceAnswer.get(cause.context.system) ?? 0) + 1;
      this.failuresSinceAnswer.set(cause.context.system, inARow);
      if (inARow >= failuresInARow) this.ending ??= cause;
    } else {
      this.ending ??= cause;
    }
  }

  private answered(system: string): void {
    this.answering.add(system);
    this.failuresSinceAnswer.set(system, 0);
  }

  /** After the attempt: was it the record, or the server? */
  private async judge(item: PlanItem, failure: Failure, at: LinkInterrupted): Promise<void> {
    // A write is sent after its record was read (or looked up), so one that fails again and again is the record's own.
    const isWrite = failure.context.method !== 'GET';
    const serverAnswers = this.answering.has(failure.context.system) || (isWrite && item.attempts > 0);
    const counts = serverAnswers || isWrite;
    const attempts = counts ? await countAttempt(this.chunk.sql, this.chunk.planId, item.n) : 0;
    if (serverAnswers && attempts >= this.chunk.connection.config.bulk.maxItemAttempts) {
      await this.refuse(item, at, failure, 'keepsFailing');
    } else {
      this.ending ??= failure;
    }
  }

  private async refuse(
    item: PlanItem,
    { saw, agreement }: LinkInterrupted,
    failure: Failure,
    outcome: 'refused' | 'keepsFailing',
  ): Promise<void> {
    const result = { ...ended(item, outcome), agreement, cases: [refusedCase(item.linkId!, failure, saw)] };
    await this.shared.commit({ planId: this.chunk.planId, result });
  }
}

/** An item of which nothing more is to be recorded. */
function ended(item: PlanItem, outcome: Outcome): ItemResult {
  return {
    n: item.n,
    linkId: item.linkId!,
    outcome,
    shadows: [],
    agreement: null,
    journal: [],
    cases: [],
    settledIntents: [],
    gone: [],
  };
}
