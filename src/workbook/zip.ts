/** The parts of a workbook, unpacked as streams. Nothing is ever unpacked to the disk, so the names of the parts lead nowhere. */
import type { Readable } from 'node:stream';
import yauzl from 'yauzl';
import { type FileBounds, FileRefused } from './refused.js';

export interface Package {
  has(name: string): boolean;
  /** @throws {FileRefused} where it unpacks to too much, or is locked */
  open(name: string): Promise<Readable>;
  close(): void;
}

/** More parts than this has no workbook. */
const maxParts = 10_000;

/** Flags of a part (APPNOTE, 4.4.4): its content is encrypted. */
const encryptedFlag = 1;

/** Below this size a high ratio harms nobody: empty sheets of many columns pack well. */
const smallPart = 10 * 1_048_576;

/** Opens a zip archive and reads its directory. @throws {FileRefused} */
export async function openPackage(file: string, bounds: FileBounds): Promise<Package> {
  const zip = await open(file);
  const entries = new Map<string, yauzl.Entry>();
  try {
    await new Promise<void>((resolve, reject) => {
      zip.on('entry', (entry: yauzl.Entry) => {
        // A part that is named twice would be another one for each reader: the first counts for nobody.
        if (entries.has(entry.fileName) || entries.size >= maxParts) {
          reject(damaged());
          return;
        }
        entries.set(entry.fileName, entry);
        zip.readEntry();
      });
      zip.on('end', resolve);
      zip.on('error', reject);
      zip.readEntry();
    });
  } catch (error) {
    zip.close();
    throw asRefusal(error);
  }
  let unpacked = 0;
  return {
    has: (name) => entries.has(name),
    close: () => zip.close(),
    open: async (name) => {
      const entry = entries.get(name);
      if (entry === undefined) throw damaged();
      if ((entry.generalPurposeBitFlag & encryptedFlag) !== 0) throw locked();
      unpacked += entry.uncompressedSize;
      const ratio = entry.uncompressedSize / Math.max(1, entry.compressedSize);
      const isBomb = entry.uncompressedSize > smallPart && ratio > bounds.maxUnpackedRatio;
      // The sizes are the archive's own word; yauzl ends a stream that brings more than it says.
      if (unpacked > bounds.maxUnpackedBytes || isBomb) {
        throw new FileRefused(
          'bomb',
          `the workbook unpacks to more than any list of members does (yapla.workbook.maxUnpackedBytes and maxUnpackedRatio): export it again, or save it as CSV UTF-8`,
        );
      }
      return await new Promise<Readable>((resolve, reject) => {
        zip.openReadStream(entry, (error, stream) => {
          if (error) reject(asRefusal(error));
          else resolve(stream);
        });
      });
    },
  };
}

function open(file: string): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(file, { lazyEntries: true, autoClose: false }, (error, zip) => {
      if (error) reject(asRefusal(error));
      else resolve(zip);
    });
  });
}

/**
 * What yauzl and zlib fail with is the archive's fault: yauzl has one class for all, the plainest. Failures of the file system, and our own
 * mistakes, stay what they are.
 */
export function asRefusal(error: unknown): Error {
  const { name, code } = error as NodeJS.ErrnoException;
  const isArchives = name === 'Error' && (code === undefined || code.startsWith('Z_'));
  return isArchives ? damaged(error) : (error as Error);
}

export function damaged(cause?: unknown): FileRefused {
  const message =
    'the workbook is damaged or was cut off on its way: export or download it again, or open it in a spreadsheet program and save it as .xlsx';
  return new FileRefused('damaged', message, cause === undefined ? undefined : { cause });
}

export function locked(): FileRefused {
  return new FileRefused(
    'password',
    'the workbook is protected by a password: open it, save it without one, and give that file',
  );
}
