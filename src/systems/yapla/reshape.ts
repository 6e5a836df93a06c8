/**
 * Members in two forms: as the list shows them, in which they are stored, and as the way to write them shows and takes them, where names
 * differ (`yapla.write.member`). Between the two only what is mapped travels: nothing else can be told apart. Texts keep their letters,
 * because what is overwritten stands in the journal to the letter; dates and choices are written as each form writes them.
 */
import type { YaplaGraphqlConfig } from '../../config/yaplaGraphql.js';
import { choicesOf } from '../../core/choices.js';
import { laidOver } from '../../core/document.js';
import type { FieldType } from '../../core/record.js';
import { mergeAsRead, readPlace, valueAt } from '../mapping.js';
import { contentIn, putAt } from '../places.js';
import type { ConfiguredPlace, RecordPlaces } from '../records.js';
import type { JsonObject, SystemRecord } from '../system.js';

export interface Forms {
  /** Places in what the way to write shows and takes. */
  readonly places: RecordPlaces;
  /** False: both forms are one, and documents stay as they are, with all that is not mapped. */
  readonly differ: boolean;
  /** A record as the way to write shows it, in the form of the list, laid over what is known of it besides. */
  toList(record: SystemRecord, known?: SystemRecord): SystemRecord;
  /** The document of a record of the list, in the form of the way to write. */
  fromList(record: SystemRecord): JsonObject;
}

const setting = 'yapla.write.member';

/** @param list where the list has its values */
export function formsOf(list: RecordPlaces, { member }: YaplaGraphqlConfig): Forms {
  const fieldMap = Object.fromEntries(
    Object.entries(list.fieldMap).map(([name, field]) => [
      name,
      { ...field, yapla: Object.hasOwn(member.fields, name) ? member.fields[name]! : field.yapla },
    ]),
  );
  const places: RecordPlaces = {
    ...list,
    fieldMap,
    id: { path: member.id, setting: `${setting}.id` },
    modified: placeOf(member.modified, 'modified'),
    // What one cannot show is not asked of the other.
    reference: list.reference === null ? null : placeOf(member.reference, 'reference'),
  };
  const differ =
    Object.keys(member.fields).length > 0 ||
    member.id !== list.id.path ||
    (member.modified !== null && member.modified !== list.modified?.path) ||
    (places.reference !== null && member.reference !== list.reference?.path);
  return {
    places,
    differ,
    toList(record, known) {
      if (!differ) return record;
      const document = reshaped(record, places, list, known);
      return { ...record, document: known === undefined ? document : laidOver(known.document, document) };
    },
    fromList: (record) => (differ ? reshaped(record, list, places) : record.document),
  };
}

function placeOf(path: string | null, name: string): ConfiguredPlace | null {
  return path === null ? null : { path, setting: `${setting}.${name}` };
}

/** Their normal form says all that there is to say: how a system writes them is its own matter. */
const plain: ReadonlySet<FieldType> = new Set(['date', 'country', 'language']);

function reshaped(
  { id, document, fields }: SystemRecord,
  from: RecordPlaces,
  to: RecordPlaces,
  known?: SystemRecord,
): JsonObject {
  const shown = mergeAsRead({}, fields, to.fieldMap, to.system);
  for (const [name, value] of Object.entries(fields)) {
    const field = to.fieldMap[name]!;
    const place = readPlace(field[to.system]);
    const isPlain = value === null || plain.has(field.type) || choicesOf(field) !== null;
    if (isPlain && known?.fields[name] === value) {
      const held = contentIn(known.document, place);
      if (held !== undefined) putAt(shown, place, held);
    } else if (value === null) {
      // Empty in an empty document is not set at all, and what is not shown would not count as cleared.
      putAt(shown, place, null);
    } else if (!isPlain) {
      putAt(shown, place, contentIn(document, readPlace(from.fieldMap[name]![from.system])));
    }
  }
  putAt(shown, to.id.path, id);
  for (const place of ['modified', 'reference'] as const) {
    const [there, here] = [from[place], to[place]];
    if (there === null || here === null) continue;
    const value = valueAt(document, there.path, there.setting);
    if (value !== undefined) putAt(shown, here.path, value);
  }
  return shown;
}
