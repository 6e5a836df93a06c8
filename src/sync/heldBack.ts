/**
 * Writes that a system refused are not sent again while nothing has changed on either side: the open case waits for a person, and
 * a second run writes nothing. A frozen field (the breaker) is not written at all until a person has answered.
 */
import { restrict, type Decision } from '../core/decide.js';
import { systemNames, type FieldHashes, type FieldName, type SystemName } from '../core/record.js';
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

/** Of these links, the fields that the breaker froze. Links without any are left out. */
export async function frozenFields(
  sql: Sql,
  connectionId: string,
  linkIds: readonly string[],
): Promise<Map<string, ReadonlySet<FieldName>>> {
  const frozen = new Map<string, Set<FieldName>>();
  for (const { kind, linkId, field } of await holdingCases(sql, connectionId, linkIds)) {
    if (kind === 'frozen') frozen.set(linkId, (frozen.get(linkId) ?? new Set()).add(field));
  }
  return frozen;
}

/** The decision without these fields: they are neither written nor asked about. A record that is created takes them all the same. */
export function withoutFields(decision: Decision, fields: ReadonlySet<FieldName>): Decision {
  if (decision.create !== null) return decision;
  const rest = (names: readonly FieldName[]) => names.filter((name) => !fields.has(name));
  const write = { yapla: rest(decision.write.yapla), yoplanning: rest(decision.write.yoplanning) };
  return restrict({ ...decision, write, conflicts: rest(decision.conflicts) }, everything);
}

function without(decision: Decision, holding: HoldingCase, hashes: PairHashes): Decision {
  if (holding.kind === 'refused') {
    const unchanged = systemNames.every((system) => same(holding.saw[system], hashes[system]));
    return unchanged ? restrict(decision, nothing) : decision;
  }
  if (holding.kind === 'guard' && holding.field === '') {
    return decision.create === null ? decision : restrict(decision, nothing);
  }
  if (holding.kind === 'frozen' || holding.kind === 'guard') return withoutFields(decision, new Set([holding.field]));
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
