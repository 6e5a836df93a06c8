/** The small parts of a workbook: which sheet is read, how its numbers look, what its cells share. */
import path from 'node:path';
import { SharedStrings } from './sharedStrings.js';
import { lookOf, type NumberLook } from './numberFormats.js';
import { type FileBounds, FileRefused, tooLongCell } from './refused.js';
import { readWholeXml, readXml } from './xml.js';
import { damaged, type Package } from './zip.js';

export interface WorkbookParts {
  /** Name of the part that is read: the first sheet that is not hidden, in the workbook's order. */
  readonly sheet: string;
  /** Sheets that are not read: those behind it, and hidden ones in front. */
  readonly otherSheets: number;
  readonly is1904: boolean;
  readonly sharedStrings: string | null;
  readonly styles: string | null;
}

const mainTypes = {
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml': 'workbook',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml': 'workbook',
  'application/vnd.ms-excel.sheet.macroEnabled.main+xml': 'macros',
  'application/vnd.ms-excel.template.macroEnabled.main+xml': 'macros',
  'application/vnd.ms-excel.addin.macroEnabled.main+xml': 'macros',
} as const;

const hasMacros =
  'the workbook has macros (.xlsm): open it in a spreadsheet program, save it as .xlsx, and give that file';
const notAWorkbook =
  'the file is no Excel workbook (.xlsx): give the file that Yapla exports, .xlsx or .csv, or save this one as .xlsx';

/** Finds the parts. @throws {FileRefused} */
export async function workbookParts(zip: Package): Promise<WorkbookParts> {
  if (zip.has('xl/vbaProject.bin')) throw new FileRefused('macros', hasMacros);
  if (!zip.has('[Content_Types].xml')) throw new FileRefused('otherOffice', notAWorkbook);
  let main: string | null = null;
  await readWholeXml(await zip.open('[Content_Types].xml'), {
    open: (_, { PartName, ContentType }) => {
      const type = (mainTypes as Readonly<Record<string, string>>)[ContentType ?? ''];
      if (type === 'macros') throw new FileRefused('macros', hasMacros);
      if (type === 'workbook') main = (PartName ?? '').replace(/^\//, '');
    },
  });
  // Some programs give the type by the ending of the name alone.
  main ??= zip.has('xl/workbook.xml') ? 'xl/workbook.xml' : null;
  if (main === null) throw new FileRefused('otherOffice', notAWorkbook);
  const relations = await relationsOf(zip, main);
  const sheets: { readonly id: string; readonly hidden: boolean }[] = [];
  let is1904 = false;
  await readWholeXml(await zip.open(main), {
    open: (name, attributes) => {
      if (name === 'workbookPr') is1904 = ['1', 'true', 'on'].includes(attributes['date1904'] ?? '');
      if (name !== 'sheet') return;
      const [, id = ''] = Object.entries(attributes).find(([key]) => /(?:^|:)id$/.test(key)) ?? [];
      sheets.push({ id, hidden: (attributes['state'] ?? 'visible') !== 'visible' });
    },
  });
  const shown = sheets.find(({ id, hidden }) => !hidden && relations.byId.get(id)?.type === 'worksheet');
  const sheet = shown === undefined ? undefined : relations.byId.get(shown.id)?.target;
  if (sheet === undefined || !zip.has(sheet)) throw damaged();
  const part = (type: string) => relations.byType.get(type) ?? null;
  return {
    sheet,
    otherSheets: sheets.length - 1,
    is1904,
    sharedStrings: part('sharedStrings'),
    styles: part('styles'),
  };
}

/** What a part refers to: names of parts, within the workbook. */
async function relationsOf(zip: Package, part: string) {
  const byId = new Map<string, { readonly type: string; readonly target: string }>();
  const byType = new Map<string, string>();
  const { dir, base } = path.posix.parse(part);
  const name = path.posix.join(dir, '_rels', `${base}.rels`);
  if (!zip.has(name)) throw damaged();
  await readWholeXml(await zip.open(name), {
    open: (tag, { Id, Type = '', Target = '', TargetMode }) => {
      // What stands outside of the workbook is none of ours.
      if (tag !== 'Relationship' || Id === undefined || TargetMode === 'External') return;
      const target = Target.startsWith('/') ? Target.slice(1) : path.posix.join(dir, Target);
      const type = Type.split('/').at(-1)!;
      byId.set(Id, { type, target });
      if (zip.has(target)) byType.set(type, target);
    },
  });
  return { byId, byType };
}

/** How the numbers of each cell style look, by the number of the style. */
export async function numberLooks(zip: Package, styles: string | null): Promise<readonly NumberLook[]> {
  if (styles === null) return [];
  const codes = new Map<number, string>();
  const looks: NumberLook[] = [];
  let inCells = false;
  await readWholeXml(await zip.open(styles), {
    open: (name, { numFmtId, formatCode }) => {
      if (name === 'numFmt') codes.set(Number(numFmtId), formatCode ?? '');
      if (name === 'cellXfs') inCells = true;
      if (name === 'xf' && inCells) looks.push(lookOf(Number(numFmtId ?? 0), codes.get(Number(numFmtId ?? 0))));
    },
    close: (name) => {
      if (name === 'cellXfs') inCells = false;
    },
  });
  return looks;
}

/** Reads the shared texts. To be closed. @throws {FileRefused} */
export async function readSharedStrings(zip: Package, part: string | null, bounds: FileBounds): Promise<SharedStrings> {
  const strings = new SharedStrings();
  if (part === null) return strings;
  let text = '';
  let inText = false;
  let inPhonetic = false;
  try {
    await drain(
      readXml(await zip.open(part), {
        open: (name) => {
          if (name === 'si') text = '';
          else if (name === 't') inText = !inPhonetic;
          else if (name === 'rPh') inPhonetic = true;
        },
        text: (more) => {
          if (!inText) return;
          text += more;
          if (text.length > bounds.maxCellCharacters)
            throw tooLongCell(`a text of the workbook (number ${strings.count + 1})`, bounds);
        },
        close: (name) => {
          if (name === 't') inText = false;
          else if (name === 'rPh') inPhonetic = false;
          else if (name === 'si') strings.add(unescaped(text));
        },
      }),
    );
    return strings;
  } catch (error) {
    strings.close();
    throw error;
  }
}

async function drain(pieces: AsyncIterable<void>): Promise<void> {
  for await (const _ of pieces);
}

/**
 * Characters that XML cannot hold stand as `_x000D_` (ECMA-376 22.4.2.4). Those that no database can hold either are left out: no text of a
 * workbook can have them in another way.
 */
export function unescaped(text: string): string {
  if (!text.includes('_x')) return text;
  const whole = text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  return whole.replaceAll(/[\0\p{Cs}]/gu, '');
}
