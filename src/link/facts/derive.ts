/**
 * Facts about people (core/events/facts.ts), made of what is stored of their orders and donations and stored beside their records. Where a
 * field of the map takes a fact, the link's merge then finds it as if the system showed it.
 *
 * Somebody who never booked, or never gave, has no facts: what stands in the other system's field is left alone.
 */
import { factRulesOf } from '../../config/events.js';
import { derivedFields } from '../../core/events/derived.js';
import {
  type DonationFact,
  type Facts,
  type FactName,
  type FactRules,
  factsOfDonations,
  factsOfOrders,
  fieldsOfFacts,
  type OrderFact,
} from '../../core/events/facts.js';
import { type Scope, type SystemName, systemNames } from '../../core/record.js';
import type { OpenConnection } from '../../connection.js';
import type { Sql, Transaction } from '../../store/database.js';
import {
  countedDonations,
  donationsOf,
  dueFacts,
  type FactsOf,
  holdFacts,
  itemsOfClients,
  type NewFacts,
  nextChange,
  peopleOfEvents,
  storeFacts,
} from '../../store/facts.js';

type Deriving = Pick<OpenConnection, 'scope' | 'config' | 'hash'>;

/** Records whose facts are made in one go. */
const batchSize = 500;

/** Makes the facts of these records anew, and stores those that changed. Repeatable. @param now epoch milliseconds */
export async function deriveFacts(
  tx: Transaction,
  connection: Deriving,
  system: SystemName,
  ids: readonly string[],
  now = Date.now(),
): Promise<void> {
  const rules = factRulesOf(connection.config);
  if (ids.length === 0 || rules === null) return;
  const of = { connectionId: connection.scope.connectionId, system };
  await holdFacts(tx, of, ids);
  await storeFacts(tx, of, await factsOf(tx, connection, of, ids, { rules, now }));
}

async function factsOf(
  tx: Transaction,
  { config, hash }: Deriving,
  { connectionId, system }: FactsOf,
  ids: readonly string[],
  { rules, now }: { readonly rules: FactRules; readonly now: number },
): Promise<NewFacts[]> {
  const stored = <Name extends FactName>(id: string, facts: Facts<Name>): NewFacts => {
    const fields = fieldsOfFacts(facts, derivedFields(config.fields, system) as Readonly<Record<string, Name>>);
    // Where nothing takes them, no passing of time is to be waited for.
    const changesAt = Object.keys(fields).length === 0 ? null : facts.changesAt;
    return { id, fields, hashes: hash(fields), changesAt };
  };
  if (system === 'yoplanning') {
    const booked = await itemsOfClients(tx, eventScope(connectionId, 'registration'), ids);
    return [...booked].map(([id, items]) => stored<OrderFact>(id, factsOfOrders(items, rules, now)));
  }
  const given = await donationsOf(tx, eventScope(connectionId, 'donation'), ids);
  return [...given].map(([id, donations]) =>
    stored<DonationFact>(id, factsOfDonations(countedDonations(donations), rules, now)),
  );
}

function eventScope(connectionId: string, kind: 'registration' | 'donation'): Scope {
  return { connectionId, kind };
}

/**
 * Makes the facts anew that the passing of time may have changed until now, a batch in a transaction of its own.
 *
 * @returns when the next may change, epoch milliseconds; null: none will
 */
export async function deriveDue(
  sql: Sql,
  connection: Deriving,
  { now = Date.now, cancelled = () => false }: { readonly now?: () => number; readonly cancelled?: () => boolean } = {},
): Promise<number | null> {
  const { connectionId } = connection.scope;
  while (!cancelled()) {
    const until = now();
    const due = await dueFacts(sql, connectionId, { until, limit: batchSize });
    for (const system of systemNames) {
      const ids = due.flatMap((one) => (one.system === system ? [one.id] : []));
      // Not `until`: what has begun meanwhile has begun.
      if (ids.length > 0) await sql.begin(async (tx) => await deriveFacts(tx, connection, system, ids, now()));
    }
    if (due.length < batchSize) break;
  }
  return await nextChange(sql, connectionId);
}

/** Makes the facts of everybody who ever booked or gave anew: the field map, or what counts as a season, is another one. */
export async function deriveAll(tx: Transaction, connection: Deriving): Promise<void> {
  if (factRulesOf(connection.config) === null) return;
  for (const system of systemNames) {
    const of = { connectionId: connection.scope.connectionId, system };
    for (let after = ''; ;) {
      const ids = await peopleOfEvents(tx, of, after, batchSize);
      await deriveFacts(tx, connection, system, ids);
      if (ids.length < batchSize) break;
      after = ids.at(-1)!;
    }
  }
}
