/** Registrations while Yoplanning refuses, fails, or has too few places: what stops are bookings, and nothing is booked twice. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { resumeConnection } from '../../src/cli/resume.js';
import type { Fault } from '../../src/sandbox/faults.js';
import { EventsClub } from '../helpers/eventsClub.js';
import { linkedPerson, until, untilHolds } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';

const start = neighbours();

let club: EventsClub;
afterEach(async () => await club.stop());

const addFault = async (fault: Omit<Fault, 'system'>) =>
  await club.house.sandbox.control.addFault({ system: 'yoplanning', resource: 'order', ...fault });

/** Until so many workflows of registrations are stopped. */
async function untilStopped(n: number): Promise<void> {
  const { client, connectionId } = club.house;
  const query = `WorkflowType = 'syncRegistration' AND PasserelleConnection = '${connectionId}' AND ExecutionStatus = 'Running' AND PasserelleState = 'stopped'`;
  await until(
    async () => (await client.workflow.count(query)).count,
    (count) => count === n,
  );
}

async function resume(): Promise<void> {
  const { client, sql, config, connectionId } = club.house;
  await resumeConnection({ client, sql, connections: config.connections }, connectionId);
}

describe('an account that may not read orders (403)', () => {
  test('has its registrations stopped with a sentence, and people go on; after a resume the order is looked at', async () => {
    club = await EventsClub.open(start);
    const id = await club.register([club.members[0]!]);
    await club.untilQuiet();
    const [order] = await club.orders(id);
    const fault = await addFault({ kind: 'read', action: { do: 'forbid' } });
    await club.house.sandbox.control.bookings.editOrder(order!.id, { price: '5.00' });
    await untilStopped(1);
    // The SDK hands lines of workflows on when it comes to it.
    await until(
      () => Promise.resolve(club.house.logLines),
      (lines) =>
        lines.some(
          (line) =>
            line.includes('stopped until it is mended') &&
            line.includes(`"yapla:${id}"`) &&
            line.includes('Have the right granted to the credential; people are synchronised meanwhile'),
        ),
    );
    const { yapla, yoplanning } = await linkedPerson(club.house);
    await club.house.sandbox.control.edit('yapla', yapla, { city: 'Rennes' });
    await untilHolds(club.house, 'yoplanning', yoplanning, { city: 'Rennes' });
    await club.house.sandbox.control.removeFault(fault);
    await resume();
    await club.untilQuiet();
    expect(await club.caseKinds()).toEqual(['orderChanged']);
  });
});

describe('an account that may not book (403)', () => {
  test.each(['check', 'create'] as const)(
    'has its bookings stopped at the %s, and people go on; after a resume each is booked once',
    async (kind) => {
      club = await EventsClub.open(start);
      const fault = await addFault({ kind, action: { do: 'status', status: 403 } });
      const ids = [await club.register([club.members[0]!]), await club.register([club.members[1]!])];
      await untilStopped(2);
      const { yapla, yoplanning } = await linkedPerson(club.house);
      await club.house.sandbox.control.edit('yapla', yapla, { city: 'Rennes' });
      await untilHolds(club.house, 'yoplanning', yoplanning, { city: 'Rennes' });
      await club.house.sandbox.control.removeFault(fault);
      await resume();
      for (const id of ids)
        await until(
          async () => (await club.orders(id)).length,
          (n) => n === 1,
        );
      await club.untilQuiet();
      expect(await club.orders()).toHaveLength(2);
      expect(await club.caseKinds()).toEqual([]);
    },
  );
});

describe('a server that fails', () => {
  test.each([
    ['at the validation', { kind: 'check', action: { do: 'status', status: 500 } }],
    ['at the validation, by a reset', { kind: 'check', action: { do: 'reset' } }],
    ['before an order took effect', { kind: 'create', action: { do: 'status', status: 500 } }],
    ['after an order took effect', { kind: 'create', action: { do: 'status', status: 500, effect: 'applied' } }],
    ['by a reset before an order took effect', { kind: 'create', action: { do: 'reset' } }],
  ] as const)('%s, leads to one order', async (_, fault) => {
    club = await EventsClub.open(start);
    await addFault({ ...fault, times: 1 });
    const id = await club.register();
    await club.untilQuiet();
    expect(await club.orders(id)).toHaveLength(1);
    expect(await club.caseKinds()).toEqual([]);
  });
});

test('twenty registrations at once for the last three places make three orders and seventeen questions, and no 429', async () => {
  const limits = { requestsPerSecond: 20, requestsPerDay: 1_000 };
  club = await EventsClub.open(start, {
    places: 3,
    options: {
      sandbox: { people: { seed: 11, yapla: 0, yoplanning: 0, shared: 20, differing: 0 }, yoplanning: { limits } },
      connection: { limits: { yoplanning: limits } },
    },
  });
  await Promise.all(club.members.map(async (member) => await club.register([member])));
  await club.untilQuiet();
  expect(await club.orders()).toHaveLength(3);
  expect(await club.caseKinds()).toEqual(Array.from({ length: 17 }, () => 'noPlace'));
  expect((await club.house.sandbox.control.counts()).yoplanning.throttled).toBe(0);
});
