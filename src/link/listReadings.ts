/**
 * Where no single record can be read and the body of a webhook does not show it as the API does, the list is read: once for all who wait.
 *
 * Who waits stands in the inbox (store/awaited.ts), so a reading helps all who wait, in any process, and one that dies leaves the
 * others to the next. Readings begin some time after the first asks, so that others can join, and at least a while after the last began:
 * whatever webhooks come, they cost the pages of a list so often at most. Of all processes one reads at a time (a claim). A reading ends
 * early once everybody who waits was found.
 *
 * It is no scan: it proves no removal, and leaves the marks of a bulk sync that reads the same list alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenConnection } from '../connection.js';
import { foundUnreadable } from '../cases/unreadable.js';
import { advanceScan, type ScanState, startScan } from '../core/scan.js';
import { scopeName, type SystemName } from '../core/record.js';
import { UnexpectedResponse } from '../http/failures.js';
import { isAwaited, type ListReading, markListed, storeAwaited } from '../store/awaited.js';
import type { Lane } from '../store/budget.js';
import type { Sql } from '../store/database.js';
import { databaseTime } from '../store/scans.js';
import type { Page } from '../systems/system.js';
import type { LinkClaims } from './claims.js';
import { ListNeeded, readRecord, type ReadingRecord, type RecordReading } from './readRecord.js';

/** The list is being read, or is about to be: nothing was done, try again later. */
export class ListAwaited extends Error {
  override readonly name = 'ListAwaited';
  constructor(system: SystemName) {
    super(`the list of ${system} is read for all who wait: this record is looked at again when it was`);
  }
}

/** An attempt holds a place of the worker's for so long at most; then it waits as a retry, which holds none. */
const longestWaitMs = 5_000;

/** Those who only come to hear of a failure later do not begin another reading, which would cost requests: so long are the pauses of retries. */
const failureStandsMs = 10_000;

/** A page that cannot be read may be a hiccup of something in between. */
const attemptsAtPage = 3;

interface Entry {
  lane: Lane;
  readonly ended: Promise<void>;
}

/** How far a reading came that failed: the next one goes on there. */
interface Progress {
  readonly begunAt: string;
  readonly seen: Set<string>;
  readonly crossed: Set<string>;
  state: ScanState;
}

export interface ListWish {
  readonly connection: OpenConnection;
  readonly system: SystemName;
  readonly lane: Lane;
  /** Not to wait at all: the wish is noted, and that is all. */
  readonly patient: boolean;
}

/** The readings of lists in this process. */
export class ListReadings {
  readonly #entries = new Map<string, Entry>();
  readonly #begunAtMs = new Map<string, number>();
  readonly #unfinished = new Map<string, Progress>();

  constructor(
    private readonly sql: Sql,
    private readonly claims: LinkClaims,
  ) {}

  /**
   * Returns once a reading has ended: one that is under way, or else one that this wish begins. Whether it has answered the wish the inbox
   * tells.
   *
   * @throws {ListAwaited} where that takes longer. @throws {Failure} of http/failures.ts, to all who waited
   */
  async read({ connection, system, lane, patient }: ListWish): Promise<void> {
    const key = `${scopeName(connection.scope)}/${system}`;
    const entry = this.#entries.get(key) ?? this.#begin(key, connection, system, lane);
    if (lane === 'live') entry.lane = lane;
    const waited = new AbortController();
    const tooLong = sleep(patient ? longestWaitMs : 0, undefined, { signal: waited.signal }).then(() => {
      throw new ListAwaited(system);
    });
    tooLong.catch(() => undefined);
    try {
      await Promise.race([entry.ended, tooLong]);
    } finally {
      waited.abort();
    }
  }

  #begin(key: string, connection: OpenConnection, system: SystemName, lane: Lane): Entry {
    const entry: Entry = { lane, ended: Promise.resolve().then(() => this.#run(key, connection, system, entry)) };
    this.#entries.set(key, entry);
    entry.ended.then(
      () => this.#entries.delete(key),
      async (error: unknown) => {
        const standsMs = Math.min(failureStandsMs, connection.config.live.listIntervalMs);
        if (!(error instanceof ListAwaited)) await sleep(standsMs, undefined, { ref: false });
        this.#entries.delete(key);
      },
    );
    return entry;
  }

  async #run(key: string, connection: OpenConnection, system: SystemName, entry: Entry): Promise<void> {
    const { listGatherMs, listIntervalMs } = connection.config.live;
    const restMs = (this.#begunAtMs.get(key) ?? -Infinity) + listIntervalMs - performance.now();
    await sleep(Math.max(listGatherMs, restMs), undefined, { ref: false });
    const name = `list/${system}`;
    const claim = await this.claims.claim(connection.scope, [name]);
    if (!claim.linkIds.has(name)) throw new ListAwaited(system);
    try {
      this.#begunAtMs.set(key, performance.now());
      await this.#readThrough(key, connection, system, entry);
    } finally {
      await claim.release();
    }
  }

  async #readThrough(key: string, connection: OpenConnection, system: SystemName, entry: Entry): Promise<void> {
    const target = connection.systems[system];
    const options = { pageSize: target.pageSize, maxRestarts: connection.config.bulk.maxScanRestarts };
    const begun = {
      begunAt: await databaseTime(this.sql),
      seen: new Set<string>(),
      crossed: new Set<string>(),
      state: startScan(),
    };
    const progress: Progress = this.#unfinished.get(key) ?? begun;
    this.#unfinished.set(key, progress);
    const { seen, crossed } = progress;
    const reading: ListReading = { scope: connection.scope, system, begunAt: progress.begunAt };
    while (progress.state.status === 'reading' && (await isAwaited(this.sql, reading))) {
      const askedAt = await databaseTime(this.sql);
      const page = await this.#page(connection, system, progress.state.from, entry);
      const unreadable = page.unreadable.map(({ failure, position }) => foundUnreadable(system, failure, position));
      const rows = page.records.map(connection.shadowOf);
      for (const id of await storeAwaited(this.sql, reading, { askedAt, rows, unreadable })) crossed.add(id);
      const first = unreadable.find(({ position }) => position === page.start)?.id ?? rows[0]?.id ?? '';
      const firstKnown = page.start === 0 || seen.has(first);
      if (firstKnown) for (const { id } of [...rows, ...unreadable]) seen.add(id);
      const { start, count, ends = false } = page;
      const received = rows.length + unreadable.length;
      // Nobody is taken as gone because this does not show them: a list without a total need not be read twice.
      const facts = { start, received, firstKnown, seen: seen.size, count, ends, lacksNothing: true };
      const { pass } = progress.state;
      progress.state = advanceScan(progress.state, facts, options);
      if (progress.state.pass !== pass) seen.clear();
    }
    this.#unfinished.delete(key);
    if (progress.state.status === 'failed') throw new ListAwaited(system);
    if (progress.state.status === 'complete') await markListed(this.sql, reading, { allBut: [...crossed] });
  }

  async #page(connection: OpenConnection, system: SystemName, from: number, entry: Entry): Promise<Page> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await connection.systems[system].readPage({ from }, { lane: entry.lane, purpose: `list/${system}` });
      } catch (error) {
        if (!(error instanceof UnexpectedResponse) || attempt === attemptsAtPage) throw error;
      }
    }
  }
}

/** Reads a link's records as `readRecord` does, and a list before that where it takes one. @throws {ListAwaited} and as `readRecord` */
export async function readWithList(lists: ListReadings, reading: ReadingRecord): Promise<RecordReading> {
  for (;;) {
    try {
      return await readRecord(reading);
    } catch (error) {
      if (!(error instanceof ListNeeded)) throw error;
      const { connection, lane, patienceMs } = reading;
      await lists.read({ connection, system: error.system, lane, patient: patienceMs === undefined });
    }
  }
}
