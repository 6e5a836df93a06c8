/** `passerelle events …`, on real servers: what is listed and proposed, what a person says, and the plan before the first booking. */
import { expect, test } from '@jest/globals';
import { commandsOn } from '../helpers/commands.js';
import { EventsClub, type Member } from '../helpers/eventsClub.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const start = neighbours();

let house: TestPasserelle;
const passerelle = commandsOn(() => house);

test('an event is listed with the session that it could be, mapped as proposed, planned, approved, and then booked', async () => {
  const club = await EventsClub.open(start, { begins: false });
  ({ house } = club);
  const { connectionId } = house;
  const id = await club.register();
  await club.untilQuiet();

  const listed = await passerelle('events', 'map', connectionId);
  expect(listed.status).toBe(0);
  const proposed = /passerelle (events map .*)$/m.exec(listed.said)![1]!;
  expect(proposed).toBe(
    `events map ${connectionId} --event "id ${club.event}" --product ${club.product} --session ${club.session}`,
  );

  const words = [...proposed.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  expect(await passerelle(...words)).toMatchObject({ status: 0 });
  const planned = await passerelle('events', 'plan', connectionId);
  expect(planned.said).toContain('1 would be booked');
  expect(planned.said).toContain('Cost: 3 requests');
  expect(await club.orders()).toEqual([]);

  const [, plan] = /events approve \S+ (\d+)/.exec(planned.said)!;
  expect(await passerelle('events', 'approve', connectionId, plan!)).toMatchObject({ status: 0 });
  await club.untilQuiet();
  expect(await club.orders(id)).toHaveLength(1);
  expect((await passerelle('audit', connectionId)).said).toContain('mapEvent');
});

test('an event that no registration names is refused, and so is a plan that there is not', async () => {
  const club = await EventsClub.open(start, { begins: false });
  ({ house } = club);
  const map = await passerelle('events', 'map', house.connectionId, '--event', 'id 77', '--product', club.product);
  expect(map).toMatchObject({ status: 2, said: expect.stringContaining('no registration') });
  expect(await passerelle('events', 'approve', house.connectionId, '9')).toMatchObject({ status: 2 });
});

test('what a person booked and gave is shown by their number or id, and of nobody else', async () => {
  const club = await EventsClub.open(start);
  ({ house } = club);
  const { connectionId } = house;
  const [member, other] = club.members as [Member, Member];
  await club.register([member]);
  const donor = { memberId: member.yapla, firstName: 'Prénom', lastName: 'Nom' };
  await house.sandbox.control.yaplaEvents.donate({ donor, amount: 2_050 });
  await club.untilQuiet();
  for (const record of [`yapla:${member.yapla}`, `yoplanning:${member.yoplanning}`]) {
    const { status, said } = await passerelle('events', 'person', connectionId, record);
    expect(said).toMatch(/^Booked in Yoplanning: 1\n {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}Journée de voile {2}0\.00 EUR/);
    expect(said).toMatch(/^Given in Yapla: 1\n.* Campagne annuelle {2}20\.50 EUR {2}validated, donation \d+$/m);
    expect(status).toBe(0);
  }
  const nothing = await passerelle('events', 'person', connectionId, `yapla:${other.yapla}`);
  expect(nothing.said).toBe('Booked in Yoplanning: 0\nGiven in Yapla: 0');
  const { said } = await passerelle('events', 'person', connectionId, `yapla:${member.yapla}`, '--json');
  expect(JSON.parse(said)).toMatchObject({ ...member, bookings: [{}], donations: [{ amount: '20.50' }] });
  for (const nobody of ['yapla:77777', member.yapla])
    expect(await passerelle('events', 'person', connectionId, nobody)).toMatchObject({ status: 2 });
});

test('a question about a registration is listed with the others and answered by a command', async () => {
  const club = await EventsClub.open(start, { places: 0 });
  ({ house } = club);
  const id = await club.register();
  await club.untilQuiet();
  const listed = await passerelle('cases', house.connectionId);
  const [, number] = /^\s*(\d+)\s+noPlace/m.exec(listed.said)!;
  expect(listed.said).toContain(`resolve ${number} --take carry-out|wait|keep`);
  expect((await passerelle('case', number!)).said).toContain(club.session);
  expect(await passerelle('resolve', number!, '--take', 'yapla')).toMatchObject({ status: 2 });
  await house.sandbox.control.bookings.setPlaces(club.session, 1);
  expect(await passerelle('resolve', number!, '--take', 'carry-out')).toMatchObject({ status: 0 });
  await club.untilQuiet();
  expect(await club.orders(id)).toHaveLength(1);
});
