import { setTimeout as delay } from 'node:timers/promises';
import type { BreakerConfig } from '../config/limits.js';
import { instant, makePermits, PermitPostponed, PermitsStopped } from './budgetPermits.js';
import type { Permit, PermitAsk, PermitSource } from './budgetPermits.js';
import type { Sql } from './database.js';

/**
 * What was read from the database is believed for so long: a stop or a 429 met by another process holds here after so long at most. That
 * nothing may be sent is believed only if it was read after it was asked: whoever is told to go on after a stop must not meet it once more,
 * and sleep for long.
 */
const FRESH_MS = 100;
interface Look {
  readonly stopped: string | null;
  readonly closed_ms: number | null;
  readonly broken: boolean;
  readonly record: string | null;
  readonly ids: number[];
}

/** Fewest ids fetched at once. */
const LEAST_IDS = 16;

/**
 * The budget of a credential without limits. Nothing is counted, but while the credential is stopped or closed no permit is given.
 * One look at the database serves all who come within the next moments. Whom the breaker holds stands in line for the probe.
 */
export class BudgetGate implements PermitSource {
  readonly #sql: Sql;
  readonly #credential: string;
  readonly #longWaitMs: number;
  readonly #inFlightTimeoutMs: number;
  readonly #failuresInARow: number | null;
  readonly #line: PermitSource;
  #ids: number[] = [];
  #stopped: string | null = null;
  /** The breaker is open, for one record alone or (null) for all. */
  #broken: { readonly record: string | null } | null = null;
  /** On the scale of `performance.now()`, as all times here. */
  #closedUntil = 0;
  #freshUntil = 0;
  /** When the last look began. */
  #lookedAt = 0;
  /** Permits given since the last look: as many may be wanted until the next. */
  #given = 0;
  #looking: Promise<void> | undefined;
  /** Counts what happened here: what a look brings that began before the last of it may be old. */
  #changes = 0;

  constructor(options: {
    readonly sql: Sql;
    readonly credential: string;
    readonly limits: { readonly longWaitMs: number };
    readonly inFlightTimeoutMs: number;
    readonly breaker?: BreakerConfig;
    readonly line: PermitSource;
  }) {
    this.#sql = options.sql;
    this.#credential = options.credential;
    this.#longWaitMs = options.limits.longWaitMs;
    this.#inFlightTimeoutMs = options.inFlightTimeoutMs;
    this.#failuresInARow = options.breaker?.failuresInARow ?? null;
    this.#line = options.line;
  }

  /** Whoever the breaker does not hold finds what it needs, or what keeps it from it. */
  get waiting(): boolean {
    return this.#line.waiting;
  }

  async take(n: number, ask: PermitAsk): Promise<Permit[]> {
    const { signal } = ask;
    const askedAt = performance.now();
    for (;;) {
      signal?.throwIfAborted();
      const now = performance.now();
      const refuses = this.#stopped !== null || this.#closedUntil > now;
      if (now >= this.#freshUntil || this.#ids.length < n || (refuses && this.#lookedAt < askedAt)) {
        await (this.#looking ??= this.#look(n));
      } else if (this.#stopped !== null) {
        throw new PermitsStopped(this.#stopped);
      } else if (this.#closedUntil > now) {
        const waitMs = this.#closedUntil - now;
        if (waitMs > this.#longWaitMs) throw new PermitPostponed(Date.now() + waitMs, 'closed');
        await delay(Math.ceil(waitMs), undefined, signal ? { signal } : {}).catch(() => undefined);
      } else if (this.#broken !== null && (this.#broken.record ?? ask.record) === ask.record) {
        return await this.#line.take(n, ask);
      } else {
        this.#given += n;
        const at = instant();
        return makePermits(this.#ids.splice(0, n), ask, at.monotonicMs, at, n * this.#inFlightTimeoutMs);
      }
    }
  }

  /** The next to come looks again. */
  wake(): void {
    this.#freshUntil = 0;
    this.#changes += 1;
    this.#line.wake();
  }

  async end(): Promise<void> {
    await this.#looking;
    await this.#line.end();
  }

  async #look(n: number): Promise<void> {
    try {
      const began = performance.now();
      const changes = this.#changes;
      const wanted = Math.max(LEAST_IDS, n, 2 * this.#given);
      const [row] = await this.#sql<[Look]>`
        SELECT max(stopped_reason) FILTER (WHERE stopped_at IS NOT NULL) AS stopped,
               (extract(epoch FROM max(closed_until) - clock_timestamp()) * 1000)::float8 AS closed_ms,
               coalesce(bool_or(failures >= ${this.#failuresInARow}), false) AS broken, max(failing_record) AS record,
               to_json(ARRAY(SELECT nextval('request_log_id_seq') FROM generate_series(1, ${wanted}::integer))) AS ids
          FROM budget WHERE credential = ${this.#credential}`;
      this.#ids = row.ids;
      this.#stopped = row.stopped;
      this.#broken = row.broken ? { record: row.record } : null;
      this.#lookedAt = began;
      this.#closedUntil = performance.now() + (row.closed_ms ?? 0);
      this.#freshUntil = this.#changes === changes ? began + FRESH_MS : 0;
      this.#given = 0;
    } finally {
      this.#looking = undefined;
    }
  }
}
