/** What must stand in no history, log line or error: the values of the people whom a sandbox holds. */
import type { Sandbox } from '../../src/sandbox/sandbox.js';

/** Shorter ones, such as a language's code, stand in any text by chance. */
const shortest = 4;

/** Every value that a person of either system has now, in any form in which it stands there, of four characters and more. */
export async function sandboxValues({ control }: Pick<Sandbox, 'control'>): Promise<Set<string>> {
  const values = new Set<string>();
  for (const system of ['yapla', 'yoplanning'] as const) {
    for (const { person } of await control.records(system)) {
      for (const value of Object.values(person)) if (value !== null) values.add(String(value).trim());
    }
  }
  return new Set([...values].filter((value) => value.length >= shortest));
}

/**
 * Those of the values that stand in a text. Digits alone, such as a postal code, stand as a word of their own: by chance they are part of
 * some longer number or digest (4000 of 86400000), or a process id, a port or a time, which JSON and addresses write after a colon,
 * where no person's value, being a text, can stand without its quotes.
 */
export function valuesIn(text: string, values: Iterable<string>): string[] {
  return [...values].filter((value) =>
    /^\d+$/.test(value)
      ? new RegExp(`(?<![0-9A-Za-z:,[._/-])${value}(?![0-9A-Za-z._/-])`).test(text)
      : text.includes(value),
  );
}
