/** What is wrong with rows, in words: numbers of rows and headers only, no value of anybody's. */
import type { EventProblemCode } from '../events/shown.js';
import type { RowProblem } from './rows.js';

/** What is wrong, as the rest of a sentence about a row or a record. @param what the rows are about */
export function problemText(problem: RowProblem, what: 'member' | 'registration' = 'member'): string {
  switch (problem.is) {
    case 'noNumber':
      return `it has no ${what} number`;
    case 'errorCell':
      return `column "${problem.header}" shows an error of the spreadsheet program`;
    case 'noDate':
      return `column "${problem.header}" holds no date that can be read for certain`;
    case 'ragged':
      return 'it has more or fewer values than the header, so nobody knows which is which';
    case 'contradiction':
      return `rows ${problem.rows[0]} and ${problem.rows[1]} have the same ${what} number and differ in column "${problem.header}"`;
    case 'unknownNumber':
      return `no record that is known has its ${what} number`;
    case 'sharedNumber':
      return `several records have its ${what} number`;
    case 'unreadable':
      return problem.problems
        .map(
          ({ place, code }) => `${place}: ${place === 'currency' && code === 'missing' ? noCurrency : codeTexts[code]}`,
        )
        .join('; ');
  }
}

const noCurrency = 'nothing is shown, and yapla.events.currency names none';

/** What is wrong at a place, in words. */
const codeTexts: Readonly<Record<EventProblemCode, string>> = {
  missing: 'nothing is shown',
  notText: 'it is no text',
  notId: 'it is no id',
  notMoney: 'it is no amount',
  notCurrency: 'it is no currency',
  notTime: 'it is no date or time',
  notList: 'it is no list',
  unknownWord: 'nobody knows the word (yapla.events has those of statuses)',
  endsBeforeStart: 'the event ends before it begins',
  noParticipants: 'there are no participants',
  tooManyParticipants: 'there are more participants than yapla.events.registration.maxParticipants',
  sameParticipantTwice: 'the same person stands there twice',
};
