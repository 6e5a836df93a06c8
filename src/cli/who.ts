/** Who gives a command, for the commands that are noted in the database with a name (src/store/audit.ts). */
import type { Command } from 'commander';
import { UsageError } from './program.js';

/** Where the system says who is logged in. A container and cron with an empty environment say nobody. */
const accountNames = ['USER', 'LOGNAME', 'USERNAME'] as const;

export interface ByOption {
  readonly by?: string;
}

/** Adds the option `--by`. */
export function withBy(command: Command): Command {
  return command.option(
    '--by <who>',
    'who does it; kept in the database ("passerelle audit"). Left out: who is logged in, and required where nobody is',
  );
}

/** The name that was given, else of the one who is logged in; null: nobody is. */
export function nameOf({ by }: ByOption, environment: NodeJS.ProcessEnv = process.env): string | null {
  const names = [by, ...accountNames.map((name) => environment[name])];
  return names.map((name) => name?.trim() ?? '').find((name) => name !== '') ?? null;
}

/** The same. @throws {UsageError} nobody is named */
export function whoOf(options: ByOption, environment: NodeJS.ProcessEnv = process.env): string {
  const name = nameOf(options, environment);
  if (name !== null) return name;
  throw new UsageError(
    'who does this? Nobody is logged in here: say it with --by <who>. It is kept with what is done.',
  );
}
