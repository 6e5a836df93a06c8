/** Runs of the imports whose histories are kept. They do not end: kept is what was done by then. */
import { linkedPerson, until, untilQuiet } from '../helpers/live.js';
import type { TestPasserelle } from '../helpers/passerelle.js';
import { importFile, importProgress, makeFiles, sayDone } from '../helpers/wizard.js';
import { yaplaImportId } from '../../workflows/yaplaImport.messages.js';
import type { Scenario } from './scenario.js';

const options = {
  sandbox: { people: { seed: 71, yapla: 0, yoplanning: 0, shared: 3, differing: 0 } },
  connection: { rule: 'yoplanning', imports: { checkMs: 60_000 } },
  live: true,
} as const;

/** Somebody moves, and the change waits for a file. */
async function oneWaits(house: TestPasserelle): Promise<void> {
  await (await house.startBulk()).result();
  const { yoplanning } = await linkedPerson(house);
  await house.sandbox.control.edit('yoplanning', yoplanning, { postalCode: '29200' });
  await untilQuiet(house);
}

const handleOf = ({ client, connectionId }: TestPasserelle, runId?: string) =>
  client.workflow.getHandle(yaplaImportId(connectionId), runId);

const untilJudged = async (house: TestPasserelle, files: number) =>
  await until(
    () => importProgress(house),
    (progress) => progress.totals.files === files && progress.state === 'collecting' && progress.files.length === 0,
  );

export const importScenarios: readonly Scenario[] = [
  {
    name: 'yaplaImport.collected-and-confirmed',
    options,
    run: async (house) => {
      await oneWaits(house);
      await makeFiles(house);
      await importFile(house, 1);
      await house.sandbox.control.settled();
      await sayDone(house, 1);
      await untilJudged(house, 1);
      return handleOf(house);
    },
  },
  {
    name: 'yaplaImport.not-shown-reissued',
    options,
    run: async (house) => {
      await oneWaits(house);
      await makeFiles(house);
      // Said, and not done.
      await sayDone(house, 1);
      await untilJudged(house, 1);
      await makeFiles(house);
      await importFile(house, 2);
      await sayDone(house, 2);
      await untilJudged(house, 2);
      return handleOf(house);
    },
  },
  {
    name: 'yaplaImport.continued-as-new',
    options: { ...options, connection: { ...options.connection, imports: { checkMs: 50, maxHistoryEvents: 50 } } },
    run: async (house) => {
      const { runId } = await handleOf(house).describe();
      await until(
        async () => (await handleOf(house).describe()).runId,
        (now) => now !== runId,
      );
      return handleOf(house, runId);
    },
  },
];
