/** A table that is read from a file, whatever its form. */
import type { FileRow } from '../core/export/cell.js';

export interface Table {
  /** How its numbers count days (core/export/dates.ts). */
  readonly is1904: boolean;
  /** Sheets of a workbook that are not read. */
  readonly otherSheets: number;
  /** Its rows in their order, some at a time; what is left out is empty. To be asked for once. @throws {FileRefused} */
  rows(): AsyncGenerator<readonly FileRow[]>;
  close(): void;
}
