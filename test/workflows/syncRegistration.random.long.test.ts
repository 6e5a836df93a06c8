/** A hundred random registrations of each kind of club on the real servers, while workers die of kill -9. */
import { expect, test } from '@jest/globals';
import { propertySeed, wholeNumber } from '../helpers/property.js';
import { liveRegistrations } from '../helpers/registrationLives/run.js';

const seed = propertySeed();
const lives = 100 * wholeNumber('FAST_CHECK_RUNS', 1);

test.each(['asks', 'acts'] as const)(
  `whatever becomes of ${lives} registrations of a club that %s, each has one order at most, and every difference is a question (seed ${seed})`,
  async (manners) => {
    const lived = await liveRegistrations({ manners, lives, seed, deaths: 3 });
    expect(lived).toMatchObject({ complaints: [], twice: [], writtenAtLast: 0 });
    // No loop: an order comes of something that somebody did.
    expect(lived.placed).toBeLessThanOrEqual(lived.changes);
    // Something was at stake.
    expect(lived.placed).toBeGreaterThan(lives / 3);
    expect(lived.struck).toBeGreaterThan(lives / 10);
    expect(Math.min(...Object.values(lived.webhooks))).toBeGreaterThan(lives / 20);
  },
);
