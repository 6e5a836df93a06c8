/**
 * Files for Yapla's import wizard: made of what waits (store/waiting.ts), kept in Postgres, and judged once a person has imported them.
 *
 * A file is made in the transaction that hands its values out: after a crash there is a file that has them, or none. While one is out no
 * other is made, so an attempt that is repeated finds what the one before it made.
 */
import { decideLive } from '../core/live.js';
import type { CanonicalFields } from '../core/record.js';
import { neverAppearedCase } from '../cases/refused.js';
import { notImported, notImportedCase, type WhyNotImported } from '../cases/notImported.js';
import { type OpenConnection, withRules } from '../connection.js';
import { type NewCase, openCases } from '../store/cases.js';
import { refreshStatistics, type Sql, type Transaction } from '../store/database.js';
import {
  type BatchCounts,
  type BatchPurpose,
  collectAgain,
  collectedLinks,
  type CollectedValue,
  endedPeople,
  findBatch,
  handOut,
  type ImportBatch,
  lockImports,
  markJudged,
  openBatches,
  takeCollected,
  unconfirmed,
  type Unconfirmed,
  valuesShown,
  withdraw,
} from '../store/importBatches.js';
import { lookAtLinks } from '../store/inbox.js';
import { openIntents, settleIntents } from '../store/intents.js';
import { findLinkStates, type LinkState, pairHashes } from '../store/linkState.js';
import { cellOf, identifierOf, type ImportRow, sheetOf, workbookMode } from '../systems/yapla/workbook.js';
import { writeWorkbook } from '../workbook/writeWorkbook.js';
import { recordCreations } from './creations.js';
import { valuesToWrite, viewOf } from './view.js';

/** The one system that takes files. */
const system = 'yapla';

/** Name of the sheet: the wizard reads the first, whatever it is called. */
const sheetName = 'Import';

/** So many people of one file are worth a look at the tables. */
const manyPeople = 500;

/** A row of a file, and the values that it carries out. */
interface Row extends ImportRow {
  readonly ids: readonly number[];
}

/** What becomes of the values that were taken for a file. */
interface Taken {
  readonly rows: Row[];
  /** Not wanted any more, or asked about. */
  readonly over: number[];
  readonly cases: NewCase[];
}

/**
 * Makes files of what waits: one of changes, and one each of people to be made with an e-mail address and without. Where files are out
 * already, none is made.
 *
 * @returns all files that are out
 */
export async function makeBatches(sql: Sql, connection: OpenConnection): Promise<ImportBatch[]> {
  const mode = workbookMode(connection.config.yapla);
  if (mode === null) return [];
  const { scope } = connection;
  const files = await sql.begin(async (tx) => {
    await lockImports(tx, scope);
    const out = await openBatches(tx, scope);
    if (out.length > 0) return out;
    const changes = await takeChanges(tx, connection, mode.maxRows);
    const creations = await takeCreations(tx, connection, mode.maxRows);
    const isAlone = await tellingEmails(tx, connection, creations.rows);
    const purposes: [BatchPurpose, Row[]][] = [
      ['update', changes.rows],
      ['create', creations.rows.filter(isAlone)],
      ['createWithoutEmail', creations.rows.filter((row) => !isAlone(row))],
    ];
    for (const [purpose, rows] of purposes) {
      if (rows.length === 0) continue;
      const file = await writeWorkbook(sheetName, sheetOf(mode, connection.config.fields, rows));
      await handOut(tx, scope, { purpose, system, people: rows.length, file, ids: rows.flatMap(({ ids }) => ids) });
    }
    await withdraw(tx, scope, [...changes.over, ...creations.over]);
    const asked = [...changes.cases, ...creations.cases];
    await openCases(tx, scope, null, asked);
    return await openBatches(tx, scope);
  });
  // What judges them looks each value up: where PostgreSQL knows nothing of many rows, it takes the tables for empty, and goes through them.
  if (files.some(({ people }) => people > manyPeople)) await refreshStatistics(sql, ['waiting', 'journal']);
  return files;
}

/**
 * Who has an e-mail address that nobody shares: only of them can the wizard be asked whether they are there. A family's one address would
 * have it write the second child's name over the first.
 */
async function tellingEmails(
  tx: Transaction,
  { scope, fields }: OpenConnection,
  rows: readonly Row[],
): Promise<(row: Row) => boolean> {
  const field = fields.find(({ type }) => type === 'email')?.name;
  const emailOf = (row: Row) => (field === undefined ? null : (row.fields[field] ?? null));
  const emails = rows.flatMap((row) => emailOf(row) ?? []);
  const taken = field === undefined ? new Set() : await valuesShown(tx, scope, { system, field }, emails);
  const times = new Map<string, number>();
  for (const email of emails) times.set(email, (times.get(email) ?? 0) + 1);
  return (row) => {
    const email = emailOf(row);
    return email !== null && times.get(email) === 1 && !taken.has(email);
  };
}

/** Values of links that are there, are not held back, and can stand in a cell. */
async function takeChanges(tx: Transaction, connection: OpenConnection, limit: number): Promise<Taken> {
  const linkIds = await collectedLinks(tx, connection.scope, false, limit);
  const { values, states } = await take(tx, connection, linkIds);
  const taken: Taken = { rows: [], over: [], cases: [] };
  for (const [linkId, all] of values) {
    const state = states.get(linkId);
    const shadow = state?.pair.shadows[system];
    if (state === undefined) continue;
    if (shadow === null || shadow === undefined) {
      // It is gone, and no file finds it any more. Should it come back, what differs then is decided about anew.
      taken.over.push(...all.map(({ id }) => id));
      continue;
    }
    const view = viewOf(connection, state);
    const [shown, rest] = split(all, (one) => one.isShown);
    taken.over.push(...shown.map(({ id }) => id));
    const wanted = view.held ? [] : rest.filter(({ field }) => !view.heldFields.includes(field));
    const unfit = (one: CollectedValue, why: WhyNotImported) => {
      taken.over.push(one.id);
      taken.cases.push(notImportedCase(linkId, one.field, why, pairHashes(state.pair)));
    };
    const identifier = identifierOf(workbookMode(connection.config.yapla)!.identifier, shadow.id, shadow.document);
    const fit = wanted.filter((one) => {
      const cell = cellOf(connection.config.fields, one.field, one.value);
      const why = 'unfit' in cell ? cell.unfit : identifier === null ? 'noIdentifier' : null;
      if (why !== null) unfit(one, why);
      return why === null;
    });
    if (fit.length === 0) continue;
    taken.rows.push({
      identifier,
      fields: Object.fromEntries(fit.map(({ field, value }) => [field, value])),
      ids: fit.map(({ id }) => id),
    });
  }
  return taken;
}

/**
 * People who are to be made, with the values that their other record has now. That they are on their way is recorded with it: a record that
 * appears is recognised by it. Who may have been entered there meanwhile waits for the next file.
 */
async function takeCreations(tx: Transaction, connection: OpenConnection, limit: number): Promise<Taken> {
  const linkIds = await collectedLinks(tx, connection.scope, true, limit);
  const { values, states } = await take(tx, connection, linkIds);
  const taken: Taken = { rows: [], over: [], cases: [] };
  const wanted: { readonly id: number; readonly linkId: string; readonly fields: CanonicalFields }[] = [];
  for (const [linkId, all] of values) {
    const state = states.get(linkId);
    const creation = all.find(({ field }) => field === '');
    if (state === undefined || creation === undefined) continue;
    const fields = fieldsOfCreation(connection, state);
    if (fields === 'held') continue;
    if (fields === 'over') taken.over.push(creation.id);
    else wanted.push({ id: creation.id, linkId, fields });
  }
  const { hash } = connection;
  const intents = wanted.map(
    ({ linkId, fields }) => ({ linkId, system, externalId: null, hashes: hash(fields), fields }) as const,
  );
  const answers = await recordCreations(tx, connection, intents);
  wanted.forEach(({ id, fields }, at) => {
    if (answers[at] === 'stands') taken.rows.push({ identifier: null, fields, ids: [id] });
  });
  return taken;
}

/** What a new record is to hold; `held`: not now; `over`: nobody is to be made any more. */
function fieldsOfCreation(connection: OpenConnection, state: LinkState): CanonicalFields | 'held' | 'over' {
  const view = viewOf(connection, { ...state, waiting: [] });
  if (view.held || view.awaiting !== null) return 'held';
  // That it may be made was decided, and perhaps asked, when it began to wait.
  const decision = decideLive({ ...view, creates: { ...view.creates, [system]: true } }, []);
  if (decision.create !== system) return 'over';
  const values = valuesToWrite(withRules(connection, state.rules), state.pair, system, decision.write[system]);
  const fit = Object.entries(values).filter(([name, value]) => 'text' in cellOf(connection.config.fields, name, value));
  return fit.length === 0 ? 'held' : Object.fromEntries(fit);
}

async function take(tx: Transaction, { scope }: OpenConnection, linkIds: readonly string[]) {
  const collected = await takeCollected(tx, scope, linkIds);
  const values = new Map<string, CollectedValue[]>();
  for (const one of collected) values.set(one.linkId, [...(values.get(one.linkId) ?? []), one]);
  return { values, states: await findLinkStates(tx, scope, linkIds, { depth: 'documents' }) };
}

function split<T>(all: readonly T[], belongs: (one: T) => boolean): readonly [T[], T[]] {
  return [all.filter(belongs), all.filter((one) => !belongs(one))];
}

/** How an imported file stands. */
export interface Judgement {
  /** Values of people whose record was not read since. 0: it is judged. */
  readonly unread: number;
  readonly counts: BatchCounts | null;
}

/**
 * Judges an imported file, if everything that it was to bring has been read since. What is shown has ended already (`judge_waiting`); what is
 * not is in the next file, or becomes a case. Live work looks at the links of which something is left to do. Repeatable.
 */
export async function judgeBatch(sql: Sql, connection: OpenConnection, number: number): Promise<Judgement> {
  const { scope, config } = connection;
  const maxFiles = workbookMode(config.yapla)?.maxFiles ?? 1;
  return await sql.begin(async (tx) => {
    await lockImports(tx, scope);
    const batch = await findBatch(tx, scope, number);
    if (batch === null || batch.state === 'judged') return { unread: 0, counts: batch?.counts ?? null };
    await takeLinks(tx, connection, number);
    const left = await unconfirmed(tx, scope, number);
    const unread = left.filter(({ isRead }) => !isRead).length;
    if (unread > 0) return { unread, counts: null };
    const ended = await endedPeople(tx, scope, number);
    const [tooOften, again] = split(left, ({ files }) => files >= maxFiles);
    await giveUp(tx, connection, tooOften);
    await settleIntents(
      tx,
      scope,
      left.filter(({ field }) => field === ''),
    );
    const unwanted = await collectAgain(
      tx,
      scope,
      again.map(({ id }) => id),
      notImported.code,
    );
    const asked = new Set(tooOften.map(({ linkId }) => linkId));
    const notShown = new Set(again.flatMap(({ linkId }) => (asked.has(linkId) ? [] : [linkId])));
    const whole = ended.filter(({ linkId }) => !asked.has(linkId) && !notShown.has(linkId));
    const edited = whole.filter(({ isEdited }) => isEdited).length;
    const counts = { confirmed: whole.length - edited, edited, notShown: notShown.size, asked: asked.size };
    await markJudged(tx, scope, number, counts);
    await lookAtLinks(tx, scope, [...ended.map(({ linkId }) => linkId), ...asked, ...unwanted]);
    return { unread: 0, counts };
  });
}

/** Holds the links of a file, in the order in which everybody holds links. */
async function takeLinks(tx: Transaction, { scope }: OpenConnection, number: number): Promise<void> {
  const left = await unconfirmed(tx, scope, number);
  await takeCollected(
    tx,
    scope,
    left.map(({ linkId }) => linkId),
  );
}

/** Asks about what import after import did not bring. */
async function giveUp(tx: Transaction, { scope }: OpenConnection, values: readonly Unconfirmed[]): Promise<void> {
  if (values.length === 0) return;
  const linkIds = [...new Set(values.map(({ linkId }) => linkId))];
  const states = await findLinkStates(tx, scope, linkIds, { depth: 'values' });
  const intents = await openIntents(tx, scope, linkIds);
  const cases = values.flatMap(({ linkId, field, files }): NewCase[] => {
    const state = states.get(linkId);
    if (state === undefined) return [];
    const saw = pairHashes(state.pair);
    if (field !== '') return [notImportedCase(linkId, field, 'notShown', saw, files)];
    const sends = intents.find((one) => one.linkId === linkId)?.sends ?? files;
    return [neverAppearedCase(linkId, system, sends, saw)];
  });
  await withdraw(
    tx,
    scope,
    values.map(({ id }) => id),
  );
  await openCases(tx, scope, null, cases);
}
