/**
 * What a changed field map does to what two systems agreed on before: nothing that people did. A value that is read from another place, or
 * normalised otherwise, differs from the base without anybody having changed it.
 */
import { derivedIn } from './events/derived.js';
import {
  type FieldHash,
  type FieldHashes,
  type FieldName,
  type FieldType,
  type SystemName,
  systemNames,
} from './record.js';

/** The part of a field's definition that says what its value is. The rule and the direction say what becomes of it. */
export interface MappedField {
  readonly type: FieldType;
  /** Dotted path, or two where answers and writes name it differently. */
  readonly yapla: unknown;
  readonly yoplanning: unknown;
  /** The rows of its table, where it is a choice (choices.ts). */
  readonly choices?: unknown;
}

/** The field map, and what its values are normalised with. Stored beside what was made with it. */
export interface MapVersion {
  /** Increased with the code, when a normal form changes: what was made by the form before is then made again. */
  readonly normaliser: number;
  readonly defaultCountry: string;
  readonly fields: Readonly<Record<FieldName, MappedField>>;
}

/**
 * Stands in a base for a field of which nobody knows any more what was agreed, because its place moved: whatever differs is asked about, and
 * nothing is written. No hash looks like it.
 */
export const unknownBase: FieldHash = '?';

/** Fields that both maps have, and that stand at another place in either system now. */
export function movedFields(before: MapVersion, now: MapVersion): FieldName[] {
  return Object.entries(now.fields).flatMap(([name, field]) => {
    const old = before.fields[name];
    if (old === undefined) return [];
    const same = samePlace(old.yapla, field.yapla) && samePlace(old.yoplanning, field.yoplanning);
    return same ? [] : [name];
  });
}

/** Those of them that take facts now: what stood at another place says nothing about a fact, so they begin as fields that were never agreed on. */
export function restartedFields(before: MapVersion, now: MapVersion): FieldName[] {
  return movedFields(before, now).filter((name) =>
    systemNames.some((system) => derivedIn(now.fields[name]![system]) !== null),
  );
}

function samePlace(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A link's hashes before the change and after it, both sides. `before`: as decisions saw them. */
export interface Remade {
  readonly base: FieldHashes | null;
  readonly before: Readonly<Record<SystemName, FieldHashes | null>>;
  readonly after: Readonly<Record<SystemName, FieldHashes | null>>;
}

/** A base for the new map, and forms that count as equal from now on: by system and field, what a system holds -> the base. */
export interface RemadeBase {
  readonly base: FieldHashes;
  readonly equal: Partial<Record<SystemName, Record<FieldName, Record<FieldHash, FieldHash>>>>;
}

/**
 * The base after the change. Anyone who agreed before agrees afterwards, whatever the new normal form makes of their values; anyone who had left the
 * base before has left it afterwards; and of a field whose place moved nothing is known.
 *
 * @param moved of `movedFields`
 * @param restarted of `restartedFields`
 */
export function remakeBase(
  { base, before, after }: Remade,
  moved: ReadonlySet<FieldName>,
  restarted: ReadonlySet<FieldName> = new Set(),
): RemadeBase {
  const next: Record<FieldName, FieldHash> = {};
  const equal: Partial<Record<SystemName, Record<FieldName, Record<FieldHash, FieldHash>>>> = {};
  for (const [field, agreed] of Object.entries(base ?? {})) {
    const [a, b] = [after.yapla?.[field], after.yoplanning?.[field]];
    // The field is not mapped any more, or was never seen at its new place.
    if ((a === undefined && b === undefined) || restarted.has(field)) continue;
    if (moved.has(field) || agreed === unknownBase) {
      next[field] = a !== undefined && a === b ? a : unknownBase;
      continue;
    }
    const held = { yapla: before.yapla?.[field] === agreed, yoplanning: before.yoplanning?.[field] === agreed };
    const kept = held.yapla ? a : held.yoplanning ? b : undefined;
    // Both had left it: both have changed, whatever the base is.
    next[field] = kept ?? unknownBase;
    if (held.yapla && held.yoplanning && a !== undefined && b !== undefined && a !== b) {
      equal.yoplanning = { ...equal.yoplanning, [field]: { [b]: a } };
    }
  }
  return { base: next, equal };
}
