/**
 * Yapla's Excel import as a way to write: what every account has. Nothing is sent from here; what is to be written waits in the database
 * until a file is made of it, which a person imports (link/importBatches.ts). Here is what such a file looks like.
 *
 * Rules of the wizard (the vendor's help pages, docs/systems.md): the first sheet only; no formatting; no empty rows; only the columns that
 * are to change, and the one by which a member is found, the member number or the e-mail address; choices by their exact label. What an
 * empty cell does is not public: it is taken for nothing, so no file clears a field.
 */
import type { YaplaConfig } from '../../config/yapla.js';
import type { YaplaWorkbookConfig } from '../../config/yaplaWorkbook.js';
import { choicesOf, labelLanguageOf } from '../../core/choices.js';
import type { CanonicalFields, FieldName } from '../../core/record.js';
import { RequestRefused } from '../../http/failures.js';
import { largestCell } from '../../workbook/writeWorkbook.js';
import { type FieldMap, valueAt } from '../mapping.js';
import type { JsonObject } from '../system.js';
import type { YaplaWriter } from './rest.js';

/** `yapla.write.mode: workbook`. Anyone who would send something all the same is told that nothing is sent. */
export function createCollectingWriter(connection: string): YaplaWriter {
  const refuse = (record: string | undefined) => {
    const context = { connection, system: 'yapla', method: 'none', path: 'members', access: 'none' } as const;
    const what = 'nothing was sent: yapla.write.mode is "workbook", so changes wait for an import file';
    const whatToDo = 'Nothing has to be done: the next sync collects it';
    return Promise.reject(
      new RequestRefused(record === undefined ? context : { ...context, record }, 0, what, whatToDo),
    );
  };
  return {
    writes: true,
    read: null,
    create: (_request, ask) => refuse(ask.record),
    update: (id) => refuse(id),
  };
}

/** What an import does: changes members, found by their number; makes members with an e-mail address of their own; makes others. */
export type ImportPurpose = 'update' | 'create' | 'createWithoutEmail';

/** A person of a file. */
export interface ImportRow {
  /** The member's number; null where one is to be made. */
  readonly identifier: string | null;
  readonly fields: CanonicalFields;
}

/** Why a value cannot stand in a file. */
export type Unfit = 'cleared' | 'noLabel' | 'tooLong';

/** As Yapla's own export names them, for fields with the names of the default field map. */
const exportHeaders: Readonly<Record<FieldName, string>> = {
  firstName: 'Membre - Prénom',
  lastName: 'Membre - Nom',
  email: 'Membre - Courriel',
  phone: 'Membre - Téléphone',
  birthDate: 'Membre - Date de naissance',
  language: 'Membre - Langue',
  street: 'Membre - Adresse',
  city: 'Membre - Ville',
  postalCode: 'Membre - Code postal',
  country: 'Membre - Pays',
};

/** The text of a cell, or why there can be none. */
export function cellOf(fieldMap: FieldMap, name: FieldName, value: string | null): { text: string } | { unfit: Unfit } {
  if (value === null) return { unfit: 'cleared' };
  const field = fieldMap[name]!;
  const language = labelLanguageOf(field.yapla);
  const text = language === null ? value : (choicesOf(field)?.labelOf(value, language) ?? null);
  if (text === null) return { unfit: 'noLabel' };
  return text.length > largestCell ? { unfit: 'tooLong' } : { text };
}

/** What finds a member in the wizard; null: the document shows nothing. @throws {MisplacedField} the path leads to no single value */
export function identifierOf(
  { path }: YaplaWorkbookConfig['identifier'],
  id: string,
  document: JsonObject,
): string | null {
  if (path === null) return id;
  const value = valueAt(document, path, 'yapla.write.identifier.path');
  return typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? String(value).trim() : null;
}

/**
 * The rows of the sheet, headers first: the identifier and each column in which somebody has a value, in the order of the field map. Each
 * row has a value (anything else would be a member made of nothing).
 */
export function sheetOf(
  write: YaplaWorkbookConfig,
  fieldMap: FieldMap,
  rows: readonly ImportRow[],
): (string | null)[][] {
  const names = Object.keys(fieldMap).filter((name) => rows.some(({ fields }) => fields[name] !== undefined));
  const numbered = rows.some(({ identifier }) => identifier !== null);
  const header = (name: FieldName) => write.columns[name] ?? exportHeaders[name] ?? name;
  const cell = (name: FieldName, value: string | null | undefined) => {
    if (value === undefined) return null;
    const made = cellOf(fieldMap, name, value);
    return 'text' in made ? made.text : null;
  };
  return [
    [...(numbered ? [write.identifier.header] : []), ...names.map(header)],
    ...rows.map(({ identifier, fields }) => [
      ...(numbered ? [identifier] : []),
      ...names.map((name) => cell(name, fields[name])),
    ]),
  ];
}

/** Of a connection that takes files; null: it does not. */
export function workbookMode({ write }: Pick<YaplaConfig, 'write'>): YaplaWorkbookConfig | null {
  return write.mode === 'workbook' ? write : null;
}
