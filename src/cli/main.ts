import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { Command, CommanderError } from 'commander';
import { registerAudit } from './audit.js';
import { registerCases } from './cases.js';
import { registerImports } from './imports.js';
import { registerConfig } from './config.js';
import { registerConnections } from './connections.js';
import { registerControl } from './control.js';
import { registerDemo } from './demo.js';
import { registerDoctor } from './doctor.js';
import { registerEvents } from './events.js';
import { registerIdle } from './idle.js';
import { registerImportMembers } from './importMembers.js';
import { registerImportRegistrations } from './importRegistrations.js';
import { registerLinking } from './linking.js';
import { registerLogin } from './login.js';
import { registerReceiver } from './receiver.js';
import { registerRemove } from './remove.js';
import { registerReplay } from './replay.js';
import { registerStart } from './start.js';
import { registerStatus } from './status.js';
import { registerSync } from './sync.js';
import { registerWorker } from './worker.js';
import { processOutput } from './output.js';
import type { Output } from './output.js';
import { CommandFailed, UsageError, exitStatus } from './program.js';
import type { CommonOptions, Register } from './program.js';

/** Every command, in the order in which `--help` lists them. */
const registrations: readonly Register[] = [
  registerDemo,
  registerStart,
  registerWorker,
  registerReceiver,
  registerSync,
  registerImportMembers,
  registerImportRegistrations,
  registerEvents,
  registerControl,
  registerStatus,
  registerIdle,
  registerCases,
  registerImports,
  registerLinking,
  registerReplay,
  registerLogin,
  registerDoctor,
  registerConfig,
  registerConnections,
  registerRemove,
  registerAudit,
];

/** Runs the command line and sets the exit status. Does not end the process: a command closes what it opened. */
export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await run(argv, processOutput());
}

/**
 * @param argv as `process.argv`: two words before the first argument
 * @returns the exit status (see `exitStatus`)
 */
export async function run(argv: readonly string[], output: Output, commands = registrations): Promise<number> {
  const program = createProgram(output);
  for (const register of commands) register(program, output);
  try {
    await program.parseAsync(argv);
    return exitStatus.fine;
  } catch (error) {
    return report(await fitToBeShown(error), output, program.opts<CommonOptions>().verbose === true);
  }
}

function createProgram(output: Output): Command {
  return new Command('passerelle')
    .description('Keeps the members of an association in Yapla and its clients in Yoplanning the same, both ways.')
    .version(version())
    .option(
      '-c, --config <file>',
      'configuration file (else PASSERELLE_CONFIG, else passerelle.config.yaml, .yml or .json here)',
    )
    .option('--env-file <file>', 'file of NAME=value lines with the secrets that the configuration names')
    .option('--verbose', 'show where an error comes from')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => output.print(text.trimEnd()),
      writeErr: (text) => output.note(text.trimEnd()),
      getOutHelpWidth: () => output.columns,
      getErrHelpWidth: () => output.columns,
      getOutHasColors: () => output.colours.isColorSupported,
      getErrHasColors: () => output.colours.isColorSupported,
    })
    .showSuggestionAfterError()
    .exitOverride()
    .hook('preAction', (command) => {
      const { envFile } = command.opts<CommonOptions>();
      if (envFile !== undefined) loadEnvFile(envFile);
    });
}

/** What the environment has already stays: anyone who starts us has the last word. */
function loadEnvFile(file: string): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError(`--env-file: cannot read ${file} (${code})`);
  }
  for (const [name, value] of Object.entries(parseEnv(text))) process.env[name] ??= value;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function report(error: unknown, output: Output, verbose: boolean): number {
  // Commander has printed its own message; help and version come this way too, with status 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.fine : exitStatus.usage;
  if (error instanceof CommandFailed) return exitStatus.failed;
  // Many lines may be ours, or a value's that an error quotes: only the first stands where our own lines begin.
  output.note(output.colours.red(plainMessage(error).replaceAll(/\n(?!  )/g, '\n  ')));
  if (verbose) output.note(origin(error));
  return error instanceof UsageError || isConfigError(error) ? exitStatus.usage : exitStatus.failed;
}

/**
 * PostgreSQL's own words quote the row that it refused, and end up in the mail that cron sends. Told by their shape, so that nothing of
 * PostgreSQL is loaded where nothing failed. Causes are looked at as well: `--verbose` shows them.
 */
async function fitToBeShown(error: unknown): Promise<unknown> {
  if (!(typeof error === 'object' && error !== null)) return error;
  if ('severity' in error && 'code' in error) {
    const { withoutValues } = await import('../store/database.js');
    return withoutValues(error);
  }
  if (error instanceof AggregateError && error.message === '') {
    const errors = await Promise.all(error.errors.map(fitToBeShown));
    return Object.assign(new AggregateError(errors, ''), { stack: error.stack });
  }
  if (error instanceof Error && error.cause !== undefined) error.cause = await fitToBeShown(error.cause);
  return error;
}

/** By name: importing the class would load zod and the whole schema on every start. */
function isConfigError(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConfigError';
}

function plainMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A refused connection to a name with several addresses has no message of its own.
  if (error.message === '' && error instanceof AggregateError) return error.errors.map(plainMessage).join('; ');
  return error.message === '' ? error.name : error.message;
}

function origin(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const stack = error.stack ?? '';
  return error.cause === undefined ? stack : `${stack}\ncaused by ${origin(error.cause)}`;
}
