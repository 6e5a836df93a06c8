/**
 * Bulk: carries out a plan's items as they were approved, each once. An item whose link has changed since it was planned ends as `changed`,
 * and live work looks at it. What is ended stays ended; what fails for a reason that may pass is left pending, and the chunk fails with
 * that reason, so that Temporal repeats it for the rest.
 *
 * Yoplanning says that invalid data, too, can be answered with a 5xx. So a record is told from a server that is down: an attempt
 * counts against the record only if the server answered something else meanwhile, and after `maxItemAttempts` such attempts the
 * record becomes a case and the rest goes on. So it does where the answers about it are no records at all, while those about others are.
 */
import type { LiveDecision } from '../core/live.js';
import type { Doubt } from '../core/match.js';
import { systemNames } from '../core/record.js';
import { type Failure, InvalidRecord, isFailure, isStoppedWrite } from '../http/failures.js';
import { type NewCase, openCases } from '../store/cases.js';
import { findLinkStates, type LinkState } from '../store/linkState.js';
import { countAttempt, endItems, nextPending, pendingItems, type PlanItem } from '../store/planItems.js';
import type { Sql } from '../store/database.js';
import { recordUnreadable } from '../store/unreadable.js';
import { refusedCase } from '../cases/refused.js';
import { doubtCase } from '../cases/doubt.js';
import type { OpenConnection } from '../connection.js';
import { commitResults, type ItemResult, type LinkResult, type Outcome, stopIfCanariesDie } from './results.js';
import { carryOut, LinkInterrupted } from './carryOut.js';
import { type Claim, LinkBusy, type LinkClaims } from './claims.js';
import { creationFailed, NewsUnread } from './creations.js';
import { type ChunkPlaces, sharedWork, type SharedWork } from './sharedWork.js';
import { attemptsToRead, type Unreadable, unreadableIn } from './unreadable.js';

export interface ApplyingChunk {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly connection: OpenConnection;
  readonly planId: number;
  /** Says to end after the items in hand. */
  readonly cancelled: () => boolean;
  /** Told that a system answered about an item: what fails later is no failure in a row with those before. */
  readonly succeeded?: () => void;
}

/** Failures that concern one record or one answer; any other ends the whole attempt at once. */
const passing = new Set(['ServerFailed', 'NoAnswer', 'UnexpectedResponse', 'RecordMissing']);

/** For each item that may be under way, so many results may wait to be recorded while others begin: after a crash each costs a look at its record. */
const unrecordedResults = 3;

/** So many failures in a row without any answer in between: the server is down, and asking on would only burn requests. */
const failuresInARow = 3;

/** Items without requests that are carried out in one transaction. */
const localBatch = 1_000;

/** Carries out what needs no request: links that agree, bases that move, questions. Set-wise; repeats safely. */
export async function applyLocalItems({
  sql,
  connection,
  planId,
}: Omit<ApplyingChunk, 'claims' | 'cancelled'>): Promise<void> {
  const part = 'local';
  const load = async (after: number) => {
    const items = await nextPending<LiveDecision | Doubt>(sql, planId, part, after, localBatch);
    const linkIds = items.flatMap((item) => item.linkId ?? []);
    return { items, states: await findLinkStates(sql, connection.scope, linkIds, { depth: 'values' }) };
  };
  for (let coming = load(0); ;) {
    const { items, states } = await coming;
    if (items.length === 0) return;
    // The next are loaded while these are carried out: each is about another link, and who changes one of them meanwhile has its version.
    coming = load(items.at(-1)!.n);
    coming.catch(() => undefined);
    const results: ItemResult[] = [];
    for (const item of items) {
      if (item.linkId === null) continue;
      const state = states.get(item.linkId);
      const writeId = `plan/${planId}/local/${item.n}`;
      results.push(
        isAsPlanned(item, state)
          ? {
              ...(
                await carryOut({ connection, state, decision: item.decision as LiveDecision, writeId, ...noRequests })
              ).result,
              item: { n: item.n, more: false },
            }
          : ended(item, state === undefined ? 'dropped' : 'changed'),
      );
    }
    const doubts = items.filter((item) => item.kind === 'doubt');
    await commitResults(sql, { scope: connection.scope, plan: { id: planId, part } }, results, async (tx) => {
      await openCases(
        tx,
        connection.scope,
        planId,
        doubts.map((item) => doubtCase(item.decision as Doubt)),
      );
      await endItems(
        tx,
        planId,
        part,
        doubts.map(({ n }) => ({ n, status: 'done', outcome: 'asked' })),
      );
    });
  }
}

/** What an item without requests is carried out with: asking anything of it would be a fault of the plan's. */
const noRequests = {
  intend: () => Promise.reject(new NeedsRequest()),
  verifyClaim: () => Promise.reject(new NeedsRequest()),
  ask: () => {
    throw new NeedsRequest();
  },
};

/** An item that was planned to need no request needs one: a fault of ours. */
class NeedsRequest extends Error {
  override readonly name = 'NeedsRequest';
  constructor() {
    super('a plan’s local item asks for a request');
  }
}

function isAsPlanned(item: PlanItem, state: LinkState | undefined): state is LinkState {
  return state !== undefined && state.pair.version === item.version;
}

/**
 * Applies the pending remote items with `from <= n < to`.
 *
 * @returns why items are left pending that go to a system which takes no writes now; null: none is
 * @throws the first other failure that left an item pending
 */
export async function applyItems(chunk: ApplyingChunk, from: number, to: number): Promise<Failure | null> {
  const { sql, claims, connection, planId } = chunk;
  const items = await pendingItems<LiveDecision>(sql, planId, 'remote', from, to);
  if (items.length === 0) return null;
  const linkIds = items.map((item) => item.linkId!);
  const claim = await claims.claim(connection.scope, linkIds);
  const claimed = claim.linkIds;
  let stopped: Failure | null;
  try {
    const loading = { depth: 'documents', writesWithinMs: connection.config.live.flipWindowMs } as const;
    const states = await findLinkStates(sql, connection.scope, [...claimed], loading);
    stopped = await new ChunkAttempt(chunk, claim, states).run(items.filter((item) => claimed.has(item.linkId!)));
  } finally {
    await claim.release();
  }
  const busy = linkIds.filter((linkId) => !claimed.has(linkId));
  if (busy.length > 0) throw new LinkBusy(busy);
  return stopped;
}

class ChunkAttempt {
  /** The failure that ends the attempt: nothing new is begun after it. */
  private ending: Error | null = null;
  /** Creations wait until news are read. */
  private waiting: NewsUnread | null = null;
  /** Systems that take no writes now, and what said so. */
  private readonly stopped = new Map<string, Failure>();
  /** Systems that answered something other than an error of theirs during this attempt. */
  private readonly answering = new Set<string>();
  private readonly failuresSinceAnswer = new Map<string, number>();
  private readonly failed: { readonly item: Item; readonly failure: Failure; readonly at: LinkInterrupted }[] = [];
  private readonly shared: SharedWork;
  /** Results on their way to Postgres. */
  private unrecorded = 0;

  constructor(
    private readonly chunk: ApplyingChunk,
    private readonly claim: Claim,
    private readonly states: ReadonlyMap<string, LinkState>,
  ) {
    this.shared = sharedWork(chunk.sql, chunk.connection);
  }

  /** @returns why items were left that go to a system which takes no writes now */
  async run(items: readonly Item[]): Promise<Failure | null> {
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
    const [stopped = null] = this.stopped.values();
    return stopped;
  }

  /** Never throws: see `orEnd`. */
  private async carryThrough(item: Item, places: ChunkPlaces): Promise<void> {
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
  private async apply(item: Item): Promise<ItemResult | null> {
    const { connection, planId } = this.chunk;
    const state = this.states.get(item.linkId!);
    // Live work made it part of another link since the plan was drawn, or learnt that the person is gone.
    if (state === undefined) return ended(item, 'dropped');
    if (!isAsPlanned(item, state)) return ended(item, 'changed');
    if (this.waitsForWrites(item.decision)) return null;
    try {
      const { end, result, settling } = await carryOut({
        connection,
        state,
        decision: item.decision,
        writeId: `plan/${planId}/${item.n}`,
        intend: this.shared.intend,
        verifyClaim: () => this.claim.verify(),
        ask: (record) => ({ lane: 'bulk', purpose: `plan/${planId}`, record }),
      });
      for (const { system } of result.shadows) this.answered(system);
      return {
        ...result,
        outcome: end === 'stale' ? 'changed' : result.outcome,
        left: end === 'done' && settling === 'open',
        item: { n: item.n, more: false },
      };
    } catch (error) {
      if (!(error instanceof LinkInterrupted)) throw error;
      await this.interrupted(item, error);
      return null;
    }
  }

  /** All that it sends goes to systems of which it is known that they take no writes now. */
  private waitsForWrites({ gone, create, write, values }: LiveDecision): boolean {
    if (this.stopped.size === 0 || gone !== null || values.length > 0) return false;
    const targets = systemNames.filter((system) => create === system || write[system].length > 0);
    return targets.length > 0 && targets.every((system) => this.stopped.has(system));
  }

  private async record(result: ItemResult): Promise<void> {
    await this.shared.commit({ planId: this.chunk.planId, result });
    if (result.cases.some((one) => one.kind === 'canary')) await stopIfCanariesDie(this.chunk);
  }

  private async interrupted(item: Item, at: LinkInterrupted): Promise<void> {
    const { cause, done } = at;
    const { sql, connection } = this.chunk;
    for (const { system } of done?.shadows ?? []) this.answered(system);
    if (done !== null) await this.record({ ...done, item: { n: item.n, more: true } });
    if (cause instanceof NewsUnread) {
      // Left pending; the others go on, and the claims are given back before the next attempt.
      this.waiting ??= cause;
      return;
    }
    if (!isFailure(cause)) throw cause;
    await creationFailed(sql, connection.scope, item.linkId!, cause);
    if (isStoppedWrite(cause)) {
      // Left pending; what goes to the other system goes on.
      this.stopped.set(cause.context.system, cause);
      return;
    }
    const unreadable = unreadableIn(cause, item.linkId!, false);
    if (unreadable !== null) {
      this.answered(unreadable.system);
      await this.endUnreadable(item, at, unreadable);
    } else if (cause instanceof InvalidRecord) {
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
    this.chunk.succeeded?.();
  }

  /** After the attempt: was it the record, or the server? */
  private async judge(item: Item, failure: Failure, at: LinkInterrupted): Promise<void> {
    // A write is sent after its record was read (or looked up), so one that fails again and again is the record's own.
    const isWrite = failure.context.access !== 'read';
    const serverAnswers = this.answering.has(failure.context.system) || (isWrite && item.attempts > 0);
    const counts = serverAnswers || isWrite || this.isUnreadable(failure);
    const attempts = counts ? await countAttempt(this.chunk.sql, this.chunk.planId, item.n) : 0;
    const isLastTry = this.isUnreadable(failure) && attempts >= attemptsToRead;
    const unreadable = unreadableIn(failure, item.linkId!, isLastTry);
    if (unreadable !== null) {
      await this.endUnreadable(item, at, unreadable);
    } else if (serverAnswers && attempts >= this.chunk.connection.config.bulk.maxItemAttempts) {
      await this.refuse(item, at, failure, 'keepsFailing');
    } else {
      this.ending ??= failure;
    }
  }

  /** What answers many in this way is the server, or something before it. */
  private isUnreadable({ type, context }: Failure): boolean {
    const alike = this.failed.filter(
      ({ failure }) => failure.type === type && failure.context.system === context.system,
    );
    return type === 'UnexpectedResponse' && alike.length < failuresInARow;
  }

  private async endUnreadable(item: Item, at: LinkInterrupted, { system, found }: Unreadable): Promise<void> {
    const { sql, connection } = this.chunk;
    await this.endRefused(item, at, found.question, 'refused');
    await sql.begin(async (tx) => await recordUnreadable(tx, connection.scope, system, [found]));
  }

  private async refuse(
    item: Item,
    at: LinkInterrupted,
    failure: Failure,
    outcome: 'refused' | 'keepsFailing',
  ): Promise<void> {
    await this.endRefused(item, at, refusedCase(item.linkId!, failure, at.saw), outcome);
  }

  private async endRefused(
    item: Item,
    { nothing }: LinkInterrupted,
    question: NewCase,
    outcome: 'refused' | 'keepsFailing',
  ): Promise<void> {
    const result = { ...nothing, outcome, cases: [question], item: { n: item.n, more: false } };
    await this.shared.commit({ planId: this.chunk.planId, result });
  }
}

type Item = PlanItem<LiveDecision>;

/** An item of which nothing more is to be recorded. */
function ended(item: PlanItem, outcome: Outcome): ItemResult {
  const nothing: LinkResult = {
    linkId: item.linkId!,
    version: item.version ?? 0,
    decidedOn: { base: null, readAt: { yapla: null, yoplanning: null } },
    outcome,
    shadows: [],
    facts: { base: {}, baseFields: {}, ids: {}, equal: {} },
    agreement: null,
    journal: [],
    cases: [],
    settledIntents: [],
    gone: [],
    carriedOut: [],
  };
  return { ...nothing, item: { n: item.n, more: false } };
}
