/**
 * A row of the export as it is staged: the values of the columns that count, as texts, or what is wrong with it. Several rows can be about
 * one person, one for each membership; what they are folded into is the member.
 */
import type { EventProblem } from '../events/shown.js';
import { isRecordId } from '../record.js';
import { type Cell, columnLetters, type FileRow, textOf } from './cell.js';
import { type FoundColumn, membershipColumns, membershipDays } from './columns.js';
import { closeDate, type DateOrder, OrderEvidence, type OrderTrouble, readDate } from './dates.js';

/** What is wrong with a row, or with a member's rows. Headers and numbers of rows only: no value of anybody's. */
export type RowProblem =
  | { readonly is: 'noNumber' }
  | { readonly is: 'errorCell' | 'noDate'; readonly header: string }
  | { readonly is: 'ragged' }
  /** Two rows of one member say different things about the person. */
  | { readonly is: 'contradiction'; readonly header: string; readonly rows: readonly [number, number] }
  /** No record that is known has this number, so nobody knows its id. */
  | { readonly is: 'unknownNumber' }
  /** Several records have it. */
  | { readonly is: 'sharedNumber' }
  /** Of a registration: what its rows come to cannot be read. */
  | { readonly is: 'unreadable'; readonly problems: readonly EventProblem[] };

export interface StagedRow {
  readonly row: number;
  /** Of the member; null where that cannot be read. */
  readonly number: string | null;
  /** In the order of the columns. Null: empty. A day as `readDate` has it. */
  readonly values: readonly (string | null)[];
  readonly problem: RowProblem | null;
}

/** A formula stands in a column that counts. */
export class FormulaFound extends Error {
  override readonly name = 'FormulaFound';
  constructor(
    /** As a spreadsheet names it: C12. */
    readonly cell: string,
    readonly header: string,
  ) {
    super(`cell ${cell} (column "${header}") holds a formula`);
  }
}

export interface RowLayout {
  readonly columns: readonly FoundColumn[];
  /** Name of the column by which rows are about one record; left out: that of the member number. */
  readonly numberColumn?: string;
  /** Names of mapped fields, or of other columns, that are days. */
  readonly dayFields: ReadonlySet<string>;
  /** Digits that a number has at least, filled up with zeros in front. */
  readonly numberDigits: number;
}

/** Reads rows, and gathers what they say about the order of their dates. */
export class RowReader {
  readonly #layout: RowLayout;
  readonly #is1904: boolean;
  readonly #numberAt: number;
  /** By position of the column in the layout; undefined: it holds no days. */
  readonly #evidence: readonly (OrderEvidence | undefined)[];

  constructor(layout: RowLayout, is1904: boolean) {
    this.#layout = layout;
    this.#is1904 = is1904;
    this.#numberAt = layout.columns.findIndex(({ name }) => name === (layout.numberColumn ?? 'memberNumber'));
    this.#evidence = layout.columns.map(({ name }) => (isDay(name, layout) ? new OrderEvidence() : undefined));
  }

  /** @returns null where all of its cells are empty @throws {FormulaFound} */
  read({ number: row, cells, isRagged = false }: FileRow): StagedRow | null {
    const { columns } = this.#layout;
    let problem: RowProblem | null = isRagged ? { is: 'ragged' } : null;
    const values = columns.map(({ index, header }, nth) => {
      const cell = cells[index] ?? null;
      if (typeof cell === 'object' && cell !== null) {
        if (cell.is === 'formula') throw new FormulaFound(`${columnLetters(index)}${row}`, header);
        if (cell.is === 'error') problem ??= { is: 'errorCell', header };
      }
      const evidence = this.#evidence[nth];
      if (evidence === undefined) return nth === this.#numberAt ? this.#numberOf(cell) : textOf(cell);
      const reading = readDate(cell, this.#is1904);
      evidence.tell(row, reading);
      if (reading.is === 'none') problem ??= { is: 'noDate', header };
      return reading.is === 'day' ? reading.day : reading.is === 'open' ? reading.written : null;
    });
    if (values.every((value) => value === null) && cells.every((cell) => cell === null || textOf(cell) === null)) {
      return problem === null || isRagged ? null : { row, number: null, values, problem };
    }
    const number = isRagged ? null : (values[this.#numberAt] ?? null);
    if (number === null) problem ??= { is: 'noNumber' };
    return { row, number, values, problem };
  }

  /** Yapla writes `00012` where Excel, once it has opened the file, has 12: both are one member. */
  #numberOf(cell: Cell): string | null {
    const text = textOf(cell)?.trim() ?? null;
    if (text === null || !isRecordId(text)) return null;
    return memberNumber(text, this.#layout.numberDigits);
  }

  /**
   * The order of each column of days, by its name, once all rows were read.
   *
   * @param stated by a person @throws {OrderUnclear}
   */
  orders(stated: DateOrder | null): Record<string, DateOrder> {
    const orders: Record<string, DateOrder> = {};
    this.#layout.columns.forEach(({ name, header }, nth) => {
      const verdict = this.#evidence[nth]?.judge(stated) ?? null;
      if (typeof verdict === 'object' && verdict !== null) throw new OrderUnclear(header, verdict);
      if (verdict !== null) orders[name] = verdict;
    });
    return orders;
  }
}

/** Nobody knows how a column writes its dates. */
export class OrderUnclear extends Error {
  override readonly name = 'OrderUnclear';
  constructor(
    readonly header: string,
    readonly trouble: OrderTrouble,
  ) {
    super(`the dates of column "${header}" can be read in two ways`);
  }
}

function isDay(name: string, { dayFields }: RowLayout): boolean {
  return dayFields.has(name) || membershipDays.includes(name);
}

/** A member's number in the form of its format (`{00000}`); what is no number stays as it is. */
export function memberNumber(text: string, digits: number): string {
  return /^\d+$/.test(text) ? text.padStart(digits, '0') : text;
}

/** One membership of a member, by the names of its columns. */
export type Membership = Readonly<Record<string, string | null>>;

export interface FoldedMember {
  readonly number: string;
  /** By the names of the columns that say something about the person. */
  readonly values: Readonly<Record<string, string | null>>;
  readonly memberships: readonly Membership[];
}

const ofMembership = new Set<string>(membershipColumns);

/** The member that rows are about, or what is wrong with them. @param rows of one number, in their order */
export function foldMember(
  rows: readonly StagedRow[],
  columns: readonly FoundColumn[],
  orders: Readonly<Record<string, DateOrder>>,
): FoldedMember | RowProblem {
  const [first, ...others] = rows as readonly [StagedRow, ...StagedRow[]];
  for (const { problem } of rows) if (problem !== null) return problem;
  const valueOf = ({ values }: StagedRow, nth: number, name: string) => {
    const value = values[nth] ?? null;
    const order = orders[name];
    return value === null || order === undefined ? value : closeDate(value, order);
  };
  const person: Record<string, string | null> = {};
  for (const [nth, { name, header }] of columns.entries()) {
    if (ofMembership.has(name)) continue;
    const value = valueOf(first, nth, name);
    for (const other of others) {
      if (comparable(valueOf(other, nth, name)) === comparable(value)) continue;
      return { is: 'contradiction', header, rows: [first.row, other.row] };
    }
    person[name] = value;
  }
  const memberships = rows.flatMap((row) => {
    const entries = columns.flatMap(({ name }, nth) =>
      ofMembership.has(name) ? [[name, valueOf(row, nth, name)] as const] : [],
    );
    return entries.some(([, value]) => value !== null) ? [Object.fromEntries(entries)] : [];
  });
  return { number: first.number!, values: person, memberships };
}

/** Blanks round a value, and how its accents are composed, are no contradiction. */
function comparable(value: string | null): string | null {
  return value === null ? null : value.trim().normalize('NFC');
}

export function isProblem(folded: FoldedMember | RowProblem): folded is RowProblem {
  return 'is' in folded;
}
