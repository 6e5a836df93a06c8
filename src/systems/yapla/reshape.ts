/**
 * Members in two forms: as the list shows them, in which they are stored, and as the way to write them shows and takes them, where names
 * differ (`yapla.write.member`). Between the two only what is mapped travels, as canonical values: nothing else can be told apart.
 */
import type { YaplaGraphqlConfig } from '../../config/yaplaGraphql.js';
import { mergeAsRead, valueAt } from '../mapping.js';
import { putAt } from '../places.js';
import type { ConfiguredPlace, RecordPlaces } from '../records.js';
import type { JsonObject, SystemRecord } from '../system.js';

export interface Forms {
  /** Places in what the way to write shows and takes. */
  readonly places: RecordPlaces;
  /** False: both forms are one, and documents stay as they are, with all that is not mapped. */
  readonly differ: boolean;
  /** A record as the way to write shows it, in the form of the list. */
  toList(record: SystemRecord): SystemRecord;
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
    toList: (record) => (differ ? { ...record, document: reshaped(record, places, list) } : record),
    fromList: (record) => (differ ? reshaped(record, list, places) : record.document),
  };
}

function placeOf(path: string | null, name: string): ConfiguredPlace | null {
  return path === null ? null : { path, setting: `${setting}.${name}` };
}

function reshaped({ id, document, fields }: SystemRecord, from: RecordPlaces, to: RecordPlaces): JsonObject {
  const shown = mergeAsRead({}, fields, to.fieldMap, to.system);
  // Empty in an empty document is not set at all, and what is not shown would not count as cleared.
  for (const [name, value] of Object.entries(fields)) {
    if (value === null) putAt(shown, readPath(to, name), null);
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

function readPath({ fieldMap, system }: RecordPlaces, name: string): string {
  const place = fieldMap[name]![system];
  return typeof place === 'string' ? place : place.read;
}
