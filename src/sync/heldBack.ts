/**
 * Writes that a system refused are not sent again while nothing has changed on either side: the open case waits for a person, and
 * a second run writes nothing.
 */
import { restrict, type Decision } from '../core/decide.js';
import { systemNames, type FieldHashes, type SystemName } from '../core/record.js';
import { holdingCases, type HoldingCase } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import type { LinkedPair } from '../store/links.js';
import { pairHashes, type PairHashes } from './decideLink.js';

/** For a batch of links: the part of a link's decision that no open case holds back. */
export async function heldBack(
  sql: Sql,
  connectionId: string,
  pairs: readonly LinkedPair[],
): Promise<(pair: LinkedPair, decision: Decision) => Decision> {
  const byLink = new Map<string, HoldingCase[]>();
  for (const one of await holdingCases(
    sql,
    connectionId,
    pairs.map((pair) => pair.linkId),
  )) {
    byLink.set(one.linkId, [...(byLink.get(one.linkId) ?? []), one]);
  }
  return (pair, decision) => {
    const holding = byLink.get(pair.linkId);
    if (holding === undefined) return decision;
    const hashes = pairHashes(pair);
    return holding.reduce((left, one) => without(left, one, hashes), decision);
  };
}

const everything = { writes: { yapla: true, yoplanning: true }, creates: () => true };
const nothing = { writes: { yapla: false, yoplanning: false }, creates: () => false };

function without(decision: Decision, holding: HoldingCase, hashes: PairHashes): Decision {
  if (holding.kind === 'refused') {
    const unchanged = systemNames.every((system) => same(holding.saw[system], hashes[system]));
    return unchanged ? restrict(decision, nothing) : decision;
  }
  const unchanged = systemNames.every(
    (system) => holding.saw[system]?.[holding.field] === hashes[system]?.[holding.field],
  );
  if (!unchanged) return decision;
  const rest = (system: SystemName) => decision.write[system].filter((field) => field !== holding.field);
  return restrict({ ...decision, write: { yapla: rest('yapla'), yoplanning: rest('yoplanning') } }, everything);
}

function same(a: FieldHashes | null, b: FieldHashes | null): boolean {
  if (a === null || b === null) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}
