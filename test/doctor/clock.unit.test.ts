import { expect, test } from '@jest/globals';
import type { Check } from '../../src/doctor/check.js';
import { checkClock } from '../../src/doctor/clock.js';

const noon = Date.UTC(2026, 2, 1, 12);

/** The check of an answer whose request took 400 ms from `sentAtMs` on. */
function clock(date: string | undefined, sentAtMs: number): Pick<Check, 'verdict' | 'finding'> {
  let check: Pick<Check, 'verdict' | 'finding'> | undefined;
  const headers = date === undefined ? {} : { date };
  checkClock(
    { headers, sentAtMs, answeredAtMs: sentAtMs + 400 },
    (_, verdict, finding) => (check = { verdict, finding }),
  );
  return check!;
}

test.each([
  [0, 'ok', 'the same as ours, within seconds'],
  [-2_900, 'ok', 'the same as ours, within seconds'],
  [2_300, 'ok', 'the same as ours, within seconds'],
  [-7_400, 'warning', 'at least 7 s behind ours'],
  [3_600_400, 'warning', 'at least 3599 s ahead of ours'],
])('a server %d ms from us is %s', (differenceMs, verdict, finding) => {
  // The header cuts off the fraction of the second.
  const date = new Date(Math.floor((noon + differenceMs) / 1_000) * 1_000).toUTCString();
  expect(clock(date, noon)).toEqual({ verdict, finding });
});

test('a server that does not tell its time is not judged', () => {
  expect(clock(undefined, noon)).toMatchObject({ verdict: 'skipped' });
  expect(clock('soon', noon)).toMatchObject({ verdict: 'skipped' });
});
