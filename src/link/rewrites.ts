/**
 * What a system made of the values of one write. Servers have forms of their own (upper-case names, spaced phone numbers), and a
 * whole-document write makes them apply these to fields that we did not touch, too.
 */
import type { CanonicalFields, FieldHash, FieldHashes, FieldName, FieldValue } from '../core/record.js';

export interface Comparison {
  /** Fields that were to change and hold their old value: the write was accepted, and not taken. */
  readonly notTaken: readonly FieldName[];
  /** By field, the hash of what the system returned -> the hash of what was sent: they count as equal from now on. */
  readonly rewritten: Readonly<Record<FieldName, Readonly<Record<FieldHash, FieldHash>>>>;
}

/**
 * @param before of the record as it was read; empty for a creation
 * @param wanted of the fields that were to change
 * @param returned of the record as it was answered; a field that it does not show says nothing
 */
export function compareWritten(before: FieldHashes, wanted: FieldHashes, returned: FieldHashes): Comparison {
  const notTaken: FieldName[] = [];
  const rewritten: Record<FieldName, Record<FieldHash, FieldHash>> = {};
  for (const [field, got] of Object.entries(returned)) {
    const sent = wanted[field] ?? before[field];
    if (sent === undefined || got === sent) continue;
    if (wanted[field] !== undefined && got === (before[field] ?? '')) notTaken.push(field);
    else rewritten[field] = { [got]: sent };
  }
  return { notTaken, rewritten };
}

/**
 * Whether a record holds what was sent, or a server's form of it: the same letters and digits. For a write of which nobody knows whether
 * it took effect. (A person who typed just that meant the same.)
 *
 * @param expected of the whole record: a server applies its forms to fields that were not sent, too
 */
export function areForms(found: CanonicalFields, expected: CanonicalFields): boolean {
  return Object.entries(expected).every(([field, value]) => {
    const held = found[field];
    return (
      held === undefined || held === value || (held !== null && value !== null && letters(held) === letters(value))
    );
  });
}

function letters(value: NonNullable<FieldValue>): string {
  return value
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}
