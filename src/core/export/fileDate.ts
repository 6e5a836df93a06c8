/** When an export was made: from what a person says, or from the name that Yapla gives its files. */
import { instantsOf } from '../zone.js';

/** `Yapla - Membres - Liste des inscriptions de membres - 251211-1656 - 258779.csv`: the 11th of December 2025, 16:56. */
const yaplasName = /(?:^|[\s_-])(\d{2})(\d{2})(\d{2})-(\d{2})(\d{2})(?=[\s_.-]|$)/;

/**
 * When Yapla made a file, by its name; null: it does not say. Of an hour that happens twice the first: what came in between then counts as
 * newer than the file, and is not undone.
 */
export function dateOfName(fileName: string, timeZone: string): Date | null {
  const [, year, month, day, hour, minute] = yaplasName.exec(fileName) ?? [];
  if (year === undefined) return null;
  return dateOf(`20${year}-${month}-${day}T${hour}:${minute}`, timeZone);
}

const spoken = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)\s?(Z|[+-]\d{2}:\d{2})?)?$/i;

/** When a person says that it was made: a day (from its beginning), or a day and a time; null: it is neither. */
export function dateOfText(text: string, timeZone: string): Date | null {
  const [, day, time = '00:00', offset] = spoken.exec(text.trim()) ?? [];
  if (day === undefined) return null;
  const local = dateOf(`${day}T${time}`, timeZone);
  if (local === null || offset === undefined) return local;
  const at = Date.parse(`${day}T${time}${offset.toUpperCase()}`);
  return Number.isNaN(at) ? null : new Date(at);
}

function dateOf(local: string, timeZone: string): Date | null {
  const at = Date.parse(`${local}Z`);
  // Date takes 31 April for 1 May.
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(local.replace(/\.\d+$/, ''))) return null;
  return new Date(instantsOf(at, timeZone).first);
}
