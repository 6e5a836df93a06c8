import type { WorkflowHandle } from '@temporalio/client';
import type { Command } from 'commander';
import type { Output } from './output.js';
import { type CommonOptions, UsageError, wholeNumber } from './program.js';
import type { ImportFile } from '../../workflows/yaplaImport.messages.js';
import type { Session } from './session.js';
import { whoOf, withBy, type ByOption } from './who.js';

interface BatchOptions extends CommonOptions, ByOption {
  readonly number?: number;
  readonly out?: string;
}

const purposes: Readonly<Record<ImportFile['purpose'], string>> = {
  update: 'changes of members that Yapla knows, found by their number',
  create: 'new people, with an e-mail address',
  createWithoutEmail: 'new people without an e-mail address: choose "create" for each row, and import it once only',
};

/** The commands of the person who imports files in Yapla's wizard (docs/yapla-imports.md). */
export function registerImports(program: Command, output: Output): void {
  withBy(program.command('import-batch <connection>'))
    .description('Fetch the files that wait to be imported in Yapla; where there are none, make them of what waits.')
    .option('--number <n>', 'fetch the file with that number, whether it was imported or not', wholeNumber)
    .option(
      '--out <file>',
      'where to write it (several files: their numbers are added); default: import-<number>.xlsx here',
    )
    .action(async (connectionId: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<BatchOptions>();
      await onImports(options, connectionId, async ({ session, handle }) => {
        const { personsOf } = await import('../core/record.js');
        const { findBatch, openBatches } = await import('../store/importBatches.js');
        const { tellImport } = await import('../yaplaImport.js');
        const { closeBatchUpdate } = await import('../../workflows/yaplaImport.messages.js');
        const { carryOutDeed } = await import('../store/audit.js');
        const scope = personsOf(connectionId);
        const wanted = async (): Promise<readonly number[]> => {
          if (options.number !== undefined) return [options.number];
          const out = await openBatches(session.sql, scope);
          if (out.length > 0) return out.map(({ number }) => number);
          const deed = { ...scope, verb: 'importBatch' as const, by: whoOf(options) };
          const made = await carryOutDeed(
            session.sql,
            deed,
            () => tellImport(session.client, connectionId, () => handle().executeUpdate(closeBatchUpdate)),
            (error) => error instanceof Error && error.name === 'ImportRefuses',
          );
          return made.map(({ number }) => number);
        };
        const numbers = await wanted();
        if (numbers.length === 0) return output.note(`Nothing of ${connectionId} waits for an import.`);
        for (const number of numbers) {
          const batch = await findBatch(session.sql, scope, number);
          if (batch === null) throw new UsageError(`${connectionId} has no file ${number}`);
          if (batch.file === null)
            throw new UsageError(`file ${number} of ${connectionId} is kept no more (retention.importFilesDays)`);
          const path = pathOf(options.out, number, numbers.length > 1);
          const { writeFile } = await import('node:fs/promises');
          // People's data: for the eyes of the person who fetches it.
          await writeFile(path, batch.file, { mode: 0o600 });
          output.print(`File ${number}: ${path} (${batch.people} people: ${purposes[batch.purpose]})`);
          output.note(
            batch.state === 'handedOut'
              ? `  Import it in Yapla (Members, Settings, Member Import), then: passerelle import-done ${connectionId} ${number}`
              : '  It was imported, as far as we were told.',
          );
        }
      });
    });

  withBy(program.command('import-done <connection> <file>'))
    .description(
      'Say that a file was imported in Yapla: it is looked what it brought, and what is missing is in the next.',
    )
    .action(async (connectionId: string, text: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & ByOption>();
      const number = Number(text);
      if (!Number.isInteger(number) || number < 1) throw new UsageError(`expected the file's number, found "${text}"`);
      await onImports(options, connectionId, async ({ session, handle }) => {
        const { personsOf } = await import('../core/record.js');
        const { tellImport } = await import('../yaplaImport.js');
        const { importDoneUpdate } = await import('../../workflows/yaplaImport.messages.js');
        const { carryOutDeed } = await import('../store/audit.js');
        const done = await carryOutDeed(
          session.sql,
          { ...personsOf(connectionId), verb: 'importDone', by: whoOf(options), about: { file: number } },
          () =>
            tellImport(session.client, connectionId, () =>
              handle().executeUpdate(importDoneUpdate, { args: [number] }),
            ),
          (error) => error instanceof Error && error.name === 'ImportRefuses',
        );
        output.note(
          done.isRepeated
            ? `That file ${number} of ${connectionId} was imported is known already: nothing has to be done.`
            : `File ${number} of ${connectionId} (${done.people} people) counts as imported: it is looked what it brought. "passerelle status ${connectionId}" tells.`,
        );
      });
    });
}

function pathOf(out: string | undefined, number: number, several: boolean): string {
  if (out === undefined) return `import-${number}.xlsx`;
  return several ? out.replace(/(\.xlsx)?$/i, `-${number}.xlsx`) : out;
}

interface OnImports {
  readonly session: Session;
  readonly handle: () => WorkflowHandle;
}

/** @throws {UsageError} where the connection collects no files, nobody collects, or a message is refused */
async function onImports(
  options: CommonOptions,
  connectionId: string,
  action: (on: OnImports) => Promise<void>,
): Promise<void> {
  const { loadConfig } = await import('../config/load.js');
  const { connectionOf, openSession } = await import('./session.js');
  const { ImportRefuses, NoImport } = await import('../yaplaImport.js');
  const { yaplaImportId } = await import('../../workflows/yaplaImport.messages.js');
  const config = loadConfig(options.config);
  const { mode } = connectionOf(config, connectionId).yapla.write;
  if (mode !== 'workbook')
    throw new UsageError(`${connectionId} has no import files: its yapla.write.mode is "${mode}", not "workbook"`);
  const session = await openSession(config);
  try {
    await action({ session, handle: () => session.client.workflow.getHandle(yaplaImportId(connectionId)) });
  } catch (error) {
    if (error instanceof ImportRefuses || error instanceof NoImport)
      throw new UsageError(error.message, { cause: error });
    throw error;
  } finally {
    await session.close();
  }
}
