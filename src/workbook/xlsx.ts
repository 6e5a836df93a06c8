/** The rows of a workbook's first sheet, as a stream. */
import type { Cell, FileRow } from '../core/export/cell.js';
import { columnLetters } from '../core/export/cell.js';
import { dayOfSerial } from '../core/export/dates.js';
import type { NumberLook } from './numberFormats.js';
import { checkRow, type FileBounds, FileRefused, tooLongCell } from './refused.js';
import type { SharedStrings } from './sharedStrings.js';
import type { Table } from './table.js';
import { readXml } from './xml.js';
import { numberLooks, readSharedStrings, unescaped, workbookParts } from './xlsxParts.js';
import { damaged, openPackage } from './zip.js';

/** Opens a workbook. To be closed. @throws {FileRefused} */
export async function openWorkbook(file: string, bounds: FileBounds): Promise<Table> {
  const zip = await openPackage(file, bounds);
  let strings: SharedStrings | null = null;
  try {
    const parts = await workbookParts(zip);
    const looks = await numberLooks(zip, parts.styles);
    const shared = (strings = await readSharedStrings(zip, parts.sharedStrings, bounds));
    const sheet = new SheetReader({ shared, looks, is1904: parts.is1904, bounds });
    return {
      is1904: parts.is1904,
      otherSheets: parts.otherSheets,
      async *rows() {
        for await (const _ of readXml(await zip.open(parts.sheet), sheet)) {
          const rows = sheet.taken();
          if (rows.length > 0) yield rows;
        }
      },
      close: () => {
        shared.close();
        zip.close();
      },
    };
  } catch (error) {
    strings?.close();
    zip.close();
    throw error;
  }
}

interface SheetContext {
  readonly shared: SharedStrings;
  readonly looks: readonly NumberLook[];
  readonly is1904: boolean;
  readonly bounds: FileBounds;
}

/** Makes rows of the events of a sheet's XML. */
class SheetReader {
  readonly #context: SheetContext;
  #rows: FileRow[] = [];
  #row = 0;
  #cells: Cell[] = [];
  #column = -1;
  #type = '';
  #style = 0;
  #isFormula = false;
  #isPhonetic = false;
  /** Of the cell: what stands between `<v>` or `<t>`; null: none of them came. */
  #text: string | null = null;
  #takesText = false;

  constructor(context: SheetContext) {
    this.#context = context;
  }

  /** The rows that are complete, each once. */
  taken(): FileRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    switch (name) {
      case 'c':
        this.#beginCell(attributes);
        return;
      case 'v':
      case 't':
        this.#takesText = !this.#isPhonetic;
        this.#text ??= '';
        return;
      case 'f':
        this.#isFormula = true;
        return;
      case 'row': {
        // Rows and cells need not say where they are: they then follow the one before.
        const number = attributes['r'] === undefined ? this.#row + 1 : Number(attributes['r']);
        if (!Number.isSafeInteger(number) || number <= this.#row) throw damaged();
        this.#row = number;
        this.#cells = [];
        this.#column = -1;
        checkRow(number, 0, this.#context.bounds);
        return;
      }
      case 'rPh':
        this.#isPhonetic = true;
        return;
      case 'mergeCell':
        throw new FileRefused(
          'merged',
          `cells ${rangeText(attributes['ref'])} are merged, so nobody knows to which rows their text belongs: undo that in a spreadsheet program, or export the file again`,
        );
    }
  }

  text(more: string): void {
    if (!this.#takesText) return;
    this.#text = (this.#text ?? '') + more;
    if (this.#text.length > this.#context.bounds.maxCellCharacters) {
      throw tooLongCell(`cell ${columnLetters(this.#column)}${this.#row}`, this.#context.bounds);
    }
  }

  close(name: string): void {
    switch (name) {
      case 'v':
      case 't':
        this.#takesText = false;
        return;
      case 'c':
        this.#cells[this.#column] = this.#cell();
        return;
      case 'row':
        this.#rows.push({ number: this.#row, cells: this.#cells });
        return;
      case 'rPh':
        this.#isPhonetic = false;
    }
  }

  #beginCell({ r, t, s }: Readonly<Record<string, string>>): void {
    const column = r === undefined ? this.#column + 1 : columnOf(r);
    if (column <= this.#column) throw damaged();
    checkRow(this.#row, column + 1, this.#context.bounds);
    // A list without gaps: what is left out is empty.
    while (this.#cells.length < column) this.#cells.push(null);
    this.#column = column;
    this.#type = t ?? 'n';
    this.#style = s === undefined ? 0 : Number(s);
    this.#isFormula = false;
    this.#text = null;
  }

  #cell(): Cell {
    if (this.#isFormula) return { is: 'formula' };
    const text = this.#text;
    if (text === null || (text === '' && this.#type !== 's')) return null;
    switch (this.#type) {
      case 's': {
        const shared = this.#context.shared.at(Number(text));
        if (shared === undefined) throw damaged();
        return shared === '' ? null : shared;
      }
      case 'inlineStr':
      case 'str':
        return unescaped(text);
      case 'b':
        return { is: 'truth', value: text === '1' || text === 'true' };
      case 'e':
        return { is: 'error' };
      // A day in ISO 8601, as the strict form of the format has it.
      case 'd':
        return { is: 'day', day: /^\d{4}-\d{2}-\d{2}/.exec(text)?.[0] ?? null };
      default:
        return this.#number(Number(text));
    }
  }

  #number(value: number): Cell {
    if (!Number.isFinite(value)) throw damaged();
    const look = this.#context.looks[this.#style] ?? 'number';
    if (look === 'day') return { is: 'day', day: dayOfSerial(value, this.#context.is1904) };
    const text = String(value);
    const isWhole = Number.isSafeInteger(value) && value >= 0;
    return { is: 'number', value, text: look === 'number' || !isWhole ? text : text.padStart(look.digits, '0') };
  }
}

/** `BC12` -> 54 */
function columnOf(reference: string): number {
  let column = 0;
  for (let at = 0; at < reference.length; at += 1) {
    const code = reference.charCodeAt(at);
    if (code < 65 || code > 90) return at === 0 || at > 3 ? notAReference() : column - 1;
    column = column * 26 + code - 64;
  }
  return notAReference();
}

function notAReference(): never {
  throw damaged();
}

/** Where it is what it should be: a range. */
function rangeText(reference: string | undefined): string {
  return reference !== undefined && /^[A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7}$/.test(reference)
    ? reference
    : 'of the sheet';
}
