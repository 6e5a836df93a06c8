/**
 * Which record a creation of ours made, where nobody told us, and what both systems then agree on. The same for a record that is seen by
 * itself (firstSight.ts), in a list (settleCreations.ts), or looked up before a creation is repeated (linkWork.ts).
 */
import type { CanonicalFields, FieldHash, FieldHashes, FieldName } from '../core/record.js';
import type { Intent } from '../store/intents.js';
import type { EqualValues } from '../store/links.js';
import type { UnlinkedShadow } from '../store/shadows.js';
import { areForms } from './rewrites.js';

/** A record that no link claims, with its values. */
export interface FreeRecord extends UnlinkedShadow {
  readonly fields: CanonicalFields;
}

/**
 * The one free record that this creation made: by the id that we chose, by the reference that it carries, or by holding what was sent, or
 * the server's own forms of it. Null where there is none, or more than one that it could be.
 *
 * @param otherId of the record that it was made of
 * @param free oldest first
 */
export function recordOfCreation(
  intent: Intent,
  otherId: string | null,
  free: readonly FreeRecord[],
): FreeRecord | null {
  const chosen = free.find((one) => one.id === intent.externalId);
  if (chosen !== undefined) return chosen;
  const referring = free.filter((one) => otherId !== null && one.externalReference === otherId);
  if (referring.length > 0) return referring.length === 1 ? referring[0]! : null;
  // What was there before the creation was sent is somebody else, or a question of its own (a twin, a doubt).
  const since = free.filter((one) => one.firstSeenAtMs >= intent.recordedAtMs);
  const holds = (record: FreeRecord, isSent: typeof isForm) => {
    const shown = Object.keys(intent.fields).filter((field) => record.hashes[field] !== undefined);
    const tells = shown.some((field) => intent.fields[field] !== null);
    return tells && shown.every((field) => isSent(intent, record, field));
  };
  // Several would be twins of our own making: the oldest is taken, and the others stay visible as unmatched.
  return since.find((one) => holds(one, isEqual)) ?? since.find((one) => holds(one, isForm)) ?? null;
}

type Held = Pick<FreeRecord, 'hashes' | 'fields'>;

function isEqual({ hashes }: Intent, record: Held, field: FieldName): boolean {
  return record.hashes[field] === hashes[field];
}

function isForm(intent: Intent, record: Held, field: FieldName): boolean {
  return isEqual(intent, record, field) || areForms(record.fields, { [field]: intent.fields[field] ?? null });
}

/** What was sent and still stands there. */
export interface SentBase {
  readonly base: FieldHashes;
  readonly baseFields: CanonicalFields;
  /** What the server made of it, by field: returned hash -> sent hash. */
  readonly forms: Readonly<Record<FieldName, Readonly<Record<FieldHash, FieldHash>>>>;
}

/**
 * What was sent and still stands there, if in a form of the server's own, is agreed: whoever changed the other record since has made a
 * change of their own. Of a value that stands there otherwise nobody knows who typed it: it is no part of the base.
 */
export function sentBase(intent: Intent, found: Held): SentBase {
  const base: Record<FieldName, FieldHash> = {};
  const baseFields: Record<FieldName, CanonicalFields[FieldName]> = {};
  const forms: Record<FieldName, Record<FieldHash, FieldHash>> = {};
  for (const [field, sent] of Object.entries(intent.hashes)) {
    const held = found.hashes[field];
    if (sent === '' || held === undefined || !isForm(intent, found, field)) continue;
    base[field] = sent;
    baseFields[field] = intent.fields[field] ?? null;
    if (held !== sent) forms[field] = { [held]: sent };
  }
  return { base, baseFields, forms };
}

/** A link's equal values together with the forms that a creation was found in. */
export function withForms(equal: EqualValues, { system }: Intent, { forms }: SentBase): EqualValues {
  return { ...equal, [system]: { ...equal[system], ...forms } };
}
