/**
 * Dates of a file that says nothing of how it writes them. Day and month are never swapped: a column is read one way only where its own
 * values say which, or where a person does.
 */
import { remembering } from '../remembered.js';
import type { Cell } from './cell.js';

export const dateOrders = ['day-month', 'month-day'] as const;

/** How a date with slashes, points or dashes begins, the year standing last. */
export type DateOrder = (typeof dateOrders)[number];

/**
 * - `day`: it can be one day only, as `YYYY-MM-DD`; `order`: read in this order, in the other there is no such day
 * - `open`: two days, depending on the order; `written` is what `closeDate` takes
 * - `none`: no date at all
 */
export type DateReading =
  | { readonly is: 'empty' }
  | { readonly is: 'day'; readonly day: string; readonly order?: DateOrder }
  | { readonly is: 'open'; readonly written: string }
  | { readonly is: 'none' };

const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?$/;
const yearLast = /^(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:[T ,].*)?$/;
const serial = /^\d{1,7}(?:[.,]\d+)?$/;

/** PHP's way to show that there is none. */
const zeros = /^0000-00-00/;

/** Reads one cell of a column that holds dates. @param is1904 how the workbook counts the days */
export function readDate(cell: Cell | undefined, is1904 = false): DateReading {
  if (cell === undefined || cell === null) return { is: 'empty' };
  if (typeof cell === 'string') return readText(cell.trim(), is1904);
  if (cell.is === 'day') return cell.day === null ? { is: 'none' } : { is: 'day', day: cell.day };
  if (cell.is === 'number') return ofSerial(cell.value, is1904);
  return { is: 'none' };
}

function readText(text: string, is1904: boolean): DateReading {
  if (text === '' || zeros.test(text)) return { is: 'empty' };
  const whole = iso.exec(text);
  if (whole !== null) return dayReading(dayOf(whole[1]!, whole[2]!, whole[3]!));
  if (serial.test(text)) return ofSerial(Number(text.replace(',', '.')), is1904);
  const [, first, , second, year] = yearLast.exec(text) ?? [];
  if (first === undefined || second === undefined || year === undefined) return { is: 'none' };
  const dayFirst = dayOf(year, second, first);
  const monthFirst = dayOf(year, first, second);
  if (dayFirst !== null && monthFirst !== null) {
    if (dayFirst === monthFirst) return { is: 'day', day: dayFirst };
    return { is: 'open', written: `${Number(first)}/${Number(second)}/${year}` };
  }
  if (dayFirst !== null) return { is: 'day', day: dayFirst, order: 'day-month' };
  if (monthFirst !== null) return { is: 'day', day: monthFirst, order: 'month-day' };
  return { is: 'none' };
}

function dayReading(day: string | null): DateReading {
  return day === null ? { is: 'none' } : { is: 'day', day };
}

/** A bare year is no serial number: as one it would be a day in 1905. */
function ofSerial(value: number, is1904: boolean): DateReading {
  if (Number.isInteger(value) && value >= 1_900 && value <= 2_100) return { is: 'none' };
  return dayReading(dayOfSerial(value, is1904));
}

const dayMs = 86_400_000;
/** 9999-12-31: no spreadsheet counts further. */
const lastSerial = 2_958_465;

/**
 * The day that a spreadsheet's number stands for; null: none. Excel counts from 1900-01-01 as 1, and with Lotus 1-2-3 takes 1900 for a leap
 * year: 60 is a day that never was. Workbooks of old Macs count from 1904-01-01 as 0.
 */
export function dayOfSerial(value: number, is1904: boolean): string | null {
  const days = Math.floor(value) + (is1904 ? 1_462 : 0);
  if (!(days >= 1 && days <= lastSerial) || days === 60) return null;
  const sinceEpoch = days - 25_569 + (days < 60 ? 1 : 0);
  return rememberDay(String(sinceEpoch), () => new Date(sinceEpoch * dayMs).toISOString().slice(0, 10));
}

/** The same days come again and again. */
const rememberDay = remembering<string>(8_192);

/** `YYYY-MM-DD`; null: no such day in the calendar. */
function dayOf(year: string, month: string, day: string): string | null {
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const date = new Date(`${text}T00:00:00Z`);
  // Date takes 31 April for 1 May: what comes back must be what went in.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : null;
}

const written = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/;

/** A day as `readDate` left it: one that was open, in the order that the column turned out to have. */
export function closeDate(text: string, order: DateOrder): string {
  const [, first, second, year] = written.exec(text) ?? [];
  if (first === undefined || second === undefined || year === undefined) return text;
  const [day, month] = order === 'day-month' ? [first, second] : [second, first];
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

/** Rows of a column that a person is shown. */
const shownRows = 5;

/** What one column's dates say about their order. */
export class OrderEvidence {
  #open: number[] = [];
  #openCount = 0;
  #proofs: Partial<Record<DateOrder, number>> = {};

  tell(row: number, reading: DateReading): void {
    if (reading.is === 'open') {
      this.#openCount += 1;
      if (this.#open.length < shownRows) this.#open.push(row);
    } else if (reading.is === 'day' && reading.order !== undefined) this.#proofs[reading.order] ??= row;
  }

  /**
   * The order of the column. Null: it has no date of which it matters.
   *
   * @param stated by a person
   */
  judge(stated: DateOrder | null): DateOrder | null | OrderTrouble {
    const { 'day-month': dayFirst, 'month-day': monthFirst } = this.#proofs;
    if (dayFirst !== undefined && monthFirst !== undefined) return { is: 'both', dayFirst, monthFirst };
    const proven = dayFirst !== undefined ? 'day-month' : monthFirst !== undefined ? 'month-day' : null;
    if (proven !== null && stated !== null && proven !== stated) {
      return { is: 'otherwise', stated, row: (dayFirst ?? monthFirst)! };
    }
    const order = proven ?? stated;
    if (order === null && this.#openCount > 0) return { is: 'unsaid', rows: this.#open, count: this.#openCount };
    return order;
  }
}

/**
 * - `unsaid`: each date of the column can be read in both orders
 * - `both`: one row can only be read in one order, another only in the other
 * - `otherwise`: a row can only be read in the order that was not stated
 */
export type OrderTrouble =
  | { readonly is: 'unsaid'; readonly rows: readonly number[]; readonly count: number }
  | { readonly is: 'both'; readonly dayFirst: number; readonly monthFirst: number }
  | { readonly is: 'otherwise'; readonly stated: DateOrder; readonly row: number };
