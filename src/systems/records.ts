/** A document as a `SystemRecord`. What both systems have in common; the places are configuration. */
import { isRecordId, type SystemName } from '../core/record.js';
import { excessOf } from '../core/json.js';
import { type FieldMap, MisplacedField, readFields, readPhoneForms, UnknownChoice, valueAt } from './mapping.js';
import { isJsonObject } from '../core/document.js';
import { effectOf, type FailureContext, UnexpectedResponse, UnreadableRecord } from '../http/failures.js';
import type { Json, JsonObject, SystemRecord } from './system.js';
import { parseTimestamp } from './time.js';

/** A path, and the setting that gives it. */
export interface ConfiguredPlace {
  readonly path: string;
  readonly setting: string;
}

/** Where a system's documents hold what `SystemRecord` needs, and the settings that say so. */
export interface RecordPlaces {
  readonly system: SystemName;
  readonly fieldMap: FieldMap;
  /** ISO 3166 country of phone numbers written without a country code. */
  readonly defaultCountry: string;
  /** Of times that name none. */
  readonly timeZone: string;
  readonly id: ConfiguredPlace;
  /** `null`: the system does not return it. */
  readonly modified: ConfiguredPlace | null;
  /** `null`: the system has no place for it. */
  readonly reference: ConfiguredPlace | null;
}

/**
 * @param knownId the id, where the request itself says which record it is about; the document may then leave it out.
 * @throws {UnreadableRecord} when a configured place does not fit the document.
 * @throws {UnexpectedResponse} when the document does not show which record it is about, or is about another one.
 */
export function toRecord(
  document: JsonObject,
  places: RecordPlaces,
  answer: AnswerContext,
  knownId?: string,
): SystemRecord {
  const id = idOf(document, places, answer, knownId);
  try {
    return recordOf(id, document, places, answer);
  } catch (error) {
    if (!(error instanceof UnexpectedResponse)) throw error;
    // A document that shows neither an id nor anything else that we know is no record, but some answer or other.
    if (error instanceof NothingMapped && placed(document, places.id, answer) === undefined) throw error;
    throw error instanceof UnknownShown ? new UnreadableChoice(error, id) : new UnreadableRecord(error, id);
  }
}

/** One that shows a text which its field's table does not have: everything else of it can be read. */
export class UnreadableChoice extends UnreadableRecord {}

/** A record of a page that cannot be read, and its position in the list (0-based). */
export interface UnreadableListed {
  readonly position: number;
  readonly failure: UnreadableRecord;
}

/**
 * The records of a page: those that can be read, and those that cannot.
 *
 * @param start position of the first
 * @throws {UnexpectedResponse} where the list begins with a page of which no record can be read: then it is not the records
 */
export function toRecords(
  documents: readonly Json[],
  places: RecordPlaces,
  answer: AnswerContext,
  start: number,
): { readonly records: SystemRecord[]; readonly unreadable: UnreadableListed[] } {
  const records: SystemRecord[] = [];
  const unreadable: UnreadableListed[] = [];
  documents.forEach((document, index) => {
    try {
      if (!isJsonObject(document)) throw unexpected(answer, 'the record is not an object');
      records.push(toRecord(document, places, answer));
    } catch (error) {
      if (!(error instanceof UnexpectedResponse)) throw error;
      const failure = error instanceof UnreadableRecord ? error : new UnreadableRecord(error, null);
      unreadable.push({ position: start + index, failure });
    }
  });
  const [first] = unreadable;
  const areRecords = records.length > 0 || unreadable.some(({ failure }) => failure instanceof UnreadableChoice);
  if (start === 0 && first !== undefined && !areRecords) {
    const { failure } = first;
    throw new UnexpectedResponse(
      answer.context,
      failure.effect,
      `no record can be read: ${failure.what}`,
      failure.places,
    );
  }
  return { records, unreadable };
}

/** Nothing of a record stands where the field map says. */
class NothingMapped extends UnexpectedResponse {}

function recordOf(id: string, document: JsonObject, places: RecordPlaces, answer: AnswerContext): SystemRecord {
  const { fieldMap, system, defaultCountry } = places;
  const excess = excessOf(document);
  if (excess !== null) throw unexpected(answer, excesses[excess]);
  const fields = reading(answer, () => readFields(document, fieldMap, system, { defaultCountry }));
  if (Object.keys(fields).length === 0) {
    const what = `the record has none of the mapped fields: correct fields.*.${places.system}, or the path at which records stand in the answer`;
    throw new NothingMapped(answer.context, effectOf(answer), what);
  }
  return {
    id,
    document,
    fields,
    phoneForms: readPhoneForms(document, fieldMap, system, { defaultCountry }),
    ...modified(document, places, answer),
    externalReference: referenceOf(document, places, answer),
  };
}

const excesses = {
  depth: 'the record is nested more deeply than any record of a person is',
  number: 'the record has a number of more digits than any number of a record has',
} as const;

/** Ids can be numbers in JSON: canonically they are text. In a document that is written back they keep their form. */
function idOf(document: JsonObject, places: RecordPlaces, answer: AnswerContext, knownId: string | undefined): string {
  const raw = placed(document, places.id, answer);
  const id = typeof raw === 'number' || typeof raw === 'string' ? String(raw) : null;
  if (id === null || !isRecordId(id)) {
    if (knownId !== undefined && raw === undefined) return knownId;
    throw wrongPath(answer, places.id.setting, places.id.path, 'an id (text or number)');
  }
  if (knownId !== undefined && id !== knownId) {
    // The id found is not named: where the path is wrong, it can be anything.
    const what = `the answer is about another record than ${knownId}: correct ${places.id.setting}, or the path of the request`;
    throw unexpected(answer, what);
  }
  return id;
}

function modified(
  document: JsonObject,
  { modified, timeZone }: RecordPlaces,
  answer: AnswerContext,
): Pick<SystemRecord, 'modifiedAt' | 'modifiedWithin'> {
  if (modified === null) return { modifiedAt: null };
  const raw = placed(document, modified, answer);
  if (raw === undefined || raw === null || raw === '') return { modifiedAt: null };
  const at = typeof raw === 'string' ? parseTimestamp(raw, timeZone) : null;
  if (at === null) {
    const expected = 'a time such as 2019-05-23T10:53:00 (null in the configuration: do not use it)';
    throw wrongPath(answer, modified.setting, modified.path, expected);
  }
  return at.first === at.last ? { modifiedAt: at.first } : { modifiedAt: null, modifiedWithin: at };
}

function referenceOf(document: JsonObject, { reference }: RecordPlaces, answer: AnswerContext): string | null {
  if (reference === null) return null;
  const raw = placed(document, reference, answer);
  return raw === undefined || raw === null || raw === '' ? null : String(raw);
}

function placed(document: JsonObject, { path, setting }: ConfiguredPlace, answer: AnswerContext) {
  return reading(answer, () => valueAt(document, path, setting));
}

// Answers that do not fit the configuration, as `UnexpectedResponse`: each names the setting to correct, never a value.

/** What an answer is about, as far as errors need it. */
export interface AnswerContext {
  readonly context: FailureContext;
}

/** An answer that is not what was asked for. `what` names settings and ids, never a value. */
export function unexpected(answer: AnswerContext, what: string): UnexpectedResponse {
  return new UnexpectedResponse(answer.context, effectOf(answer), what);
}

/** A setting whose path does not fit the answer. */
export function wrongPath(answer: AnswerContext, setting: string, path: string, expected: string): UnexpectedResponse {
  const where = path === '' ? 'the answer itself' : `"${path}" in the answer`;
  const what = `${where} is not ${expected}: correct ${setting}`;
  return new UnexpectedResponse(answer.context, effectOf(answer), what, [{ path, expected }]);
}

/** A record shows what is in no row of a choice field's table. It is a record for certain. */
export class UnknownShown extends UnexpectedResponse {}

/** Runs `read`, and tells which request brought the document when the field map, or a table of it, does not fit it. */
export function reading<T>(answer: AnswerContext, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnknownChoice) {
      const places = [{ path: error.path, expected: 'a text of its table' }];
      throw new UnknownShown(answer.context, effectOf(answer), error.message, places);
    }
    if (!(error instanceof MisplacedField)) throw error;
    const places = [{ path: error.path, expected: 'a single value' }];
    throw new UnexpectedResponse(answer.context, effectOf(answer), error.message, places);
  }
}
