/** The rows of a text file with separated values, as a stream: UTF-8, with or without a byte order mark; `;`, `,` or tab between the values. */
import { createReadStream } from 'node:fs';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { Cell, FileRow } from '../core/export/cell.js';
import { checkRow, type FileBounds, FileRefused, tooLongCell } from './refused.js';
import type { Table } from './table.js';

const delimiters = [';', '\t', ','] as const;

/** Rows handed over at once. */
const rowsAtOnce = 500;

/** @param beginning of the file, as text: the header stands in it */
export function openCsv(file: string, beginning: string, bounds: FileBounds): Table {
  const delimiter = delimiterOf(beginning);
  return {
    is1904: false,
    otherSheets: 0,
    rows: () => rowsOf(file, delimiter, bounds),
    close: () => undefined,
  };
}

/** What stands most often in the first line, outside of quotes. */
export function delimiterOf(beginning: string): string {
  const counts = new Map<string, number>();
  let quoted = false;
  for (const character of beginning.replace(/^\uFEFF/, '')) {
    if (character === '"') quoted = !quoted;
    else if (!quoted && (character === '\n' || character === '\r') && counts.size > 0) break;
    else if (!quoted) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return delimiters.reduce((best, one) => ((counts.get(one) ?? 0) > (counts.get(best) ?? 0) ? one : best));
}

async function* rowsOf(file: string, delimiter: string, bounds: FileBounds): AsyncGenerator<readonly FileRow[]> {
  const records = parse({
    bom: true,
    delimiter,
    relax_column_count: true,
    skip_empty_lines: false,
    max_record_size:
      bounds.maxColumns * bounds.maxCellCharacters > 2 ** 31
        ? 2 ** 31 - 1
        : bounds.maxColumns * bounds.maxCellCharacters,
  });
  const stream = pipeline(createReadStream(file), new Utf8Only(), records, () => undefined);
  let number = 0;
  let width = 0;
  let rows: FileRow[] = [];
  try {
    for await (const record of records as AsyncIterable<readonly string[]>) {
      number += 1;
      checkRow(number, record.length, bounds);
      // The first row that says anything is the header: what follows has as many values.
      if (width === 0 && record.some((value) => value.trim() !== '')) width = record.length;
      rows.push(rowOf(number, record, width, bounds));
      if (rows.length < rowsAtOnce) continue;
      yield rows;
      rows = [];
    }
    if (rows.length > 0) yield rows;
  } catch (error) {
    throw asRefusal(error, number);
  } finally {
    stream.destroy();
  }
}

function rowOf(number: number, record: readonly string[], width: number, bounds: FileBounds): FileRow {
  const cells: Cell[] = record.map((value, index) => {
    if (value.length > bounds.maxCellCharacters) throw tooLongCell(`value ${index + 1} of row ${number}`, bounds);
    return value === '' ? null : value;
  });
  const isEmpty = cells.every((cell) => cell === null);
  const isLonger = record.length > width && record.slice(width).some((value) => value.trim() !== '');
  return { number, cells, ...(!isEmpty && (record.length < width || isLonger) ? { isRagged: true } : {}) };
}

/** Passes UTF-8 on, and ends with a sentence where it is something else. */
class Utf8Only extends Transform {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#check(() => this.#decoder.decode(chunk, { stream: true }), done);
  }

  override _flush(done: TransformCallback): void {
    this.#check(() => this.#decoder.decode(), done);
  }

  #check(decode: () => string, done: TransformCallback): void {
    let text: string;
    try {
      text = decode();
    } catch (error) {
      done(notUtf8(error));
      return;
    }
    if (text.includes('\0'))
      done(
        new FileRefused(
          'notATable',
          'the file is no text and no workbook: give the file that Yapla exports, .xlsx or .csv',
        ),
      );
    else done(null, text);
  }
}

function notUtf8(cause: unknown): FileRefused {
  return new FileRefused(
    'encoding',
    'the file is not in UTF-8, the encoding of Yapla’s exports (an older program has saved it, as Windows-1252 for example): export it again, or save it as "CSV UTF-8" or .xlsx',
    { cause },
  );
}

function asRefusal(error: unknown, row: number): Error {
  if (!(error instanceof CsvError)) return error as Error;
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    return new FileRefused(
      'tooLongCell',
      `what follows row ${row} does not end, as where a quotation mark is missing: export the file again`,
      { cause: error },
    );
  }
  return new FileRefused(
    'quotes',
    `behind row ${row} quotation marks stand where they cannot be read (${error.code}): export the file again, or save it as .xlsx`,
    { cause: error },
  );
}
