/** What of one link waits for an import file (core/waiting.ts), while something is carried out about it. */
import type { CanonicalFields, FieldHashes, FieldName, SystemName } from '../core/record.js';
import { type Collecting, collecting, type WaitingValue } from '../core/waiting.js';
import type { ShadowRow } from '../store/shadows.js';
import type { WaitingChange } from '../store/waiting.js';

/** Values that are to wait, and what they stand against. */
interface Awaited {
  /** The record as it will be once the file is imported. */
  readonly imported: Pick<ShadowRow, 'hashes' | 'forms'>;
  /** What it shows now. */
  readonly seen: FieldHashes;
  /** In the journal. */
  readonly writeId: string;
}

export class Collected {
  /** To be recorded with what else was done. */
  readonly changes: WaitingChange[] = [];

  /** @param before what waited, oldest first */
  constructor(private readonly before: readonly WaitingValue[]) {}

  /** What waits now, oldest first. What stands in a file stays, whatever is wanted since. */
  get values(): readonly WaitingValue[] {
    const changed = (system: SystemName, field: FieldName) =>
      this.changes.some((one) => one.system === system && one.field === field);
    const before = this.before.filter((one) => one.batch !== null || !changed(one.system, one.field));
    const since = this.changes.flatMap((one) => (one.is === 'waits' ? [{ ...one, batch: null }] : []));
    return [...before, ...since];
  }

  /** Names of fields that began to wait since. */
  fieldsSince(system: SystemName): FieldName[] {
    return this.changes.flatMap((one) => (one.is === 'waits' && one.system === system ? [one.field] : []));
  }

  /** @param wanted hashes of values that were to be written @param shown what the system shows */
  sort(system: SystemName, wanted: FieldHashes, shown: FieldHashes): Collecting {
    const waiting = this.before.filter((one) => one.system === system);
    return collecting(wanted, shown, waiting);
  }

  /** They are not wanted any more. */
  withdraw(system: SystemName, fields: readonly FieldName[]): void {
    for (const field of fields) this.changes.push({ is: 'withdrawn', system, field });
  }

  await(system: SystemName, values: CanonicalFields, { imported, seen, writeId }: Awaited): void {
    for (const [field, value] of Object.entries(values)) {
      this.changes.push({
        is: 'waits',
        system,
        field,
        value,
        valueHash: imported.hashes[field]!,
        valueForm: imported.forms?.[field] ?? null,
        seenHash: seen[field] ?? '',
        writeId,
      });
    }
  }

  /** That the record is to be made. Its values are taken from the other one when the file is made. */
  awaitCreation(system: SystemName, writeId: string): void {
    const nothing = { value: null, valueHash: '', valueForm: null, seenHash: '' };
    this.changes.push({ is: 'waits', system, field: '', ...nothing, writeId });
  }
}
