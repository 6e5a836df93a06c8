/** Why a file is not taken as an export of members, each in one sentence: headers, cells and rows only, no value of anybody's. */
import { columnLetters } from './cell.js';
import { type ColumnTrouble, usualHeader } from './columns.js';
import type { OrderTrouble } from './dates.js';

export function columnTroubleText(trouble: ColumnTrouble): string {
  switch (trouble.is) {
    case 'noHeader':
      return `the first row of the file is no header of members: it has none of the columns ${quoted(['memberNumber', 'lastName', 'firstName'])}. Export the list with its headers, or name renamed ones in yapla.workbook.columns`;
    case 'donors':
      return 'the file is the list of donors, who are no members: export the list of members';
    case 'twice': {
      const where = trouble.columns.map(({ index, header }) => `${columnLetters(index)} ("${header}")`).join(' and ');
      return `columns ${where} are both taken for "${trouble.name}": export one of them only, or say in yapla.workbook.columns.${trouble.name} which it is`;
    }
    case 'lacking':
      return `the file lacks the column ${quoted(trouble.names)}, without which nobody knows whom a row is about: export it as well, or name it in yapla.workbook.columns where it is renamed`;
  }
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${usualHeader(name)}"`).join(', ');
}

export function orderTroubleText(header: string, trouble: OrderTrouble): string {
  const column = `the dates of column "${header}"`;
  switch (trouble.is) {
    case 'unsaid': {
      const more = trouble.count > trouble.rows.length ? ` and ${trouble.count - trouble.rows.length} more` : '';
      return `${column} can be read in two ways, and nothing in the file says which: day/month/year or month/day/year (rows ${trouble.rows.join(', ')}${more}). Look at one of them in Yapla, then say --date-order day-month (as in French) or --date-order month-day`;
    }
    case 'both':
      return `${column} are written in two ways: row ${trouble.dayFirst} can only be day/month/year, row ${trouble.monthFirst} only month/day/year. Export the file again, without a program in between`;
    case 'otherwise':
      return `${column} are not written as --date-order ${trouble.stated} says: row ${trouble.row} has no such day that way. Say the other order, or none where the file tells it by itself`;
  }
}

export function formulaText(cell: string, header: string): string {
  return `cell ${cell} (column "${header}") holds a formula, and what it came to is nothing that anybody entered: export the file again, or paste its values only`;
}
