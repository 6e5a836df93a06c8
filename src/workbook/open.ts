/** Opens the file that a person gives as Yapla's export: what it is shows its content, whatever its name says. */
import { open as openFile } from 'node:fs/promises';
import { openCsv } from './csv.js';
import { type FileBounds, FileRefused } from './refused.js';
import type { Table } from './table.js';
import { openWorkbook } from './xlsx.js';

/** So much of a file shows what it is; a header is seldom longer. */
const beginningBytes = 64 * 1_024;

/** Opens a table. To be closed. @throws {FileRefused} */
export async function openTable(file: string, bounds: FileBounds): Promise<Table> {
  const { beginning, size } = await look(file);
  if (size === 0) throw new FileRefused('empty', 'the file is empty: export it again');
  if (size > bounds.maxFileBytes) {
    throw new FileRefused(
      'tooLarge',
      `the file has ${size} bytes, and no list of members is so large: export it again, or raise yapla.workbook.maxFileBytes (${bounds.maxFileBytes})`,
    );
  }
  if (startsWith(beginning, 'PK\u0003\u0004') || startsWith(beginning, 'PK\u0005\u0006')) {
    return await openWorkbook(file, bounds);
  }
  if (startsWith(beginning, '\u00d0\u00cf\u0011\u00e0')) throw await oldContainer(file);
  const text = beginning.toString('utf8');
  if (/^\uFEFF?\s*<(?:!doctype|html|table|meta|head|\?xml)/i.test(text)) throw markup(text);
  if (startsWith(beginning, '\u00ff\u00fe') || startsWith(beginning, '\u00fe\u00ff')) {
    throw new FileRefused(
      'encoding',
      'the file is in UTF-16 (Excel’s "Unicode text"), not in UTF-8: export it again, or save it as "CSV UTF-8" or .xlsx',
    );
  }
  if (beginning.includes(0) || startsWith(beginning, '%PDF')) {
    throw new FileRefused(
      'notATable',
      'the file is neither a workbook nor a text with separated values: give the file that Yapla exports, .xlsx or .csv',
    );
  }
  return openCsv(file, text, bounds);
}

async function look(file: string): Promise<{ readonly beginning: Buffer; readonly size: number }> {
  let handle;
  try {
    handle = await openFile(file, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FileRefused('missing', `the file cannot be opened (${code}): is its name right?`, { cause: error });
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new FileRefused('missing', 'this is no file: give the file that Yapla exports');
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
    return { beginning: buffer.subarray(0, bytesRead), size: stat.size };
  } finally {
    await handle.close();
  }
}

/** @param bytes each character is one byte */
function startsWith(beginning: Buffer, bytes: string): boolean {
  return beginning.subarray(0, bytes.length).equals(Buffer.from(bytes, 'latin1'));
}

/** Blocks of the file that are searched for its directory, which may stand anywhere: a sector has 512 bytes at least. */
const searchBytes = 1_048_576;

/** What Office made before 2007, and what it still makes of a workbook with a password: a container that is no zip. */
async function oldContainer(file: string): Promise<FileRefused> {
  const handle = await openFile(file, 'r');
  try {
    const encrypted = Buffer.from('EncryptedPackage', 'utf16le');
    const block = Buffer.alloc(searchBytes);
    for (let at = 0; ;) {
      const { bytesRead } = await handle.read(block, 0, searchBytes, at);
      if (block.subarray(0, bytesRead).includes(encrypted)) {
        return new FileRefused(
          'password',
          'the workbook is protected by a password: open it, save it without one, and give that file',
        );
      }
      if (bytesRead < searchBytes) break;
      // What is looked for may stand across the border of two blocks.
      at += bytesRead - encrypted.length;
    }
  } finally {
    await handle.close();
  }
  return new FileRefused(
    'oldExcel',
    'the file is in a format of before 2007 (.xls): open it in a spreadsheet program, save it as .xlsx, and give that file',
  );
}

function markup(text: string): FileRefused {
  const what = /urn:schemas-microsoft-com:office:spreadsheet/.test(text)
    ? 'the file is a spreadsheet in the XML of 2003'
    : 'the file is a web page, whatever its name says (some programs export such as .xls; a page to log in looks so, too)';
  return new FileRefused(
    'html',
    `${what}: open it in a spreadsheet program and save it as .xlsx, or export it again as .xlsx or .csv`,
  );
}
