/**
 * A workbook of one sheet with plain text, and nothing else: no formats, no formulas, no empty rows.
 *
 * Every cell is a typed string (`t="s"`, an index into the shared strings): whatever it begins with (`=`, `+`, `-`, `@`, a tab), no program
 * takes it for a formula, because formulas stand in an element of their own (`<f>`, ECMA-376 part 1, 18.3.1.40). A prefix would change the
 * value. Numbers and dates are text, too: `00042` keeps its zeros, and nobody's regional settings read a date.
 *
 * The same rows give the same bytes: an attempt that is repeated makes the file that the one before it made.
 */
import writeXlsxFile from 'write-excel-file/node';

/** Characters that a cell holds at most (the vendor's specification of Excel). */
export const largestCell = 32_767;

/** What XML cannot hold, whatever it is escaped as (XML 1.0, production 2). */
const impossible =
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** @param rows headers first; null: an empty cell */
export async function writeWorkbook(sheet: string, rows: readonly (readonly (string | null)[])[]): Promise<Uint8Array> {
  const cells = rows.map((row) =>
    row.map((text) => (text === null || text === '' ? null : { value: text.replaceAll(impossible, ''), type: String })),
  );
  const bytes = await writeXlsxFile(cells, { sheet }).toBuffer();
  return withoutTimes(bytes);
}

// Signatures and places of the zip format (PKWARE APPNOTE 4.3.7, 4.3.12, 4.3.16).
const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;

/** 1980-01-01, the first day that a zip file knows. */
const noDate = 0x0021;

/** Sets the times of a zip's entries, which say when it was made, to one and the same. */
function withoutTimes(zip: Uint8Array): Uint8Array {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  let end = zip.byteLength - 22;
  while (view.getUint32(end, true) !== endOfDirectory) end -= 1;
  let at = view.getUint32(end + 16, true);
  for (let entries = view.getUint16(end + 10, true); entries > 0; entries -= 1) {
    if (view.getUint32(at, true) !== directoryEntry) throw new TypeError('not the directory of a zip');
    const local = view.getUint32(at + 42, true);
    for (const times of [at + 12, local + 10]) view.setUint32(times, noDate * 0x1_0000, true);
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return zip;
}
