/**
 * Applies a range of a plan's remote items, several at a time, each once. What is ended stays ended; what fails for a reason that
 * may pass is left pending, and the chunk fails with that reason, so that Temporal repeats it for the rest.
 *
 * Yoplanning says that invalid data, too, can be answered with a 5xx. So a record is told from a server that is down: an attempt
 * counts against the record only if the server answered something else meanwhile, and after `maxItemAttempts` such attempts the
 * record becomes a case and the rest goes on.
 */
import { Failure, InvalidRecord, isFailure } from '../http/failures.js';
import { systemNames } from '../core/record.js';
import { openIntents, recordIntents, settleIntents, type Intent } from '../store/intents.js';
import { recordIntended } from '../store/journal.js';
import { pairsByIds, type LinkedPair } from '../store/links.js';
import { countAttempt, pendingItems, type PlanItem } from '../store/planItems.js';
import type { Sql } from '../store/database.js';
import type { OpenConnection } from '../connection.js';
import { applyLink, type Intended } from './applyLink.js';
import { createBatcher, type Batcher } from './batcher.js';
import { LinkBusy, type LinkClaims } from './claims.js';
import { stopIfCanariesDie } from './canary.js';
import { pairHashes } from './decideLink.js';
import { commitResults, type ItemResult } from './results.js';

export interface ApplyingChunk {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly connection: OpenConnection;
  readonly planId: number;
  /** Says to end after the items in hand. */
  readonly cancelled: () => boolean;
}

/** Failures that concern one record or one answer; any other ends the whole attempt at once. */
const passing = new Set(['ServerFailed', 'NoAnswer', 'UnexpectedResponse', 'RecordMissing']);

/** So many failures in a row without any answer in between: the server is down, and asking on would only burn requests. */
const failuresInARow = 3;

/** Applies the pending items with `from <= n < to`. @throws the first failure that left an item pending. */
export async function applyChunk(chunk: ApplyingChunk, from: number, to: number): Promise<void> {
  const { sql, claims, connection, planId } = chunk;
  const items = await pendingItems(sql, planId, 'remote', from, to);
  if (items.length === 0) return;
  const linkIds = items.map((item) => item.linkId!);
  const claimed = await claims.claim(connection.id, linkIds);
  try {
    const pairs = await pairsByIds(sql, connection.id, [...claimed]);
    const intents = new Map(
      (await openIntents(sql, connection.id, [...claimed])).map((intent) => [intent.linkId, intent]),
    );
    const attempt = new ChunkAttempt(chunk, pairs, intents);
    await attempt.run(items.filter((item) => claimed.has(item.linkId!)));
  } finally {
    await claims.release(connection.id, claimed);
  }
  const busy = linkIds.filter((linkId) => !claimed.has(linkId));
  if (busy.length > 0) throw new LinkBusy(busy);
}

class ChunkAttempt {
  /** The failure that ends the attempt: nothing new is begun after it. */
  private ending: unknown = null;
  /** Systems that answered something other than an error of theirs during this attempt. */
  private readonly answering = new Set<string>();
  private readonly failuresSinceAnswer = new Map<string, number>();
  private readonly failed: { readonly item: PlanItem; readonly failure: Failure }[] = [];
  private readonly intend: Batcher<Intended>;
  private readonly commit: Batcher<ItemResult>;

  constructor(
    private readonly chunk: ApplyingChunk,
    private readonly pairs: ReadonlyMap<string, LinkedPair>,
    private readonly intents: ReadonlyMap<string, Intent>,
  ) {
    const { sql, connection, planId } = chunk;
    this.intend = createBatcher(async (intended) => {
      await sql.begin(async (tx) => {
        await recordIntended(
          tx,
          connection.id,
          intended.flatMap((one) => one.journal),
        );
        await recordIntents(
          tx,
          connection.id,
          intended.flatMap((one) => one.intent ?? []),
        );
      });
    });
    this.commit = createBatcher(async (results) => {
      await commitResults(sql, { connectionId: connection.id, planId }, results);
    });
  }

  async run(items: readonly PlanItem[]): Promise<void> {
    const queue = [...items];
    const hand = async (): Promise<void> => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
        if (this.ending !== null || this.chunk.cancelled()) return;
        await this.apply(item);
      }
    };
    await Promise.all(Array.from({ length: this.chunk.connection.config.bulk.parallelItems }, hand));
    for (const { item, failure } of this.failed) await this.judge(item, failure);
    if (this.ending !== null) throw this.ending;
  }

  private async apply(item: PlanItem): Promise<void> {
    const { connection, planId, claims } = this.chunk;
    const pair = this.pairs.get(item.linkId!);
    if (pair === undefined) {
      throw new Error(`plan ${planId}, item ${item.n}: its link ${item.linkId} is not in the database any more`);
    }
    try {
      const result = await applyLink(
        {
          connection,
          intend: this.intend,
          verifyClaim: () => claims.verify(),
          ask: (record) => ({ lane: 'bulk', purpose: `plan/${planId}`, record }),
          writeId: `plan/${planId}/${item.n}`,
          openIntent: this.intents.get(pair.linkId) ?? null,
        },
        pair,
      );
      for (const { system } of result.shadows) this.answered(system);
      await this.commit({ ...result, n: item.n });
      if (result.cases.some((one) => one.kind === 'canary')) await stopIfCanariesDie(this.chunk);
    } catch (error) {
      // Certainly not applied: the next attempt need not look it up. (A look-up that failed says nothing about what it looked for.)
      if (isFailure(error) && error.effect === 'none' && error.context.method !== 'GET') {
        await settleIntents(
          this.chunk.sql,
          connection.id,
          systemNames.map((system) => ({ linkId: pair.linkId, system })),
        );
      }
      if (error instanceof InvalidRecord) {
        this.answered(error.context.system);
        await this.refuse(item, pair, error, 'refused');
      } else if (isFailure(error) && passing.has(error.type)) {
        this.failed.push({ item, failure: error });
        const inARow = (this.failuresSinceAnswer.get(error.context.system) ?? 0) + 1;
        this.failuresSinceAnswer.set(error.context.system, inARow);
        if (inARow >= failuresInARow) this.ending ??= error;
      } else {
        this.ending ??= error;
      }
    }
  }

  private answered(system: string): void {
    this.answering.add(system);
    this.failuresSinceAnswer.set(system, 0);
  }

  /** After the attempt: was it the record, or the server? */
  private async judge(item: PlanItem, failure: Failure): Promise<void> {
    // A write is sent after its record was read (or looked up), so one that fails again and again is the record's own.
    const isWrite = failure.context.method !== 'GET';
    const serverAnswers = this.answering.has(failure.context.system) || (isWrite && item.attempts > 0);
    const counts = serverAnswers || isWrite;
    const attempts = counts ? await countAttempt(this.chunk.sql, this.chunk.planId, item.n) : 0;
    if (serverAnswers && attempts >= this.chunk.connection.config.bulk.maxItemAttempts) {
      await this.refuse(item, this.pairs.get(item.linkId!)!, failure, 'keepsFailing');
    } else {
      this.ending ??= failure;
    }
  }

  private async refuse(
    item: PlanItem,
    pair: LinkedPair,
    failure: Failure,
    outcome: 'refused' | 'keepsFailing',
  ): Promise<void> {
    const { context } = failure;
    const words = failure instanceof InvalidRecord ? failure.words : null;
    const fields = failure instanceof InvalidRecord ? failure.fields : [];
    await this.commit({
      n: item.n,
      linkId: pair.linkId,
      outcome,
      shadows: [],
      agreement: null,
      journal: [],
      settledIntents: [],
      gone: [],
      cases: [
        {
          kind: 'refused',
          subject: pair.linkId,
          linkId: pair.linkId,
          details: {
            failure: failure.type,
            system: context.system,
            method: context.method,
            path: context.path,
            fields,
            words,
          },
          saw: pairHashes(pair),
        },
      ],
    });
  }
}
