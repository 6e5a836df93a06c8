/** Random histories of a club with events through the real engine, on the real PostgreSQL, and that they find faults. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bookingTest } from '../../helpers/bookingModel/bookingTest.js';
import { faults } from '../../helpers/bookingModel/faults.js';
import { clubHistories, runClubHistory } from '../../helpers/bookingModel/history.js';
import type { Faulty } from '../../helpers/bookingModel/workflow.js';
import { Violation } from '../../helpers/liveModel/world.js';
import { checkProperty, wholeNumber } from '../../helpers/property.js';

const { sql } = bookingTest('booking histories test');
const property = (faulty: Faulty) =>
  fc.asyncProperty(clubHistories, (history) => runClubHistory(sql(), history, faulty));

test('whatever Yapla, staff and persons do, and whatever is lost, late or cut off, a registration has one order at most, and every difference is a question', async () => {
  await checkProperty(property({}), { numRuns: wholeNumber('PASSERELLE_BOOKING_HISTORIES', 60) });
});

describe('the histories find a fault that is put in on purpose', () => {
  /** Whether a fault is found must not depend on the day. */
  const seed = 3;
  test.each(Object.entries(faults))('%s', async (_, faulty) => {
    const { errorInstance } = await fc.check(property(faulty), { seed, numRuns: 60, endOnFailure: true });
    expect(errorInstance).toBeInstanceOf(Violation);
  });
});
