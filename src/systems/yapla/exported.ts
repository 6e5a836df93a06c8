/** A member of an export, in the form in which answers show one: so that files and answers are read by one field map. */
import type { ConnectionConfig } from '../../config/schema.js';
import { membershipColumns } from '../../core/export/columns.js';
import type { FoldedMember, Membership } from '../../core/export/rows.js';
import { readPlace, shownFields } from '../mapping.js';
import { putAt } from '../places.js';
import type { Json, JsonObject } from '../system.js';

type Settings = Pick<ConnectionConfig, 'yapla' | 'fields'>;

/**
 * @param id of the record
 * @param known the document as it was last shown: what the file does not show stays in it. Null: none was
 */
export function memberExported(
  { yapla, fields }: Settings,
  { number, values, memberships }: FoldedMember,
  id: string,
  known: JsonObject | null,
): JsonObject {
  const { read, workbook } = yapla;
  const document = structuredClone(known ?? {});
  if (known === null) putAt(document, read.answer.id, id);
  if (workbook.numberField !== null && workbook.numberField !== read.answer.id) {
    putAt(document, workbook.numberField, number);
  }
  // An API shows these in a form of its own, which nothing of a file may replace. Where there is none, the file is all that is known.
  if (read.mode === 'workbook') {
    if (values['status'] !== undefined) putAt(document, workbook.status, values['status']);
    putAt(document, workbook.memberships, memberships.map(named));
  }
  for (const [name, field] of Object.entries(shownFields(fields, 'yapla'))) {
    const value = values[name];
    if (value !== undefined) putAt(document, readPlace(field.yapla), value);
  }
  return document;
}

/** Its columns without what they have in common: `membershipType` is the `type` of a membership. */
function named(membership: Membership): Json {
  const entries = membershipColumns.flatMap((column) => {
    const value = membership[column];
    if (value === undefined) return [];
    const name = column.replace(/^membership/, '');
    return [[name.slice(0, 1).toLowerCase() + name.slice(1), value] as const];
  });
  return Object.fromEntries(entries);
}
