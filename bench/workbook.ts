/** The bench of Yapla's own files: what reading and writing them costs beside the bare libraries. */
import type { Bench } from './bench.js';
import { readExportLines } from './lines/readExport.js';
import { writeImportLine } from './lines/writeImport.js';
import { benchOfParts, type Part } from './parts.js';

const parts: Readonly<Record<string, Part>> = {
  read: (stage, quick) => readExportLines(stage, quick ? { few: 300, many: 600 } : { few: 20_000, many: 200_000 }),
  write: (stage, quick) => writeImportLine(stage, quick ? 500 : 50_000),
};

export const workbook: Bench = benchOfParts(
  'workbook',
  'files of Yapla: reading an export of members, writing a file for the import wizard; speed, memory',
  parts,
);
