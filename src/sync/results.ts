/** What applying came to, and how it is recorded: many results in one transaction. */
import { systemNames, type SystemName } from '../core/record.js';
import { closeSettledCases, openCases, type NewCase } from '../store/cases.js';
import { keepPlans, type Sql, type Transaction } from '../store/database.js';
import { lookAgain } from '../store/inbox.js';
import { settleIntents } from '../store/intents.js';
import { recordOutcomes, type JournalOutcome } from '../store/journal.js';
import { agree, type Agreement } from '../store/links.js';
import { releaseNewcomers } from '../store/openPlaces.js';
import { endItems } from '../store/planItems.js';
import { markGone, upsertShadows, type ShadowRow } from '../store/shadows.js';

/**
 * - `agreed`: nothing had to be written (any more); `written`, `created`: done;
 * - `unsettled`: a creation was sent and nobody knows whether it took effect: looked up in the list later;
 * - `removed`: proven gone, a case is open; `asked`: only questions are left;
 * - `dropped`: the link is not there any more: it was merged into another, or the person left the one system that knew them;
 * - `refused`, `keepsFailing`: the system does not take the record, a case is open.
 */
export type Outcome =
  'agreed' | 'written' | 'created' | 'unsettled' | 'removed' | 'asked' | 'dropped' | 'refused' | 'keepsFailing';

export interface LinkResult {
  readonly linkId: string;
  readonly outcome: Outcome;
  readonly shadows: readonly { readonly system: SystemName; readonly row: ShadowRow }[];
  readonly agreement: Agreement | null;
  readonly journal: readonly JournalOutcome[];
  readonly cases: readonly NewCase[];
  readonly settledIntents: readonly SystemName[];
  readonly gone: readonly { readonly system: SystemName; readonly id: string }[];
}

/** A link's result, and the plan's item that it ends; null: what was done before a failure, and the item goes on. */
export interface ItemResult extends LinkResult {
  readonly n: number | null;
}

export interface CommittingResults {
  readonly connectionId: string;
  /** Null: no plan's. */
  readonly planId: number | null;
  /** When what was decided on was looked up (`LinkState.at`), where a list may be read meanwhile. */
  readonly loadedAt?: string;
}

/**
 * Stores what was read and answered. Where somebody else stored the same record meanwhile, nobody knows which is the younger, so it is
 * looked at again. Until then a creation's answer gives way, because whoever read the record did so after it was created; a write's answer
 * does not, or what was written would look unwritten.
 */
async function keepShadows(
  tx: Transaction,
  { connectionId, loadedAt }: CommittingResults,
  system: SystemName,
  results: readonly LinkResult[],
): Promise<void> {
  const created: ShadowRow[] = [];
  const known: ShadowRow[] = [];
  for (const { agreement, shadows } of results) {
    for (const { row } of shadows.filter((one) => one.system === system)) {
      (agreement?.ids?.[system] === row.id ? created : known).push(row);
    }
  }
  const [given, crossed] = await Promise.all([
    upsertShadows(tx, connectionId, system, created, { replaces: 'gone' }),
    upsertShadows(
      tx,
      connectionId,
      system,
      known,
      loadedAt === undefined ? {} : { replaces: { storedUntil: loadedAt } },
    ),
  ]);
  const ours = known.filter((row) => crossed.includes(row.id));
  await Promise.all([
    upsertShadows(tx, connectionId, system, ours),
    lookAgain(tx, connectionId, system, [...given, ...crossed]),
  ]);
}

/**
 * Records results and ends their items: all of it or nothing.
 *
 * @param then what else belongs to it, done last in the same transaction
 * @returns what `then` returns
 */
export async function commitResults<T = void>(
  sql: Sql,
  where: CommittingResults,
  results: readonly ItemResult[],
  then?: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const { connectionId, planId } = where;
  const gone = results.flatMap((one) => one.gone);
  return (await sql.begin(async (tx) => {
    // Sent one behind the other without waiting for answers: PostgreSQL carries them out in this order, in one round trip.
    const recording = [
      keepPlans(tx),
      ...systemNames.map((system) => keepShadows(tx, where, system, results)),
      ...gone.map(({ system, id }) => markGone(tx, connectionId, system, id)),
      releaseNewcomers(
        tx,
        connectionId,
        results.flatMap((one) => (one.gone.length > 0 ? [one.linkId] : [])),
      ),
      agree(
        tx,
        connectionId,
        results.flatMap((one) => one.agreement ?? []),
      ),
      recordOutcomes(
        tx,
        connectionId,
        results.flatMap(({ linkId, journal }) => journal.map((one) => ({ ...one, linkId }))),
      ),
      settleIntents(
        tx,
        connectionId,
        results.flatMap((one) => one.settledIntents.map((system) => ({ linkId: one.linkId, system }))),
      ),
      closeSettledCases(
        tx,
        connectionId,
        // Whether an open question still stands is known only where the system took the record.
        results
          .filter(({ n, outcome }) => n !== null && outcome !== 'refused' && outcome !== 'keepsFailing')
          .map(({ linkId, cases }) => ({ linkId, openFields: cases.map((one) => one.field ?? '') })),
      ),
      openCases(
        tx,
        connectionId,
        planId,
        results.flatMap((one) => one.cases),
      ),
      ...(planId === null
        ? []
        : [
            endItems(
              tx,
              planId,
              'remote',
              results.flatMap(({ n, outcome }) => {
                const status =
                  outcome === 'refused' || outcome === 'keepsFailing' ? ('failed' as const) : ('done' as const);
                return n === null ? [] : [{ n, outcome, status }];
              }),
            ),
          ]),
    ];
    const [after] = await Promise.all([then?.(tx), ...recording]);
    return after;
  })) as T;
}
