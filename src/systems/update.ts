/** One write, the same for every system that can read one record: read, merge, write, back to back. */
import type { CanonicalFields } from '../core/record.js';
import type { Ask, HttpClient } from '../http/client.js';
import { RecordMissing } from '../http/failures.js';
import type { Permit } from '../store/budget.js';
import { mergeAsRead, mergeFields, readPlace, setValue, unmappedDifferences, writePlace } from './mapping.js';
import { carryList } from './places.js';
import { type AnswerContext, reading, type RecordPlaces, toRecord } from './records.js';
import type { JsonObject, Merge, SystemRecord, UpdateResult } from './system.js';

/** A document as answered; `null`: there is none (404 on a read, an answer without a record on a write). */
export interface DocumentAnswer extends AnswerContext {
  readonly document: JsonObject | null;
  readonly requestId: string;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

export interface UpdateTools {
  /** Whose budget the permits come from. */
  readonly http: HttpClient;
  readonly places: RecordPlaces;
  /** Unmapped values that the server itself changes on a write. */
  readonly volatileFields: readonly string[];
  /** Sends the whole document as read with our fields merged in, or only our fields. */
  readonly shape: 'whole' | 'partial';
  readonly read: (permit: Permit | undefined) => Promise<DocumentAnswer>;
  readonly write: (document: JsonObject, permit: Permit | undefined) => Promise<DocumentAnswer>;
}

/** `stopped` for this reason: the record already holds what was to be written. */
export const nothingToWrite = 'nothingToWrite';

/** What a write sends, and the document that the system should then hold. */
export interface Change {
  readonly sent: JsonObject;
  readonly expected: JsonObject;
}

/**
 * Reads, merges and writes one record (see `System.update`). Both permits are taken before the read, and between its
 * answer and the write only the second permit's moment may be awaited (src/http/client.ts), because what somebody edits in that gap is lost: neither system has conditional writes.
 */
export async function readMergeWrite(
  id: string,
  merge: Merge,
  reference: string | undefined,
  ask: Ask,
  tools: UpdateTools,
): Promise<UpdateResult> {
  const { http, places } = tools;
  const [readPermit, writePermit] = await http.reserve(2, { ...ask, writes: true });
  let unused = writePermit;
  try {
    const got = await tools.read(readPermit);
    if (got.document === null) return { outcome: 'missing' };
    const before = toRecord(got.document, places, got, id);
    const decision = merge(before);
    if ('stop' in decision) return { outcome: 'stopped', reason: decision.stop, before };
    const change = reading(got, () => changeOf(before, decision.set, reference, tools));
    if (change === null) return { outcome: 'stopped', reason: nothingToWrite, before };
    unused = undefined;
    const put = await tools.write(change.sent, writePermit);
    const after = toRecord(put.document ?? change.expected, places, put, id);
    return {
      outcome: 'written',
      before,
      after,
      answered: put.document !== null,
      gapMs: put.sentAtMs - got.answeredAtMs,
      unmappedChanged: put.document === null ? [] : canary(before, after, tools),
      requestId: put.requestId,
    };
  } catch (error) {
    if (error instanceof RecordMissing) return { outcome: 'missing' };
    throw error;
  } finally {
    if (unused !== undefined) http.release([unused]);
  }
}

/** Writes fields, and the reference, into a document; `null` when it holds them already. @throws {MisplacedField} */
export function changeOf(
  before: SystemRecord,
  set: CanonicalFields,
  reference: string | undefined,
  { places, shape }: Pick<UpdateTools, 'places' | 'shape'>,
): Change | null {
  // What is equal once normalised keeps the form in which the system holds it.
  const fields = Object.fromEntries(Object.entries(set).filter(([name, value]) => before.fields[name] !== value));
  // A reference that is there already is somebody's: ours needs no writing, and another's is not ours to overwrite.
  const newReference = before.externalReference === null ? reference : undefined;
  const refers = newReference !== undefined && places.reference !== null;
  if (Object.keys(fields).length === 0 && !refers) return null;
  const base = shape === 'whole' ? before.document : {};
  const sent = mergeFields(base, fields, places.fieldMap, places.system, before.document);
  const expected =
    shape === 'whole' && readsWhereItWrites(fields, places)
      ? sent
      : mergeAsRead(before.document, fields, places.fieldMap, places.system);
  if (refers) for (const document of [sent, expected]) writeReference(document, newReference, places, before.document);
  return { sent, expected };
}

/** A new record's document: what has a value, and the reference where there is a place for it. @throws {MisplacedField} */
export function newDocument(fields: CanonicalFields, reference: string | null, places: RecordPlaces): Change {
  const filled = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  const sent = mergeFields({}, filled, places.fieldMap, places.system);
  const expected = readsWhereItWrites(filled, places) ? sent : mergeAsRead({}, filled, places.fieldMap, places.system);
  if (reference !== null) for (const document of [sent, expected]) writeReference(document, reference, places);
  return { sent, expected };
}

/** What is sent is then what the system should show: the document need not be copied once more. */
function readsWhereItWrites(fields: CanonicalFields, { fieldMap, system }: RecordPlaces): boolean {
  return Object.keys(fields).every((name) => {
    const place = fieldMap[name]![system];
    return readPlace(place) === writePlace(place);
  });
}

/** @param known the whole record, of which `document` may be a part */
function writeReference(
  document: JsonObject,
  reference: string,
  { reference: place }: RecordPlaces,
  known: JsonObject = document,
): void {
  if (place === null) return;
  carryList(document, known, place.path);
  setValue(document, place.path, reference, place.setting);
}

function canary(before: SystemRecord, after: SystemRecord, { places, volatileFields }: UpdateTools): string[] {
  const ours = places.reference === null ? volatileFields : [...volatileFields, places.reference.path];
  return unmappedDifferences(before.document, after.document, places.fieldMap, places.system, ours);
}
