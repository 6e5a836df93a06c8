/** A Yapla account whose clock stands in another zone than the worker's: the one thing that says so is `yapla.timeZone`. */
import { afterEach, expect, test } from '@jest/globals';
import { resumeSignal } from '../../workflows/bulkSync.messages.js';
import { untilProgress } from '../helpers/bulkSync.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

let house: TestPasserelle;
afterEach(async () => await house.stop());

const zone = 'America/Toronto';
const configured = async (timeZone: string) =>
  await house.reconfigure((before) => ({ ...before, yapla: { ...before.yapla, timeZone } }));

test('times without an offset are read in the zone that is configured: in a wrong one a session is over before it begins, which is said', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 83, yapla: 0, yoplanning: 4, shared: 6, differing: 4 }, yapla: { timeZone: zone } },
    connection: { rule: 'yoplanning' },
    worker: false,
  });
  await configured('UTC');
  const handle = await house.startBulk();
  const { state } = await untilProgress(handle, (progress) => progress.state.kind === 'stopped');
  expect(JSON.stringify(state)).toContain('correct yapla.timeZone');

  await configured(zone);
  await house.sandbox.control.resetCounts();
  await handle.signal(resumeSignal);
  expect(await handle.result()).toMatchObject({ outcome: 'applied', differences: 0 });
  // A session lasts.
  expect((await house.sandbox.control.counts()).yapla.byKind.session).toBe(1);
  const [newest] = await house.sql<{ at: Date }[]>`
    select max(modified_at) as at from known_record where connection_id = ${house.connectionId} and system = 'yapla'`;
  // The people were made, and written to, within the test.
  expect(Math.abs(Date.now() - newest!.at.getTime())).toBeLessThan(30 * 60_000);
});
