/** A record whose connection is refused costs nothing while it waits, and does not wait for ever. */
import { afterEach, expect, test } from '@jest/globals';
import { credentialsOf } from '../../src/connection.js';
import { liftStop, seenStops } from '../../src/store/budgetStops.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import { linkedPerson, recordWorkflows, until, untilHolds } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 14, yapla: 0, yoplanning: 0, shared: 2, differing: 0 };

/** More than one look and its stop take, however it is counted, and far less than two. */
const eventsOfOneLook = 25;

let house: TestPasserelle;
let one: { linkId: string; yapla: string; yoplanning: string };
let fault: string;
afterEach(async () => await house.stop());

/** A person was edited in Yapla, and Yoplanning refuses the token. */
async function stopped(live: { stoppedRetryMs: number; maxStoppedRetryMs?: number }): Promise<void> {
  house = await startPasserelle({ sandbox: { people }, connection: { settings: { live } } });
  await (await house.startBulk()).result();
  await house.startReceiver();
  one = await linkedPerson(house);
  fault = await house.sandbox.control.addFault({ system: 'yoplanning', action: { do: 'revoke' } });
  await house.sandbox.control.edit('yapla', one.yapla, { city: 'Rennes' });
  const query = `WorkflowId = '${workflowId()}' AND ExecutionStatus = 'Running' AND PasserelleState = 'stopped'`;
  await until(
    async () => (await house.client.workflow.count(query)).count,
    (n) => n === 1,
  );
}

const workflowId = () => syncRecordId(house.scope, one.linkId);

async function lift(): Promise<void> {
  await house.sandbox.control.removeFault(fault);
  const { yoplanning } = await credentialsOf(house.sql, house.connection);
  await liftStop(house.sql, yoplanning, (await seenStops(house.sql, yoplanning))[0]!);
}

test('looks by itself now and then as a new run each time: no history grows, no request is sent, and nothing is lost', async () => {
  await stopped({ stoppedRetryMs: 150, maxStoppedRetryMs: 150 });
  const { sent } = await requests();
  const runs = await until(
    async () => (await recordWorkflows(house)).filter((each) => each.workflowId === workflowId()),
    (all) => all.length > 5,
  );
  const lengths = runs.map(({ historyLength }) => historyLength);
  expect(Math.max(...lengths)).toBeLessThan(eventsOfOneLook);
  expect((await requests()).sent).toBe(sent);
  await lift();
  await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes' });
});

test('is woken by a worker that starts, which brings what was mended', async () => {
  await stopped({ stoppedRetryMs: 3_600_000 });
  await lift();
  await house.reconfigure((connection) => connection);
  await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes' });
});

test('ends, and says so, once its connection is not configured any more; its events wait for whoever configures it again', async () => {
  await stopped({ stoppedRetryMs: 150, maxStoppedRetryMs: 150 });
  const before = house.connection;
  await house.reconfigure(() => undefined);
  const ended = await until(
    async () => (await house.client.workflow.getHandle(workflowId()).describe()).status.name,
    (status) => status !== 'RUNNING' && status !== 'CONTINUED_AS_NEW',
  );
  expect(ended).toBe('COMPLETED');
  await until(
    () =>
      Promise.resolve(
        house.logLines.filter((line) => line.includes('the configuration has no such connection')).length,
      ),
    (n) => n > 0,
  );
  await lift();
  await house.reconfigure(() => before);
  await (await house.startBulk()).result();
  await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes' });
});

async function requests(): Promise<{ sent: number }> {
  const { yapla, yoplanning } = await house.sandbox.control.counts();
  return { sent: yapla.requests + yoplanning.requests };
}
