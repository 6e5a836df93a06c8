/**
 * What a record is to the core: one person, registration or donation in one system; of a person, as canonical fields.
 *
 * Words as in docs/how-it-works.md. Nothing here knows Temporal, Postgres or HTTP.
 */

/** The two systems. Neither is "the source": a change may start in either. */
export type SystemName = 'yapla' | 'yoplanning';

export const systemNames = ['yapla', 'yoplanning'] as const satisfies readonly SystemName[];

/**
 * What a record is. Part of every name under which a record, or a link of two, is known.
 *
 * - `person`: a member in Yapla, a client in Yoplanning;
 * - `registration`: somebody's registration to an event in Yapla, an order in Yoplanning;
 * - `donation`: a gift in Yapla; Yoplanning has none.
 */
export type RecordKind = 'person' | 'registration' | 'donation';

export const recordKinds = ['person', 'registration', 'donation'] as const satisfies readonly RecordKind[];

/** The records of one kind within one connection: where every link, record, event, case, intent and journal entry belongs. */
export interface Scope {
  readonly connectionId: string;
  readonly kind: RecordKind;
}

/** A connection's people. */
export function personsOf(connectionId: string): Scope {
  return { connectionId, kind: 'person' };
}

/** A scope in one word, such as `club/person`: for locks and messages. */
export function scopeName({ connectionId, kind }: Scope): string {
  return `${connectionId}/${kind}`;
}

/**
 * Whether a text can be a record's id. It becomes a part of a path, where `.` and `..` mean the folder and the one above it, however they are
 * encoded: a request about such a record would be about all of them.
 */
export function isRecordId(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..';
}

/** The system on the other bank. */
export function otherSystem(system: SystemName): SystemName {
  return system === 'yapla' ? 'yoplanning' : 'yapla';
}

/** Canonical field name, for example `firstName`. The connection's field map says where it stands in each system. */
export type FieldName = string;

/** How a field's value is normalised (see normalise.ts). */
export type FieldType = 'text' | 'name' | 'email' | 'phone' | 'date' | 'country' | 'language';

/** A normalised value. `null` is "empty": the system returned the field with nothing in it. */
export type FieldValue = string | null;

/** Normalised values by field. An absent key means that the system did not return the field, which is not the same as empty. */
export type CanonicalFields = Readonly<Record<FieldName, FieldValue>>;

/** Keyed hash of one normalised value (see fingerprint.ts); `''` stands for the empty value. Safe to put into a workflow history. */
export type FieldHash = string;

/** Hashes by field. An absent key means: not returned by the system, or (in a base) never agreed upon. */
export type FieldHashes = Readonly<Record<FieldName, FieldHash>>;

/** When each field's value was entered, epoch milliseconds UTC; absent or null: not known. For the rule `newest`. */
export type FieldTimes = Readonly<Record<FieldName, number | null>>;

/** What to do when both systems changed one field differently, or differ when first linked. */
export type ConflictRule = 'yapla' | 'yoplanning' | 'newest' | 'ask';

/** One mapped field, as the core needs it. `only` names the one system whose value may be written to the other. */
export interface FieldDefinition {
  readonly name: FieldName;
  readonly type: FieldType;
  readonly rule: ConflictRule;
  /** `both`: changes travel both ways. `toYapla` / `toYoplanning`: the field is only ever written there. */
  readonly direction: 'both' | 'toYapla' | 'toYoplanning';
  /** What it sends is a fact (core/events/derived.ts): it changes with orders, donations or the calendar, and no event of the record tells of it. */
  readonly derived?: true;
}
