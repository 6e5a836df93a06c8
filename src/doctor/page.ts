import type { FieldsConfig } from '../config/fields.js';
import { nameFields } from '../core/person.js';
import type { SystemName } from '../core/record.js';
import { contentIn, readPlace, shownChoices, shownFields } from '../systems/mapping.js';
import type { JsonObject, Page } from '../systems/system.js';
import type { Tell } from './check.js';

/** What the configuration says about a list's pages, with the names of its settings for advice. */
export interface PageExpectation {
  readonly system: SystemName;
  readonly fields: FieldsConfig;
  readonly pageSize: number;
  readonly pageSizeSetting: string;
  readonly countSetting: string;
  readonly idSetting: string;
  /** Path of the modification time; null: the configuration says that there is none. */
  readonly modified: string | null;
  readonly modifiedSetting: string;
  readonly timeZoneSetting: string;
  /** Path of the other system's id; null: none. */
  readonly reference: string | null;
  readonly referenceSetting: string;
  /** The records of the page as they came, those that cannot be read among them. */
  readonly documents: readonly JsonObject[];
}

/** The order that a list was asked for in. */
export interface AskedOrder {
  /** As it was asked for; null: in none. */
  readonly asked: string | null;
  /** Whether that means the order of ids, which is the only one that can be seen. */
  readonly byIds: boolean;
  readonly setting: string;
}

/** Fewer records stand in the order of their ids often enough by chance. */
const enoughForOrder = 8;

/** Whether a list honours the order that it is asked for in. No request: the page shows it. */
export function checkOrdering(page: Page, { asked, byIds, setting }: AskedOrder, tell: Tell): void {
  if (asked === null) return;
  if (!byIds)
    return tell('ordering', 'skipped', `whether lists honour "${asked}" does not show: only the order of ids does`);
  if (page.records.length < enoughForOrder) return tell('ordering', 'skipped', 'the list is too short to tell');
  if (isInOrderOfIds(page)) return tell('ordering', 'ok', `the list honours the order that is asked for ("${asked}")`);
  tell(
    'ordering',
    'warning',
    `the list is not in the order of its ids, as "${asked}" asks for`,
    `nothing to do: a list that moves while it is read is read again. If syncs end with ScanIncomplete, set ${setting} to what your account honours`,
  );
}

/** Whether the ids of a page go up or down, as numbers where all are such. */
function isInOrderOfIds({ records }: Page): boolean {
  const ids = records.map(({ id }) => id);
  const values = ids.every((id) => /^\d+$/.test(id)) ? ids.map(BigInt) : ids;
  const pairs = values.slice(1).map((value, at) => [values[at]!, value] as const);
  return pairs.every(([before, after]) => before < after) || pairs.every(([before, after]) => before > after);
}

/** No change lies ahead by more: clocks differ by seconds, zones by a quarter of an hour at least. */
const mostAheadMs = 10 * 60_000;

/** Texts of one field that are listed for a person to enter into its table, and how much of each. */
const mostTexts = 10;
const mostCharacters = 40;

/** Holds the first page of a list against the configuration. */
export function checkPage(page: Page, expected: PageExpectation, tell: Tell): void {
  checkSize(page, expected, tell);
  checkReadable(page, tell);
  checkChoices(expected, tell);
  if (page.records.length === 0) {
    if (page.unreadable.length > 0) return;
    tell('fields', 'skipped', 'the list is empty: no record to look at');
    return;
  }
  checkIds(page, expected, tell);
  checkFields(page, expected, tell);
  checkExtras(page, expected, tell);
}

function checkReadable({ unreadable: [first, ...others] }: Page, tell: Tell): void {
  if (first === undefined) return;
  const found =
    others.length === 0
      ? 'one record of the page cannot be read'
      : `${others.length + 1} records of the page cannot be read`;
  tell(
    'fields',
    'warning',
    `${found}: ${first.failure.what}`,
    'correct the record there or the setting named; each becomes a case, and everybody else goes on',
  );
}

/** The texts themselves are shown, or nobody could enter them; never who shows them, and none where the place may be another field's. */
function checkChoices({ documents, fields, system }: PageExpectation, tell: Tell): void {
  for (const [name, { known, unknown }] of shownChoices(documents, fields, system)) {
    if (unknown.size === 0) continue;
    const records = [...unknown.values()].reduce((sum, n) => sum + n, 0);
    const texts = unknown.size === 1 ? 'one text' : `${unknown.size} texts`;
    const found = `fields.${name}: ${texts} on ${records} of ${documents.length} records of the page in no row of its table`;
    if (known === 0) {
      const advice = `correct fields.${name}.${system}, or complete fields.${name}.choices; until then each of these records is a case`;
      tell('choices', 'warning', `${found}, and no text that is in one`, advice);
      continue;
    }
    const lines = [...unknown].slice(0, mostTexts).map(([text, n]) => {
      const shown = text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
      return `"${shown}" (${n})`;
    });
    const advice = `add them to fields.${name}.choices, each to the value it stands for; until then each of these records is a case`;
    tell(
      'choices',
      'warning',
      found,
      advice,
      unknown.size > mostTexts ? [...lines, `and ${unknown.size - mostTexts} more`] : lines,
    );
  }
}

function checkSize(
  { records: readable, unreadable, count, ends }: Page,
  { pageSize, pageSizeSetting, countSetting }: PageExpectation,
  tell: Tell,
): void {
  const records = [...readable, ...unreadable];
  if (count === null) {
    const all = ends ? 'and no more' : 'and more behind them';
    tell('page', 'ok', `${records.length} records on the first page, ${all}; the list states no total`);
    return;
  }
  const found = `${records.length} records on the first page, ${count} in all`;
  const wanted = Math.min(count, pageSize);
  if (count < records.length) {
    tell(
      'page',
      'failed',
      `${found}: fewer than are on it`,
      `correct ${countSetting}: it must be the number of all records`,
    );
  } else if (records.length > pageSize) {
    const advice = `the server does not take the page size: correct the name of its parameter, or set ${pageSizeSetting} to ${records.length}`;
    tell('page', 'failed', `${found}, though ${pageSize} were asked for`, advice);
  } else if (records.length < wanted) {
    const advice = `set ${pageSizeSetting} to ${records.length}, or correct the name of its parameter`;
    tell('page', 'failed', `${found}, though ${pageSize} were asked for`, advice);
  } else if (count === pageSize) {
    const advice = `if there are more, ${countSetting} is the number on a page, and must be that of all records`;
    tell('page', 'warning', `${found}: exactly as many as were asked for`, advice);
  } else {
    tell('page', 'ok', found);
  }
}

function checkIds({ records }: Page, { idSetting }: PageExpectation, tell: Tell): void {
  const ids = new Set(records.map((record) => record.id));
  if (ids.size === records.length) tell('ids', 'ok', 'every record of the page has its own');
  else {
    const advice = `correct ${idSetting}: it must be a record's own id, not one that it shares with others`;
    tell('ids', 'failed', `${records.length} records have only ${ids.size} different ids`, advice);
  }
}

function checkFields({ records }: Page, { system, fields: all }: PageExpectation, tell: Tell): void {
  const fields = shownFields(all, system);
  const missing = Object.entries(fields).filter(([name]) => !records.some((record) => name in record.fields));
  if (missing.length === 0) {
    tell('fields', 'ok', `all ${Object.keys(fields).length} mapped fields are there`);
    return;
  }
  const names = missing.map(([name, field]) => `fields.${name}.${system} ("${readPlace(field[system])}")`);
  const essential = missing.some(([name]) => nameFields.some((one) => one === name));
  tell(
    'fields',
    essential ? 'failed' : 'warning',
    `no record of the page has ${names.join(', ')}`,
    'correct these paths; a field that this system does not return is left alone in the other',
  );
}

function checkExtras({ records }: Page, expected: PageExpectation, tell: Tell): void {
  const isThere = (path: string) => records.some((record) => contentIn(record.document, path) !== undefined);
  const { modified, modifiedSetting, timeZoneSetting, reference, referenceSetting } = expected;
  if (modified !== null && !isThere(modified)) {
    const advice = `correct ${modifiedSetting}, or set it to null; without it the rule "newest" cannot be used`;
    tell('modified', 'warning', `no record of the page has "${modified}"`, advice);
  }
  const newest = records.reduce((latest, one) => Math.max(latest, one.modifiedAt ?? 0), 0);
  const aheadMs = newest - Date.now();
  if (aheadMs > mostAheadMs) {
    const advice = `correct ${timeZoneSetting}: the zone of times that the system writes without one`;
    tell(
      'modified',
      'warning',
      `the last change of a record lies ${Math.round(aheadMs / 60_000)} minutes ahead`,
      advice,
    );
  }
  if (reference !== null && !isThere(reference)) {
    const advice = `the list may leave it out (then all is well), or ${referenceSetting} is wrong: set it to null if the account has no such field`;
    tell('reference', 'warning', `no record of the page has "${reference}"`, advice);
  }
}
