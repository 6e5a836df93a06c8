/** The entries of the journal that are made before something is sent: what will be overwritten, by what, and why. */
import { createHash } from 'node:crypto';
import type { Decision } from '../core/decide.js';
import {
  type CanonicalFields,
  type FieldHashes,
  type FieldName,
  otherSystem,
  type SystemName,
} from '../core/record.js';
import type { JournalEntry } from '../store/journal.js';
import type { LinkedPair } from '../store/links.js';
import type { OpenConnection } from '../connection.js';

/** Values to write to one system, and why. */
export interface WriteOrder {
  readonly set: CanonicalFields;
  readonly reasons: Decision['reasons'];
  /** Fields whose value a person gave. */
  readonly fromPerson?: ReadonlySet<FieldName>;
}

/** @param pair as it is known, with documents: the old values are those of the record as it was read */
export function journalEntries(
  { rawValue }: Pick<OpenConnection, 'rawValue'>,
  pair: LinkedPair,
  of: {
    readonly system: SystemName;
    /** Null: the record is to be made. */
    readonly externalId: string | null;
    readonly order: WriteOrder;
    readonly writeId: string;
  },
): JournalEntry[] {
  const { system, externalId, writeId } = of;
  const { set, reasons, fromPerson } = of.order;
  const document = externalId === null ? null : (pair.shadows[system]?.document ?? null);
  return Object.entries(set).map(([field, newValue]) => ({
    linkId: pair.linkId,
    system,
    externalId,
    field,
    oldValue: document === null ? null : rawValue(system, document, field),
    newValue,
    origin: fromPerson?.has(field) ? ('person' as const) : otherSystem(system),
    reason: reasons[field] ?? 'created',
    writeId,
  }));
}

/**
 * Tells writes of one item apart: at a later attempt the same write has the same name, and one that would overwrite other values
 * gets an entry of its own in the journal.
 */
export function fingerprintOf(...hashes: readonly FieldHashes[]): string {
  const ordered = hashes.map((one) => Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(JSON.stringify(ordered)).digest('base64url').slice(0, 12);
}
