/** What is wrong with rows, in words: numbers of rows and headers only, no value of anybody's. */
import type { RowProblem } from './rows.js';

/** What is wrong, as the rest of a sentence about a row or a member. */
export function problemText(problem: RowProblem): string {
  switch (problem.is) {
    case 'noNumber':
      return 'it has no member number';
    case 'errorCell':
      return `column "${problem.header}" shows an error of the spreadsheet program`;
    case 'noDate':
      return `column "${problem.header}" holds no date that can be read for certain`;
    case 'ragged':
      return 'it has more or fewer values than the header, so nobody knows which is which';
    case 'contradiction':
      return `rows ${problem.rows[0]} and ${problem.rows[1]} have the same member number and differ in column "${problem.header}"`;
    case 'unknownNumber':
      return 'no record that is known has its member number';
    case 'sharedNumber':
      return 'several records have its member number';
  }
}
