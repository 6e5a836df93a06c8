/**
 * Mirrors Yoplanning's catalogue, a turn at a time: what core/events/catalogue.ts wants next is read with one request and stored, until the turn's
 * requests are sent. All that is known of how far it is stands in Postgres, so a turn that is cut off goes on where it was.
 *
 * A request that fails for one product (its list cannot be read, or is not there: the product may have been removed a moment ago) costs that
 * product's turn. Only where several in a row fail it is the connection.
 */
import type { CatalogueConfig } from '../config/catalogue.js';
import { type CatalogueReading, dayMs, nextReading, requestsOfTurn } from '../core/events/catalogue.js';
import { nextStart, readOn, type ReadPage } from '../core/events/listReading.js';
import { UnexpectedResponse } from '../http/failures.js';
import type { Ask } from '../http/client.js';
import { wakeWaiting } from '../store/bookings.js';
import { requestsInDay } from '../store/budgetState.js';
import {
  forgetSessions,
  type MirrorProgress,
  mirrorProgress,
  noteList,
  noteSessions,
  sessionsUnderWay,
  storeProducts,
  storeSessions,
  titleOfProduct,
} from '../store/catalogue.js';
import { keepSessions } from './facts/orders.js';
import type { Sql } from '../store/database.js';
import type { Listed } from '../systems/yoplanning/reading.js';
import type { Session, SessionRequest } from '../systems/yoplanning/sessions.js';
import type { OpenEvents } from './bookings/open.js';
import { cataloguePurpose } from './eventRequests.js';

/** Most requests of one turn: one activity must not take long. */
const mostInTurn = 20;

/** So many products in a row that cannot be read: it is the connection. */
const failuresInARow = 3;

/** Sessions are forgotten so long after they began. Until then a question about one can still show it. */
const keptMs = 7 * dayMs;

/** Two clocks, and times that are shown in whole seconds: the next list of changes begins so much before the last change that was seen. */
const overlapMs = 1_000;

export interface MirrorOptions {
  readonly sql: Sql;
  readonly events: OpenEvents;
  readonly config: CatalogueConfig;
  readonly signal?: AbortSignal;
  /** Left out: the machine's clock, and the request log. */
  readonly now?: () => number;
  readonly inDay?: () => Promise<number>;
}

/** What a turn came to. Counts only. */
export interface MirrorTurn {
  readonly requests: number;
  /** Requests of the last 24 hours, this turn's included. */
  readonly inDay: number;
  /** Products whose sessions were read to the end, and those of them whose list failed. */
  readonly products: number;
  readonly failed: number;
  /** Products and sessions that are gone, and registrations that were woken because there are places. */
  readonly gone: number;
  readonly woken: number;
  /** Products that are known, and when the sessions of the one that was read longest ago were read, in epoch milliseconds; null: not of all yet. */
  readonly known: number;
  readonly oldestReadAtMs: number | null;
}

/** Sends a turn's requests, one after the other. @throws {Failure} of the connection as a whole, or of the budget */
export async function mirrorTurn(options: MirrorOptions): Promise<MirrorTurn> {
  return await new Turn(options).run();
}

class Turn {
  readonly #options: MirrorOptions;
  readonly #ask: Ask;
  readonly #now: () => number;
  readonly #inDay: () => Promise<number>;
  readonly #done = { requests: 0, products: 0, failed: 0, gone: 0, woken: 0 };

  constructor(options: MirrorOptions) {
    const { sql, events, signal } = options;
    const { connection, scope } = events;
    const purpose = cataloguePurpose(scope.connectionId);
    this.#options = options;
    this.#ask = { lane: 'idle', purpose, ...(signal && { signal }) };
    this.#now = options.now ?? Date.now;
    this.#inDay = options.inDay ?? (() => requestsInDay(sql, connection.credentials.yoplanning, purpose));
  }

  async run(): Promise<MirrorTurn> {
    const { sql, events, config, signal } = this.#options;
    const inDay = await this.#inDay();
    let progress = await mirrorProgress(sql, events.scope, this.#now());
    const most = Math.min(mostInTurn, requestsOfTurn(progress, config, inDay));
    while (this.#done.requests < most && signal?.aborted !== true) {
      const reading = nextReading(progress, config, this.#now());
      if (reading === null) break;
      this.#done.requests += 1;
      await (reading.read === 'products'
        ? this.#readProducts(reading, progress)
        : this.#readSessions(reading, progress));
      progress = await mirrorProgress(sql, events.scope, this.#now());
    }
    const { products } = progress;
    const times = products.flatMap(({ readAtMs }) => readAtMs ?? []);
    return {
      ...this.#done,
      inDay: inDay + this.#done.requests,
      known: products.length,
      oldestReadAtMs: times.length < products.length || times.length === 0 ? null : Math.min(...times),
    };
  }

  async #readProducts({ whole }: CatalogueReading & { read: 'products' }, progress: MirrorProgress): Promise<void> {
    const { events, sql } = this.#options;
    const { scope } = events;
    const { config } = events.connection;
    const before = progress.underWay;
    const since = before === null ? (whole ? null : progress.changedUntil) : before.since;
    const filters = since === null ? {} : { last_modified: { gt: new Date(Date.parse(since) - overlapMs) } };
    const request = { offset: nextStart(before), filters };
    const { value: page } = await events.bookings.products.list(request, this.#ask);
    const nowMs = this.#now();
    const { reading, isOver } = readOn(before, pageOf(page), nowMs);
    const isOurs = ({ teamId }: { readonly teamId: string | null }) =>
      teamId === null || teamId === config.yoplanning.team;
    const products = page.items.filter(isOurs);
    const times = products.flatMap(({ modifiedAt }) => modifiedAt ?? []);
    // A filter that is ignored shows what did not change.
    const ignored =
      since !== null &&
      page.items.some(
        ({ modifiedAt }) => modifiedAt === null || Date.parse(modifiedAt) < Date.parse(since) - overlapMs,
      );
    const changedUntil =
      [...times, ...(progress.changedUntil === null ? [] : [progress.changedUntil])].sort().at(-1) ?? null;
    const ends = isOver || ignored;
    await sql.begin(async (tx) => {
      const shown = { items: products, unreadable: idsOfUnreadable(page), nowMs };
      await storeProducts(tx, scope, shown, config.yoplanning.events.lang);
      const step = {
        underWay: ends ? null : { ...reading, whole, since },
        begunAtMs: reading.beganAtMs,
        isWhole: whole && isOver && reading.isComplete,
        changedUntil,
        showsChanges: progress.list.showsChanges && !ignored && changedUntil !== null,
      };
      this.#done.gone += await noteList(tx, scope, step, nowMs);
      if (ends) await forgetSessions(tx, scope, nowMs - keptMs);
    });
  }

  async #readSessions(
    { productId }: CatalogueReading & { read: 'sessions' },
    { failures }: MirrorProgress,
  ): Promise<void> {
    const { events, sql, config } = this.#options;
    const { scope } = events;
    const before = await sessionsUnderWay(sql, scope, productId);
    const beganAtMs = before?.beganAtMs ?? this.#now();
    // The same for all pages: else they would be pages of several lists.
    const untilMs = beganAtMs + config.days * dayMs;
    const request = { offset: nextStart(before), after: new Date(beganAtMs), before: new Date(untilMs) };
    const page = await this.#pageOfSessions(productId, request, failures);
    if (page === null) return;
    const nowMs = this.#now();
    const { reading, isOver } = readOn(before, pageOf(page), before === null ? beganAtMs : nowMs);
    // A filter that is ignored shows others, too.
    const sessions = page.items.filter(({ startsAt }) => Date.parse(startsAt) < untilMs);
    await sql.begin(async (tx) => {
      const shown = { items: sessions, unreadable: idsOfUnreadable(page), nowMs };
      const freed = await storeSessions(tx, scope, productId, shown);
      const whole = isOver && reading.isComplete ? { sinceMs: beganAtMs, untilMs } : null;
      const step = { productId, underWay: isOver ? null : reading, whole, failed: false };
      this.#done.gone += await noteSessions(tx, scope, step, nowMs);
      this.#done.woken += await wakeWaiting(tx, scope, freed);
      const title = await titleOfProduct(tx, scope, productId, events.connection.config.yoplanning.events.lang);
      await keepSessions(
        tx,
        events,
        sessions.map(({ id, startsAt }) => ({ id, startsAt, title })),
      );
    });
    if (isOver) this.#done.products += 1;
  }

  /** @returns null where this product's list failed, and its turn is over. @throws {UnexpectedResponse} where those before it failed, too */
  async #pageOfSessions(productId: string, request: SessionRequest, failures: number): Promise<Listed<Session> | null> {
    const { events, sql } = this.#options;
    try {
      return (await events.bookings.sessions.list(productId, request, { ...this.#ask, record: productId })).value;
    } catch (error) {
      if (!(error instanceof UnexpectedResponse)) throw error;
      const step = { productId, underWay: null, whole: null, failed: true };
      await sql.begin(async (tx) => await noteSessions(tx, events.scope, step, this.#now()));
      if (failures + 1 >= failuresInARow) throw error;
      this.#done.failed += 1;
      return null;
    }
  }
}

function pageOf({ start, count, length, items, unreadable }: Listed<{ readonly id: string }>): ReadPage {
  const bad = new Map(unreadable.map(({ position, failure }) => [position, failure.id]));
  const good = items.values();
  const ids = Array.from(
    { length },
    (_, nth) => bad.get(start + nth) ?? (bad.has(start + nth) ? null : idOf(good.next())),
  );
  return { start, count, ids };
}

function idOf(next: IteratorResult<{ readonly id: string }, undefined>): string | null {
  return next.value?.id ?? null;
}

function idsOfUnreadable({ unreadable }: Listed<unknown>): readonly string[] {
  return unreadable.flatMap(({ failure }) => failure.id ?? []);
}
