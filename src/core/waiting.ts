/**
 * Values that wait in an import file (`yapla.write.mode: workbook`): Yapla takes them when a person imports it, after a day or after weeks.
 * Until then they are a state of the link, and are decided about like everything else of it: while the system shows what it showed when a
 * value was decided on, that value counts as what the system holds and as what both last agreed on.
 *
 * So it is not written once more, its link is not different, a newer value of the other system is carried over it, and an answer of the
 * merge needs no second rule. Once the system shows anything else the value counts no more (the store ends it, store/waiting.ts): what is
 * really there is merged.
 */
import type { FieldHash, FieldHashes, FieldName, SystemName } from './record.js';

/** A value that waits, as decisions need it. */
export interface WaitingValue {
  readonly system: SystemName;
  /** The empty string: the creation of the record. */
  readonly field: FieldName;
  readonly valueHash: FieldHash;
  /** Its form (core/alike.ts); null: it has none. */
  readonly valueForm: FieldHash | null;
  /** What the system's record showed when it was decided on. */
  readonly seenHash: FieldHash;
  /** Number of the file that has it; null: none does yet. */
  readonly batch: number | null;
}

/** What is laid over: a link's base and the hashes of its records. */
export interface Shown {
  readonly base: FieldHashes | null;
  readonly shadows: Readonly<
    Record<SystemName, { readonly hashes: FieldHashes; readonly forms?: FieldHashes | undefined } | null>
  >;
}

/**
 * A link as if what waits were there.
 *
 * @param waiting of the link, oldest first: of two values of one field the younger counts
 */
export function asIfImported<Pair extends Shown>(pair: Pair, waiting: readonly WaitingValue[]): Pair {
  return waiting.reduce((now, { system, field, valueHash, valueForm, seenHash }) => {
    const shown = pair.shadows[system];
    if (field === '' || shown === null || shown.hashes[field] !== seenHash) return now;
    const { [field]: _, ...forms } = now.shadows[system]!.forms ?? {};
    const shadow = {
      ...now.shadows[system]!,
      hashes: { ...now.shadows[system]!.hashes, [field]: valueHash },
      forms: valueForm === null ? forms : { ...forms, [field]: valueForm },
    };
    return { ...now, base: { ...now.base, [field]: valueHash }, shadows: { ...now.shadows, [system]: shadow } };
  }, pair);
}

/** The system in which the record waits to be made; null: none. */
export function awaitedCreation(waiting: readonly WaitingValue[]): SystemName | null {
  return waiting.find(({ field }) => field === '')?.system ?? null;
}

/** What becomes of the values that were to be written to a system that takes files. */
export interface Collecting {
  /** They wait. */
  readonly waits: readonly FieldName[];
  /** The system shows them anyway: what waits instead of them is not wanted any more. */
  readonly withdrawn: readonly FieldName[];
  /** Cleared: an empty cell of a file clears nothing, so a person has to. What waits of them is not wanted any more. */
  readonly uncarried: readonly FieldName[];
}

/**
 * Sorts values that were to be written.
 *
 * @param wanted their hashes; the empty string clears a field
 * @param shown what the system shows, as decisions see it
 */
export function collecting(wanted: FieldHashes, shown: FieldHashes, waiting: readonly WaitingValue[]): Collecting {
  const fields = Object.keys(wanted);
  // What a file brings must be taken back by the next one, whatever the system shows today.
  const isOut = (field: FieldName) => waiting.some((one) => one.field === field && one.batch !== null);
  const isShown = (field: FieldName) => wanted[field] === shown[field] && !isOut(field);
  const isCleared = (field: FieldName) => wanted[field] === '' && !isShown(field);
  return {
    waits: fields.filter((field) => !isShown(field) && !isCleared(field)),
    withdrawn: fields.filter(isShown),
    uncarried: fields.filter(isCleared),
  };
}
