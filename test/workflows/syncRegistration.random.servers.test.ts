/** A handful of random registrations on the real servers: a hundred of each club live in syncRegistration.random.long.test.ts. */
import { expect, test } from '@jest/globals';
import { propertySeed } from '../helpers/property.js';
import { liveRegistrations } from '../helpers/registrationLives/run.js';

const seed = propertySeed();
const lives = 12;

test(`whatever becomes of ${lives} registrations, each has one order at most, and every difference is a question (seed ${seed})`, async () => {
  const lived = await liveRegistrations({ manners: 'acts', lives, seed, deaths: 0 });
  expect(lived).toMatchObject({ complaints: [], twice: [], writtenAtLast: 0 });
  // Something was at stake.
  expect(lived.placed).toBeGreaterThan(2);
  expect(lived.struck).toBeGreaterThan(0);
  expect(lived.webhooks.dropped).toBeGreaterThan(0);
});
