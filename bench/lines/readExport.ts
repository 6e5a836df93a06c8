/** Reading an export of members into the stage, beside the bare libraries on the same file; and its memory at ten times the rows. */
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeXlsxStream } from 'hucre/xlsx';
import { root, startProgram } from '../childProcess.js';
import { type ReadingDone, type ReadingWanted, variable } from '../readExport.js';
import { lineOf, type BenchLine } from '../results.js';
import type { Stage } from '../stage.js';

export interface ReadExportOptions {
  /** Rows of the two files. */
  readonly few: number;
  readonly many: number;
}

const header = [
  'Membre - Nom',
  'Membre - Prénom',
  'Membre - Courriel',
  'Membre - Téléphone',
  'Membre - Adresse',
  'Membre - Ville',
  'Membre - Code postal',
  'Membre - Pays',
  'Membre - N° de membre',
  'Membre - Statut',
  'Adhésion - # adhésion',
  "Adhésion - Type d'adhésion",
  "Adhésion - Statut d'adhésion",
  "Adhésion - Début de l'adhésion",
  "Adhésion - Expiration de l'adhésion",
];

function* rowsOf(count: number): Generator<(string | Date)[]> {
  yield header;
  for (let n = 1; n <= count; n += 1) {
    const day = (year: number) => new Date(Date.UTC(year, n % 12, 1 + (n % 28)));
    yield [
      `Nom${n}`,
      `Prénom${n % 5_000}`,
      `personne${n}@example.org`,
      `+336${String(n).padStart(8, '0')}`,
      `${n} rue de la Paix`,
      `Ville${n % 900}`,
      String(10_000 + (n % 80_000)),
      'France',
      String(n).padStart(5, '0'),
      'Actif',
      String(500_000 + n),
      'Adulte',
      'Validée',
      day(2025),
      day(2026),
    ];
  }
}

/** As Excel and Yapla write one: texts stand in a part of their own, which the cells refer to. */
async function writeExport(file: string, rows: number): Promise<void> {
  const workbook = writeXlsxStream(rowsOf(rows), { name: 'Membres', inlineStrings: false });
  await pipeline(Readable.fromWeb(workbook as never), createWriteStream(file));
}

async function reading(stage: Stage, wanted: Omit<ReadingWanted, 'databaseUrl'>): Promise<ReadingDone> {
  const program = await startProgram({
    name: `a reading by ${wanted.by}`,
    args: ['--import', 'tsx', path.join(root, 'bench/readExport.ts')],
    env: { [variable]: JSON.stringify({ ...wanted, databaseUrl: stage.databaseUrl }) },
    logFile: path.join(stage.directory, 'reading.log'),
    readyWhen: '"peakMebibytes"',
  });
  await program.stop();
  return JSON.parse(program.readyLine) as ReadingDone;
}

/** Of several, for what a busy moment of the machine costs. */
const attempts = 3;

export async function readExportLines(stage: Stage, { few, many }: ReadExportOptions): Promise<readonly BenchLine[]> {
  mkdirSync(stage.directory, { recursive: true });
  const files = { few: path.join(stage.directory, 'few.xlsx'), many: path.join(stage.directory, 'many.xlsx') };
  await writeExport(files.few, few);
  await writeExport(files.many, many);
  const staged: ReadingDone[] = [];
  const bare: ReadingDone[] = [];
  // In turns: what slows the machine slows both.
  for (let nth = 1; nth <= attempts; nth += 1) {
    bare.push(await reading(stage, { file: files.many, by: 'bare', connectionId: '' }));
    // A connection of its own: a file is staged once.
    staged.push(await reading(stage, { file: files.many, by: 'passerelle', connectionId: `${stage.run}-read-${nth}` }));
  }
  const small = await reading(stage, { file: files.few, by: 'passerelle', connectionId: `${stage.run}-read-few` });
  const quickest = (readings: readonly ReadingDone[]) => Math.min(...readings.map(({ seconds }) => seconds));
  const peak = Math.max(...staged.map(({ peakMebibytes }) => peakMebibytes));
  const holds = [...staged, ...bare].every(({ rows }) => rows === many) && small.rows === few;
  const what = `${many} rows of ${header.length} columns, .xlsx with shared texts`;
  return [
    lineOf({
      line: 'export: rows read and staged a second',
      value: many / quickest(staged),
      unit: 'rows/s',
      floor: many / quickest(bare),
      goal: 'ratio >= 0.5',
      holds,
      note: `${what}; floor: yauzl and saxes giving each cell’s text; quickest of ${attempts}`,
    }),
    lineOf({
      line: 'export: peak memory',
      value: peak,
      unit: 'MiB',
      floor: 300,
      goal: 'value <= 300',
      holds,
      note: `${what}; resident set of the process that reads and stages, high-water mark`,
    }),
    lineOf({
      line: `export: peak memory, ${many} rows beside ${few}`,
      value: peak,
      unit: 'MiB',
      floor: small.peakMebibytes,
      goal: 'ratio <= 1.2',
      holds,
      note: 'the same',
    }),
  ];
}
