import { InvalidArgumentError, type Command } from 'commander';
import type { Output } from './output.js';

/**
 * Adds one command. Called on every start, `--help` included: import what the command needs inside its action, so that asking
 * for help loads nothing.
 */
export type Register = (program: Command, output: Output) => void;

/** Options that every command has. Read them with `command.optsWithGlobals<CommonOptions>()`. */
export interface CommonOptions {
  /** Path of the configuration file; see loadConfig(). */
  readonly config?: string;
  /** File of `NAME=value` lines that are added to the environment; what is already set stays. */
  readonly envFile?: string;
  /** Show where an error comes from. */
  readonly verbose?: boolean;
}

/** The command line asks for something that cannot be: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Parses an option's value. @throws {InvalidArgumentError} which becomes a mistake of usage */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a whole number, 0 or more.');
  return Number(text);
}

/** Exit statuses: what a script that calls us can rely on. */
export const exitStatus = { fine: 0, failed: 1, usage: 2 } as const;

/**
 * The command ran to its end and its answer is "no": a check failed, differences were found. All has been printed; the exit
 * status becomes 1.
 */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}
