/** One reading of an export in a process of its own: staged as `passerelle import-members` does it, or by the bare libraries. Says how long it took. */
import { openDatabase } from '../src/store/database.js';
import { ensureConnection } from '../src/store/connections.js';
import { connectionSchema } from '../src/config/schema.js';
import { personsOf } from '../src/core/record.js';
import { stageExport } from '../src/stageExport.js';
import { stagedMembers } from '../src/stagedKinds.js';
import { readBare } from './bareWorkbook.js';

/** What the one who starts it wants: JSON in its environment. */
export interface ReadingWanted {
  readonly file: string;
  readonly by: 'passerelle' | 'bare';
  readonly databaseUrl: string;
  readonly connectionId: string;
}

/** Its one line. */
export interface ReadingDone {
  readonly seconds: number;
  readonly rows: number;
  /** Most that it had resident. */
  readonly peakMebibytes: number;
}

export const variable = 'PASSERELLE_BENCH_READING';

async function stage({ file, databaseUrl, connectionId }: ReadingWanted): Promise<number> {
  const sql = openDatabase(databaseUrl, { maxConnections: 4, applicationName: 'bench' });
  try {
    await ensureConnection(sql, connectionId);
    const config = connectionSchema.parse({
      yapla: { read: { mode: 'workbook' } },
      yoplanning: { token: 'none', team: '5a90332e-568f-4980-9859-88a984844a4d' },
      create: 'yoplanning',
    });
    const given = { exportedAt: new Date('2026-01-05T10:00:00Z'), whole: true };
    const staging = {
      sql,
      scope: personsOf(connectionId),
      config,
      kind: stagedMembers(config),
      file,
      given,
      dateOrder: null,
    };
    return (await stageExport(staging)).file.rows;
  } finally {
    await sql.end();
  }
}

const text = process.env[variable];
if (text !== undefined) {
  const wanted = JSON.parse(text) as ReadingWanted;
  const began = performance.now();
  const rows = wanted.by === 'bare' ? await readBare(wanted.file) : await stage(wanted);
  const seconds = (performance.now() - began) / 1_000;
  const done: ReadingDone = { seconds, rows, peakMebibytes: process.resourceUsage().maxRSS / 1_024 };
  process.stderr.write(`${JSON.stringify(done)}\n`);
}
