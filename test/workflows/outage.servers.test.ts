/** A day on which a system answers 503 to everything: what it costs, and what becomes of the changes of that day. */
import { afterEach, expect, test } from '@jest/globals';
import { breakerSchema } from '../../src/config/limits.js';
import { until } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

let house: TestPasserelle;
afterEach(async () => await house.stop());

/** A day takes this part of a day: what is configured for one is scaled with it. */
const scale = 1 / 6_000;
const dayMs = 86_400_000 * scale;
const { failuresInARow, firstPauseMs, longestPauseMs } = breakerSchema.parse({});
const breaker = {
  failuresInARow,
  firstPauseMs: firstPauseMs * scale,
  longestPauseMs: longestPauseMs * scale,
};
const edited = 50;

test('a day of 503 with 50 edited people costs at most 60 requests, and all 50 are carried over soon after', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 21, yapla: 0, yoplanning: 0, shared: edited, differing: 0 } },
    connection: {
      limits: { yoplanning: { requestsPerSecond: 5, secondWindowMs: 100 } },
      // Waits are made in the open from a minute of that day on.
      settings: { live: { shownWaitMs: 60_000 * scale, wakeMs: 50 } },
    },
    breaker,
  });
  const { sql, connectionId, sandbox } = house;
  const { control } = sandbox;
  await (await house.startBulk()).result();
  await house.startReceiver();
  const links = await sql<{ yapla: string; yoplanning: string }[]>`
    select yapla_id as yapla, yoplanning_id as yoplanning from link where connection_id = ${connectionId}`;
  expect(links).toHaveLength(edited);

  await control.resetCounts();
  const outage = await control.addFault({ system: 'yoplanning', action: { do: 'status', status: 503 } });
  const began = Date.now();
  for (const { yapla } of links) await control.edit('yapla', yapla, { city: 'Rennes' });
  // The day itself is what is waited for: what it costs while it lasts is the question.
  const spent = await until(
    async () => ({ requests: (await control.counts()).yoplanning.requests, ms: Date.now() - began }),
    ({ requests, ms }) => ms >= dayMs || requests > 60,
    2 * dayMs,
  );
  expect(spent.requests).toBeLessThanOrEqual(60);
  expect(spent.requests).toBeGreaterThan(failuresInARow);

  await control.removeFault(outage);
  await until(
    async () => {
      const now = await Promise.all(links.map(({ yoplanning }) => control.record('yoplanning', yoplanning)));
      return now.filter((record) => record?.person.city === 'Rennes').length;
    },
    (carried) => carried === edited,
  );
});
