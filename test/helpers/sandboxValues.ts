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
 * Those of the values that stand in a text. Digits alone, such as a postal code, stand as a number or word of their own: they are part of
 * some longer number or digest by chance (4000 of 86400000).
 */
export function valuesIn(text: string, values: Iterable<string>): string[] {
  return [...values].filter((value) =>
    /^\d+$/.test(value) ? new RegExp(`(?<![0-9A-Za-z])${value}(?![0-9A-Za-z])`).test(text) : text.includes(value),
  );
}
