/**
 * The demo of a club whose Yapla has no API, as the vendor's guide describes it: an export brings the members in, an import wizard takes what
 * comes back, and webhooks tell of edits. The sandbox plays the person at Yapla's buttons; the commands are those that a person would type.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { personsOf, systemNames } from '../core/record.js';
import { sandboxWebhookUrl } from '../sandbox/connections.js';
import type { SandboxControl } from '../sandbox/control.js';
import { assignedColumns, identifiers } from '../sandbox/yapla/importWizard.js';
import { openBatches } from '../store/importBatches.js';
import { countCollected } from '../store/waiting.js';
import { command, type DemoLive, type LinkedPerson, linkedPeople, signature, until, untilHolds } from './demoLive.js';
import { CommandFailed } from './program.js';
import { untilQuiet } from './recordWorkflows.js';

export interface DemoFiles extends DemoLive {
  /** Where files are kept. */
  readonly dataDirectory: string;
}

/** What the sandbox had counted when a last run began that must write nothing. */
export interface DemoFilesEnd {
  readonly arrived: boolean;
  readonly before: Awaited<ReturnType<SandboxControl['counts']>>;
}

/** Runs the recipe in both directions. */
export async function runDemoFiles(demo: DemoFiles): Promise<DemoFilesEnd> {
  const { control, output, connectionId, dataDirectory } = demo;
  const { bold, green, red } = output.colours;
  const folder = path.join(dataDirectory, 'files');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const system of systemNames)
    await control.setWebhooks(system, { url: sandboxWebhookUrl(demo.receiver, connectionId, system) });

  output.print(bold('Members in: somebody exports them in Yapla, and hands the file over'));
  await exportAndImport(demo, folder);

  output.print(bold('\nChanges out: who is new in Yoplanning, or differs, waits for an import in Yapla'));
  await importEverything(demo, folder);

  output.print(bold('\nAnd from then on, live'));
  const { linkId, yapla, yoplanning } = await personToEdit(demo);
  await control.edit('yapla', yapla, { city: 'Rennes' });
  await untilHolds(control, 'yoplanning', yoplanning, { city: 'Rennes' });
  output.print(`  ${linkId}: its city is edited in Yapla; a webhook tells of it, and Yoplanning has it`);
  await control.edit('yoplanning', yoplanning, { city: 'Brest' });
  await until(async () => (await waitingPeople(demo)) > 0, 'the change of the city in Yoplanning');
  output.print(`  ${linkId}: its city is edited in Yoplanning, and waits for the next import`);
  await untilQuiet(demo, control);
  await importEverything(demo, folder);
  await untilHolds(control, 'yapla', yapla, { city: 'Brest' });
  await untilQuiet(demo, control);

  output.note('\nA fresh export brings nothing but ids to store; one more must find nothing at all…');
  await exportAndImport(demo, folder, 'quietly');
  const before = await control.counts();
  await exportAndImport(demo, folder, 'quietly');
  const waits = await waitingPeople(demo);
  output.print(`  ${waits === 0 ? green('✓') : red('✗')} ${waits} people wait for an import`);
  return { arrived: waits === 0, before };
}

/** Has files made, imports each in the sandbox's wizard and says so, until nothing waits. */
async function importEverything(demo: DemoFiles, folder: string): Promise<void> {
  const { control, output, connectionId, sql } = demo;
  const scope = personsOf(connectionId);
  for (let round = 1; (await waitingPeople(demo)) > 0; round += 1) {
    if (round > 5)
      throw new CommandFailed(`${connectionId} still has people who wait after ${round - 1} rounds of files`);
    const out = path.join(folder, `round-${round}.xlsx`);
    await typed(demo, ['import-batch', connectionId, '--out', out]);
    const batches = await openBatches(sql, scope);
    for (const { number, purpose } of batches) {
      const written = batches.length > 1 ? out.replace(/\.xlsx$/, `-${number}.xlsx`) : out;
      const report = await control.importWorkbook({
        file: readFileSync(written).toString('base64'),
        identifier: identifiers[purpose],
        columns: assignedColumns,
      });
      output.print(
        `  Somebody imports file ${number} in Yapla: ${report.created} members made, ${report.updated} changed, ${report.refused.length} rows refused`,
      );
    }
    await control.settled();
    for (const { number } of batches) await typed(demo, ['import-done', connectionId, String(number)]);
    await until(async () => (await openBatches(sql, scope)).length === 0, `what the files of ${connectionId} brought`);
    await untilQuiet(demo, control);
  }
}

async function waitingPeople({ sql, connectionId }: DemoFiles): Promise<number> {
  const scope = personsOf(connectionId);
  const { collected } = await countCollected(sql, scope);
  return collected + (await openBatches(sql, scope)).length;
}

/** Somebody of another city. Yapla's ids are its own; files and webhooks know a member by the number. */
async function personToEdit(demo: DemoFiles): Promise<LinkedPerson> {
  const members = new Map((await demo.control.records('yapla')).map((one) => [one.document['member_number'], one]));
  for (const one of await linkedPeople(demo)) {
    const member = members.get(one.yapla);
    if (member !== undefined && !['Rennes', 'Brest'].includes(member.person.city ?? ''))
      return { ...one, yapla: member.id };
  }
  throw new CommandFailed('the sandbox has too few linked people for the demo: choose another --seed');
}

/** Presses the sandbox's export button, and has a command read what it gives: the whole list. */
export async function exportAndImport(demo: DemoFiles, folder: string, how?: 'quietly'): Promise<void> {
  const { name, content } = await demo.control.exportMembers({ form: 'xlsx' });
  const file = path.join(folder, name);
  writeFileSync(file, content, { mode: 0o600 });
  const { connectionId } = demo;
  await typed(
    demo,
    ['import-members', connectionId, file, '--whole', '--yes', '--beyond-guard', '--samples', '1'],
    how,
  );
}

async function typed(demo: DemoFiles, words: readonly string[], how?: 'quietly'): Promise<void> {
  if (how !== 'quietly')
    demo.output.print(`  $ passerelle ${words.map((word) => (word.includes(' ') ? `'${word}'` : word)).join(' ')}`);
  await command([...demo.options, ...words, ...signature()], how);
}
