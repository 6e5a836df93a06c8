/**
 * What all who write for one connection in this process share: places for items under way, and the transactions in which their
 * intents and results are recorded. Two chunks that commit apart cost PostgreSQL and this process twice as much as one group.
 */
import { keepPlans, type Sql } from '../store/database.js';
import { recordIntended, type JournalEntry } from '../store/journal.js';
import type { OpenConnection } from '../connection.js';
import { createBatcher, type Batcher } from './batcher.js';
import { recordCreations, type Intention } from './creations.js';
import type { Intended } from './linkWork.js';
import { createPlaces, type Places } from './places.js';
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
