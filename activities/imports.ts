/** Activities of `yaplaImport` (workflows/yaplaImport.ts): inputs and results are numbers and counts. */
import { cancellationSignal } from '@temporalio/activity';
import { announce } from '../src/http/announce.js';
import { announceByMail } from '../src/http/announceMail.js';
import { judgeBatch, type Judgement, makeBatches } from '../src/link/importBatches.js';
import { readImportedList } from '../src/link/importReading.js';
import { findBatch, type ImportBatch, markDone, openBatches } from '../src/store/importBatches.js';
import { countCollected } from '../src/store/waiting.js';
import { workbookMode } from '../src/systems/yapla/workbook.js';
import type { ImportLook } from '../workflows/importRun.js';
import type { ImportFile } from '../workflows/yaplaImport.messages.js';
import { signOfLife, toldBefore, withHeartbeat } from './attempts.js';
import { scopeOfBulk, type Dependencies } from './dependencies.js';

interface OfConnection {
  readonly connectionId: string;
}

interface OfFile extends OfConnection {
  readonly number: number;
}

const fileOf = ({ number, purpose, people, madeAtMs, state }: ImportBatch): ImportFile => ({
  number,
  purpose,
  people,
  madeAtMs,
  isDone: state === 'done',
});

/** How much waits, which files are out, and the numbers of the configuration. */
export const lookAtImports =
  ({ sql, connection }: Dependencies) =>
  async (input: OfConnection): Promise<ImportLook> => {
    const scope = scopeOfBulk(input);
    const { config } = await connection(scope);
    const mode = workbookMode(config.yapla);
    const { heartbeatTimeoutMs } = config.bulk;
    const { collected: people, sinceMs } = await countCollected(sql, scope);
    const { maxRows = 0, closeAfterMs = 0, checkMs = 0, maxHistoryEvents = 0 } = mode ?? {};
    return {
      isOver: mode === null,
      people,
      sinceMs,
      files: (await openBatches(sql, scope)).map(fileOf),
      lastNumber: (await findBatch(sql, scope, null))?.number ?? 0,
      settings: { maxRows, closeAfterMs, checkMs, maxHistoryEvents, heartbeatTimeoutMs },
    };
  };

/** Makes files of what waits. @returns all that are out then */
export const makeImportFiles =
  ({ sql, connection }: Dependencies) =>
  async (input: OfConnection): Promise<ImportFile[]> =>
    await withHeartbeat(async () => (await makeBatches(sql, await connection(scopeOfBulk(input)))).map(fileOf));

/** Tells the configured addresses that a file is ready. One that was told is not told again because another was not. */
export const announceImportFile =
  ({ connection }: Dependencies) =>
  async ({ connectionId, ...file }: OfFile & Pick<ImportFile, 'purpose' | 'people'>): Promise<void> => {
    const mode = workbookMode((await connection(scopeOfBulk({ connectionId }))).config.yapla);
    if (mode === null) return;
    const { announceUrl, announceMail } = mode;
    const text = `Passerelle: file ${file.number} of ${connectionId} (${file.people} people) is ready to be imported in Yapla. Fetch it with: passerelle import-batch ${connectionId} --number ${file.number}`;
    const subject = `Passerelle: file ${file.number} of ${connectionId} is ready to be imported`;
    const ways = {
      url: async () => {
        if (announceUrl !== null) await announce(announceUrl, { connection: connectionId, ...file, text });
      },
      mail: async () => {
        if (announceMail !== null) await announceByMail(announceMail, { subject, text });
      },
    };
    const before = toldBefore();
    const told = new Set<unknown>(Array.isArray(before) ? before : []);
    const ends = await Promise.allSettled(
      Object.entries(ways).map(async ([way, tell]) => {
        if (told.has(way)) return;
        await tell();
        told.add(way);
      }),
    );
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed === undefined) return;
    signOfLife([...told]);
    throw failed.reason;
  };

/** A person has imported the file: says so in the database, and reads Yapla's list, where it can be read. */
export const readImported =
  ({ sql, claims, connection }: Dependencies) =>
  async ({ connectionId, number }: OfFile): Promise<void> =>
    await withHeartbeat(async () => {
      const scope = scopeOfBulk({ connectionId });
      const open = await connection(scope);
      await markDone(sql, scope, number);
      await readImportedList({ sql, claims, connection: open, signal: cancellationSignal() }, number);
    });

/** What became of an imported file. */
export const judgeImportFile =
  ({ sql, connection }: Dependencies) =>
  async ({ connectionId, number }: OfFile): Promise<Judgement> =>
    await withHeartbeat(async () => await judgeBatch(sql, await connection(scopeOfBulk({ connectionId })), number));
