/** The schedule on the real server: what it starts deletes what is over its time, and nothing else. */
import { afterEach, expect, test } from '@jest/globals';
import { ScheduleNotFoundError } from '@temporalio/client';
import { retentionScheduleId, scheduleRetention } from '../src/retention.js';
import { until } from './helpers/bulkSync.js';
import { historyText } from './helpers/historyText.js';
import { startPasserelle, type TestPasserelle } from './helpers/passerelle.js';

let house: TestPasserelle;
const schedule = () => house.client.schedule.getHandle(retentionScheduleId(house.taskQueue));
afterEach(async () => {
  await schedule()
    .delete()
    .catch((error: unknown) => {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    });
  await house.stop();
});

const people = { seed: 63, yapla: 1, yoplanning: 1, shared: 2, differing: 2 };

/** Has the schedule start now what it would start at its time. @returns what was deleted, by kind; and the history as text */
async function carryOut() {
  const runs = async () => (await schedule().describe()).info.recentActions;
  const earlier = (await runs()).length;
  await schedule().trigger();
  const started = await until(runs, (actions) => actions.length > earlier);
  const { workflow } = started.at(-1)!.action;
  const handle = house.client.workflow.getHandle(workflow.workflowId);
  const counts = (await handle.result()) as Record<string, number>;
  return { counts, told: await historyText(handle) };
}

test('what is over its time is deleted by a schedule, which tells counts alone; the day’s requests still count', async () => {
  house = await startPasserelle({ sandbox: { people } });
  const { sql, client, config } = house;
  await (await house.startBulk()).result();
  // Nothing would be kept, were it not for what something needs.
  Object.assign(config.retention, { requestLogDays: 0, planItemsDays: 0, scansDays: 0 });
  await scheduleRetention(client, config);
  await sql`update journal set at = at - interval '1096 days'`;
  const count = async (table: string) => (await sql`select 1 from ${sql(table)}`).length;
  const before = { journal: await count('journal'), items: await count('plan_item'), links: await count('link') };
  const requests = await count('request_log');
  expect([before.journal > 0, before.items > 0, requests > 0]).toEqual([true, true, true]);

  const { counts, told } = await carryOut();
  expect(counts).toMatchObject({ journal: before.journal, planItems: before.items, tombstones: 0, closedCases: 0 });
  expect([await count('journal'), await count('plan_item'), await count('link')]).toEqual([0, 0, before.links]);
  expect([await count('request_log'), await count('scan')]).toEqual([requests, 2]);
  const [name] = await sql<
    { city: string }[]
  >`select fields->>'city' as city from shadow where fields->>'city' is not null limit 1`;
  expect(told).not.toContain(name!.city);

  // The second run finds nothing, and the next sync has nothing to repair.
  expect((await carryOut()).counts).toMatchObject({ journal: 0, planItems: 0 });
  expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
});

test('each worker that starts brings the schedule up to date, and leaves it paused where somebody paused it', async () => {
  house = await startPasserelle({ sandbox: { people }, worker: false });
  const { client, config } = house;
  await Promise.all([scheduleRetention(client, config), scheduleRetention(client, config)]);
  await schedule().pause('while we look');
  // The server takes it into account a moment after it has said yes.
  await until(
    async () => (await schedule().describe()).state.paused,
    (paused) => paused,
  );
  config.retention.everyHours = 12;
  await scheduleRetention(client, config);
  const { spec, state, policies } = await schedule().describe();
  expect(spec.intervals).toMatchObject([{ every: 12 * 3_600_000 }]);
  expect([state.paused, state.note, policies.overlap]).toEqual([true, 'while we look', 'SKIP']);
});
