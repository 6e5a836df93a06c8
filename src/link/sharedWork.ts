/**
 * What all who write for one connection in this process share: places for items under way, and the transactions in which their
 * intents and results are recorded. Two chunks that commit apart cost PostgreSQL and this process twice as much as one group.
 */
import { keepPlans, type Sql } from '../store/database.js';
import { type JournalEntry, recordIntended } from '../store/journal.js';
import type { OpenConnection } from '../connection.js';
import { type Intention, recordCreations } from './creations.js';
import type { Intended } from './linkWork.js';
import { commitResults, type ItemResult } from './results.js';

export interface SharedWork {
  /** As many as `bulk.parallelChunks` times `bulk.parallelItems`. */
  readonly places: Places;
  /** Commits what must stand before a write is sent. */
  readonly intend: Batcher<Intended, Intention>;
  /** Commits results of the items of a plan. */
  readonly commit: Batcher<PlannedResult>;
}

export interface PlannedResult {
  readonly planId: number;
  readonly result: ItemResult;
}

/** Results gather for so long: nobody waits for them, and one statement for ten costs little more than one for one. */
const commitLingerMs = 40;

/** By the budgets: what a connection opened once has for good, also where remembered rules are laid over it (`withRules`). */
const known = new WeakMap<OpenConnection['budgets'], SharedWork>();

/** @param sql the database that the connection was opened on */
export function sharedWork(sql: Sql, connection: OpenConnection): SharedWork {
  const before = known.get(connection.budgets);
  if (before !== undefined) return before;
  const { parallelChunks, parallelItems } = connection.config.bulk;
  const work: SharedWork = {
    places: createPlaces(parallelChunks * parallelItems),
    intend: createBatcher((intended) => commitIntended(sql, connection, intended)),
    commit: createBatcher(async (results) => {
      const plans = new Map<number, ItemResult[]>();
      for (const { planId, result } of results) plans.set(planId, [...(plans.get(planId) ?? []), result]);
      for (const [id, ended] of plans) {
        await commitResults(sql, { scope: connection.scope, plan: { id, part: 'remote' } }, ended);
      }
    }, commitLingerMs),
  };
  known.set(connection.budgets, work);
  return work;
}

async function commitIntended(
  sql: Sql,
  connection: OpenConnection,
  intended: readonly Intended[],
): Promise<readonly Intention[]> {
  const creations = intended.flatMap((one) => one.intent ?? []);
  let answers: readonly Intention[] = [];
  await sql.begin(async (tx) => {
    const writes = intended.filter(({ intent }) => intent === null);
    // One behind the other without waiting, as in `commitResults`; only creations have to be told first whether they may be.
    const [recorded] = await Promise.all([
      recordCreations(tx, connection, creations),
      keepPlans(tx),
      recordIntended(tx, connection.scope, journalOf(writes)),
    ]);
    answers = intended.map(({ intent }) => (intent === null ? 'stands' : recorded[creations.indexOf(intent)]!));
    const standing = intended.filter(({ intent }, at) => intent !== null && answers[at] === 'stands');
    if (standing.length > 0) await recordIntended(tx, connection.scope, journalOf(standing));
  });
  return answers;
}

function journalOf(intended: readonly Intended[]): JournalEntry[] {
  return intended.flatMap((one) => one.journal);
}

/**
 * Places for items under way, shared by the chunks of one connection in this process. The chunk that came first goes first: the
 * others begin with what it leaves over, and have all of them while it waits for its last answers and the next chunk is fetched.
 */
export interface Places {
  /** One chunk's way to the places, behind those that joined before it. */
  join(): ChunkPlaces;
}

export interface ChunkPlaces {
  /** Waits for a place. */
  take(): Promise<void>;
  /** Gives one back. */
  free(): void;
}

export function createPlaces(most: number): Places {
  let taken = 0;
  let joined = 0;
  /** In the order of their chunks, and within a chunk of their coming. */
  const waiting: { readonly chunk: number; readonly go: () => void }[] = [];

  function free(): void {
    const first = waiting.shift();
    if (first === undefined) taken -= 1;
    else first.go();
  }

  function take(chunk: number): Promise<void> {
    if (taken < most) {
      taken += 1;
      return Promise.resolve();
    }
    return new Promise((go) => {
      const behind = waiting.findIndex((one) => one.chunk > chunk);
      waiting.splice(behind < 0 ? waiting.length : behind, 0, { chunk, go });
    });
  }

  return {
    join() {
      joined += 1;
      const chunk = joined;
      return { take: () => take(chunk), free };
    },
  };
}

/**
 * Group commit: while one batch is on its way to Postgres, what comes gathers into the next. Many small writes cost a few round
 * trips, and nobody waits longer than for one batch before theirs.
 */
export type Batcher<T, R = void> = (item: T) => Promise<R>;

/**
 * `flush` gets all that gathered and answers for each of them, in order; if it throws, every caller of that batch gets the error.
 *
 * @param lingerMs a batch gathers for so long at least: larger batches, for callers who need not wait for the end of theirs. 0: until
 * the current turn of the event loop is over.
 */
export function createBatcher<T>(flush: (items: readonly T[]) => Promise<void>, lingerMs?: number): Batcher<T>;
export function createBatcher<T, R>(
  flush: (items: readonly T[]) => Promise<readonly R[]>,
  lingerMs?: number,
): Batcher<T, R>;
export function createBatcher<T, R>(
  flush: (items: readonly T[]) => Promise<readonly R[] | void>,
  lingerMs = 0,
): Batcher<T, R | void> {
  let gathered: { readonly items: T[]; readonly done: Promise<readonly R[] | void> } | null = null;
  let last: Promise<unknown> = Promise.resolve();

  return (item) => {
    if (gathered === null) {
      const items: T[] = [];
      const lingered = new Promise<void>((resolve) => {
        if (lingerMs === 0) setImmediate(resolve);
        else setTimeout(resolve, lingerMs);
      });
      // After the batch before this one.
      const done = last
        .catch(() => undefined)
        .then(() => lingered)
        .then(() => {
          gathered = null;
          return flush(items);
        });
      last = done;
      gathered = { items, done };
    }
    const place = gathered.items.push(item) - 1;
    return gathered.done.then((answers) => answers?.[place]);
  };
}
