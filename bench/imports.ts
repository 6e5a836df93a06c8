/** The bench of the files for Yapla's import wizard. */
import type { Bench } from './bench.js';
import { writeImportLine } from './lines/writeImport.js';
import { benchOfParts, type Part } from './parts.js';

const parts: Readonly<Record<string, Part>> = {
  write: (stage, quick) => writeImportLine(stage, quick ? 500 : 50_000),
};

export const imports: Bench = benchOfParts('imports', 'files that a person imports in Yapla: writing them', parts);
