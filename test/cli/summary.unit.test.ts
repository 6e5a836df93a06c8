/** What the summary of a bulk sync says of its outcomes and of its cost. */
import { expect, test } from '@jest/globals';
import { outcomeText, ratioText } from '../../src/cli/summary.js';

test('people who are gone are told as questions, not as removals', () => {
  expect(outcomeText('removed', 30)).toBe('30 gone, a person is asked (nothing is deleted)');
  expect(outcomeText('deferred', 12)).toBe('12 wait for the import file');
  expect(outcomeText('written', 2)).toBe('2 written');
});

test('requests are never told as less than once the lower bound', () => {
  expect(ratioText(12, 10)).toBe(' (1.20 × the lower bound of 10)');
  expect(ratioText(10, 10)).toContain('1.00 × the lower bound');
  expect(ratioText(9, 10)).not.toMatch(/×|lower bound/);
  expect(ratioText(0, 0)).toBe('');
});
