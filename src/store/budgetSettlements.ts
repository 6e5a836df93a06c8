import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import type { Permit, PermitAnswer } from './budgetPermits.js';
import type { Sql } from './database.js';

interface Settlement {
  readonly permit: Permit;
  readonly answer: PermitAnswer;
  /** On the scale of `performance.now()`. */
  readonly at: number;
}

/** After a failed write the next attempt waits so long, unless somebody asks for it. */
const RETRY_MS = 500;

/**
 * Records the ends of requests, in the background and many at a time: each write takes all that came while the one before it was
 * under way. Losing some (a crash) leaves those requests counted for longer, never for shorter.
 */
export class Settlements {
  readonly #sql: Sql;
  readonly #credential: string;
  readonly #lateArrivalMs: number;
  readonly #lingerMs: number;
  #answers: Settlement[] = [];
  #released: number[] = [];
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;

  /** @param lingerMs ends gather for so long before they are written; 0 where somebody may wait for the room that they make */
  constructor(sql: Sql, credential: string, lateArrivalMs: number, lingerMs: number) {
    this.#sql = sql;
    this.#credential = credential;
    this.#lateArrivalMs = lateArrivalMs;
    this.#lingerMs = lingerMs;
  }

  answered(permit: Permit, answer: PermitAnswer): void {
    this.#answers.push({ permit, answer, at: performance.now() });
    this.#start();
  }

  released(permit: Permit): void {
    this.#released.push(permit.id);
    this.#start();
  }

  /** Resolves when all that was reported so far is recorded, or could not be. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#pending()) {
      this.#start();
      await this.#writing;
    }
  }

  async end(): Promise<void> {
    await this.flush();
    clearTimeout(this.#retry);
  }

  #pending(): boolean {
    return this.#answers.length > 0 || this.#released.length > 0;
  }

  #start(): void {
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      // Lets those join that end in this same turn of the event loop.
      await (this.#lingerMs === 0 ? immediate() : delay(this.#lingerMs));
      while (this.#pending()) await this.#writeOnce();
    } catch {
      // Nothing is lost by waiting, and whoever needs the database next hears of it: the permits come from there.
      this.#retry = setTimeout(() => this.#start(), RETRY_MS).unref();
    } finally {
      // In the same step as the last look at what is pending, so that nothing reported now relies on a writer that has ended.
      this.#writing = undefined;
    }
  }

  async #writeOnce(): Promise<void> {
    const answers = this.#answers;
    const released = this.#released;
    this.#answers = [];
    this.#released = [];
    const now = performance.now();
    const rows = answers.map(({ permit, answer, at }) => ({
      id: permit.id,
      lane: permit.ask.lane,
      purpose: permit.ask.purpose,
      record: permit.ask.record,
      method: answer.method,
      kind: answer.kind,
      status: answer.status,
      heldMs: at - permit.grantedAt,
      agoMs: now - at,
      lateMs: answer.mayStillArrive ? this.#lateArrivalMs : 0,
    }));
    try {
      await this.#sql`SELECT budget_settle(${this.#credential}, ${this.#sql.json(rows)}, ${this.#sql.json(released)})`;
    } catch (error) {
      this.#answers = [...answers, ...this.#answers];
      this.#released = [...released, ...this.#released];
      throw error;
    }
  }
}
