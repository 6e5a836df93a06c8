/** Registrations whose credential must wait show it, with its time, and go on when they are told that it may be used again. */
import { afterEach, expect, test } from '@jest/globals';
import { resumeConnection } from '../../src/cli/resume.js';
import { credentialsOf } from '../../src/connection.js';
import { EventsClub } from '../helpers/eventsClub.js';
import { recordProgress, until } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';

const start = neighbours();
const daySeconds = 86_400;
const hourMs = 3_600_000;

let club: EventsClub;
afterEach(async () => await club.stop());

const refuseOnce = async (kind: 'check' | 'create' | 'read') =>
  await club.house.sandbox.control.addFault({
    system: 'yoplanning',
    resource: 'order',
    kind,
    times: 1,
    action: { do: 'refuse', seconds: daySeconds },
  });

/** Hours until the time that the registration's workflow shows that it waits for. */
async function hoursShown(registration: string): Promise<number> {
  const { until: opensAt } = (await until(
    // Before it has begun, there is none to ask.
    () => recordProgress(club.house, `yapla:${registration}`, club.scope).catch(() => null),
    (progress) => progress?.state === 'waitingForBudget',
  ))!;
  return (Date.parse(opensAt!) - Date.now()) / hourMs;
}

/** As if the time were over that the server named, and somebody said so. */
async function dayIsOver(): Promise<void> {
  const { client, sql, config, connection, connectionId } = club.house;
  const { yoplanning } = await credentialsOf(sql, connection);
  await sql`update budget set closed_until = now() where credential = ${yoplanning}`;
  await resumeConnection({ client, sql, connections: config.connections }, connectionId);
}

test.each(['check', 'create'] as const)(
  'a 429 that asks for a day at the %s is shown with its time, and then the order is placed once',
  async (kind) => {
    club = await EventsClub.open(start);
    await refuseOnce(kind);
    const id = await club.register();
    const hours = await hoursShown(id);
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThan(25);
    expect(await club.orders()).toEqual([]);

    await dayIsOver();
    await club.untilQuiet();
    expect(await club.orders(id)).toHaveLength(1);
    expect(await club.caseKinds()).toEqual([]);
  },
);

test('a 429 that asks for a day when an order that staff changed is read is shown, and then the change is asked about', async () => {
  club = await EventsClub.open(start);
  const id = await club.register();
  await club.untilQuiet();
  await refuseOnce('read');
  await club.house.sandbox.control.bookings.editOrder((await club.orders(id))[0]!.id, { price: '5.00' });
  expect(await hoursShown(id)).toBeGreaterThan(23.9);

  await dayIsOver();
  await club.untilQuiet();
  expect(await club.caseKinds()).toEqual(['orderChanged']);
});
