/** Files that are not read: each says in one sentence what it is and what to do. No value of anybody's. */

/** Why. To be matched by, where anyone wants to. */
export type Refusal =
  | 'missing'
  | 'empty'
  | 'notATable'
  | 'oldExcel'
  | 'password'
  | 'macros'
  | 'html'
  | 'otherOffice'
  | 'damaged'
  | 'tooLarge'
  | 'bomb'
  | 'doctype'
  | 'merged'
  | 'encoding'
  | 'quotes'
  | 'tooManyRows'
  | 'tooManyColumns'
  | 'tooLongCell';

/** The file is not read. The message names a cell or a row at most. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';
  constructor(
    readonly refusal: Refusal,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** How large a file may be. Anyone can send one: what it costs to read must be known before. */
export interface FileBounds {
  readonly maxFileBytes: number;
  /** Of what is packed in a workbook, all parts together that are read. */
  readonly maxUnpackedBytes: number;
  /** Unpacked bytes for each packed one, of one part. */
  readonly maxUnpackedRatio: number;
  readonly maxRows: number;
  readonly maxColumns: number;
  readonly maxCellCharacters: number;
}

/** Refuses a row or a cell beyond the bounds. */
export function checkRow(row: number, width: number, { maxRows, maxColumns }: FileBounds): void {
  if (row > maxRows + 1) {
    throw new FileRefused(
      'tooManyRows',
      `the file has more than ${maxRows} rows, and no list of members is so long: export it again, or raise yapla.workbook.maxRows`,
    );
  }
  if (width > maxColumns) {
    throw new FileRefused(
      'tooManyColumns',
      `row ${row} has more than ${maxColumns} columns: export it again, or raise yapla.workbook.maxColumns`,
    );
  }
}

export function tooLongCell(where: string, { maxCellCharacters }: FileBounds): FileRefused {
  return new FileRefused(
    'tooLongCell',
    `${where} has more than ${maxCellCharacters} characters, which is more than a cell of a spreadsheet can have: export the file again`,
  );
}
