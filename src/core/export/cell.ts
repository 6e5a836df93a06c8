/** What a table's cells hold, whatever file it came in. Texts are most of them, so they stand as they are. */

/** `null`: empty. A text has no character that no database takes (NUL, half of a surrogate pair). A number has the text that the sheet shows where its format only adds zeros in front (`00012`). */
export type Cell = string | null | TypedCell;

export type TypedCell =
  | { readonly is: 'number'; readonly value: number; readonly text: string }
  /** A number that the sheet shows as a day; the day as `YYYY-MM-DD`, or null where there is no such day. */
  | { readonly is: 'day'; readonly day: string | null }
  | { readonly is: 'truth'; readonly value: boolean }
  /** `#N/A` and its like. */
  | { readonly is: 'error' }
  /** What stands there was calculated, by the program that saved the file: nobody entered it. */
  | { readonly is: 'formula' };

export interface FileRow {
  /** As a spreadsheet counts: the first is 1. */
  readonly number: number;
  readonly cells: readonly Cell[];
  /** Of a text file: it has more or fewer cells than the header, so nobody knows which is which. */
  readonly isRagged?: boolean;
}

/** Name of a column as a spreadsheet has it: 0 is A, 26 is AA. */
export function columnLetters(index: number): string {
  const letter = String.fromCodePoint(65 + (index % 26));
  return index < 26 ? letter : columnLetters(Math.floor(index / 26) - 1) + letter;
}

/** What a cell says as text; null: nothing, or nothing that counts. */
export function textOf(cell: Cell | undefined): string | null {
  if (cell === undefined || cell === null) return null;
  if (typeof cell === 'string') return cell.trim() === '' ? null : cell;
  switch (cell.is) {
    case 'number':
      return cell.text;
    case 'day':
      return cell.day;
    case 'truth':
      return String(cell.value);
    case 'error':
    case 'formula':
      return null;
  }
}
