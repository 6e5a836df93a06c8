/**
 * A file of Yapla's exports: CSV (UTF-8 with BOM, `;`) or a workbook. Made without anything that reads such files here: what one gets wrong the
 * other must not get wrong as well.
 */
import writeExcelFile from 'write-excel-file/node';

/** How a file writes days; `typed` (cells of a sheet that are days) is text in CSV. */
export const dateStyles = ['iso', 'french', 'american', 'serial', 'typed'] as const;
type DateStyle = (typeof dateStyles)[number];

export interface ExportedFile {
  /** As Yapla names it, times in UTC. */
  readonly name: string;
  readonly content: Buffer;
}

/** A day, to be written in the style that is asked for. */
export class Day {
  constructor(readonly iso: string) {}
}

export type Value = string | Day | null;

export interface TableOptions {
  readonly form: 'csv' | 'xlsx';
  readonly dates: DateStyle;
  /** Name of the workbook's sheet. */
  readonly sheet: string;
}

/** The time in a file's name: `251211-1656`. @param at when the button is pressed; null: now */
export function stampOf(at: string | null): string {
  return (at ?? new Date().toISOString()).replace(/^20(..)-(..)-(..)T(..):(..).*$/, '$1$2$3-$4$5');
}

export async function tableFile(
  headers: readonly string[],
  rows: readonly (readonly Value[])[],
  options: TableOptions,
): Promise<Buffer> {
  return options.form === 'csv' ? csv(headers, rows, options) : await workbook(headers, rows, options);
}

function csv(headers: readonly string[], rows: readonly (readonly Value[])[], { dates }: TableOptions): Buffer {
  const lines = [headers, ...rows].map((row) => row.map((value) => quoted(textOf(value, dates))).join(';'));
  return Buffer.from(`\uFEFF${lines.join('\r\n')}\r\n`);
}

function quoted(text: string): string {
  return /[";\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const dayMs = 86_400_000;

/** Days since the last of 1899, as spreadsheets count. */
function serialOf({ iso }: Day): number {
  return Math.round((Date.parse(iso) - Date.parse('1899-12-30')) / dayMs);
}

function textOf(value: Value, dates: DateStyle): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  const [year, month, dayOfMonth] = value.iso.split('-') as [string, string, string];
  switch (dates) {
    case 'french':
    case 'typed':
      return `${dayOfMonth}/${month}/${year}`;
    case 'american':
      return `${month}/${dayOfMonth}/${year}`;
    case 'serial':
      return String(serialOf(value));
    case 'iso':
      return value.iso;
  }
}

async function workbook(
  headers: readonly string[],
  rows: readonly (readonly Value[])[],
  { dates, sheet }: TableOptions,
): Promise<Buffer> {
  const cell = (value: Value) => {
    if (value === null || value === '') return null;
    if (value instanceof Day && dates === 'typed') {
      return { type: Date, value: new Date(`${value.iso}T00:00:00Z`), format: 'dd/mm/yyyy' } as const;
    }
    if (value instanceof Day && dates === 'serial') return { type: Number, value: serialOf(value) } as const;
    return { type: String, value: textOf(value, dates) } as const;
  };
  const data = [headers, ...rows].map((row) => row.map(cell));
  return await writeExcelFile(data, { sheet }).toBuffer();
}
