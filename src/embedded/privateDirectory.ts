import { chmodSync, mkdirSync } from 'node:fs';

/**
 * Creates a directory for this user alone, or makes it so: what is below holds the members of a club, and the addresses and passwords of
 * servers that ask nobody else's name. Root lets others pass through, and list nothing: PostgreSQL refuses to run as root, and its own user
 * must reach its data.
 */
export function privateDirectory(directory: string): void {
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  mkdirSync(directory, { recursive: true, mode });
  chmodSync(directory, mode);
}
