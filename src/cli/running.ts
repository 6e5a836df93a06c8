/** Where the stack that `passerelle start` runs on a data directory can be reached, for the other commands. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Stack } from '../embedded/stack.js';

export interface StackAddresses {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly uiUrl: string | null;
}

const fileName = 'running.json';

/** Tells other commands where the stack is; returns what takes it back. */
export function announce(dataDirectory: string, stack: Stack): () => void {
  const file = path.join(dataDirectory, fileName);
  const { databaseUrl, temporalAddress, uiUrl } = stack;
  const addresses: StackAddresses = { databaseUrl, temporalAddress, uiUrl: uiUrl ?? null };
  writeFileSync(file, `${JSON.stringify(addresses)}\n`, { mode: 0o600 });
  return () => rmSync(file, { force: true });
}

/** What was announced last and not taken back; null: nothing. After a crash nothing may listen there any more. */
export function announced(dataDirectory: string): StackAddresses | null {
  try {
    return JSON.parse(readFileSync(path.join(dataDirectory, fileName), 'utf8')) as StackAddresses;
  } catch {
    return null;
  }
}
