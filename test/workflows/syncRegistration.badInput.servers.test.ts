/**
 * Registrations that cannot be booked as they come, told to the receiver: each ends in a question that says why, in a refusal with a sentence, or
 * in one order. One club stands for all: each test has registrations of its own.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { savePlace } from '../../src/store/bookings.js';
import { findCase } from '../../src/store/cases.js';
import { EventsClub } from '../helpers/eventsClub.js';
import { neighbours } from '../helpers/neighbours.js';

const hourMs = 3_600_000;

let club: EventsClub;
let n = 0;
beforeAll(async () => {
  club = await EventsClub.open(start, { places: 500 });
});
afterAll(async () => {
  // Whatever was told: no registration has two orders, and nothing is charged that was not paid.
  const orders = await club.orders();
  const references = orders.map((one) => one.external_reference);
  expect(new Set(references).size).toBe(references.length);
  expect(orders.flatMap(({ payments }) => payments)).toEqual([]);
  await club.stop();
});
// After the club is closed: its hook comes behind that one.
const start = neighbours();

const at = (hours: number) => new Date(Date.now() + hours * hourMs).toISOString();

const participant = (nth = 0) => ({
  member_id: club.members[nth]!.yapla,
  first_name: `Prénom${nth}`,
  last_name: 'Nom',
});

/** A registration as Yapla shows one of the club's event, with what is wrong of it laid over. */
function registration(wrong: object = {}) {
  n += 1;
  return {
    id: `bad-${n}`,
    status: 'validated',
    event: { id: club.event, title: 'Journée de voile', start: at(48), end: at(50) },
    rate: 'Gratuit',
    participants: [participant()],
    amount: '0.00',
    currency: 'EUR',
    ...wrong,
  };
}

/** Tells of it, and waits until nothing is left to do. @returns the open questions about it, and how many orders it has */
async function told(document: { readonly id: string }) {
  await club.tell('registration', document);
  await club.untilQuiet();
  const { sql } = club.house;
  const open = (await club.cases()).filter(({ linkId }) => linkId === `yapla:${document.id}`);
  const cases = await Promise.all(open.map(async ({ id }) => (await findCase(sql, id))!));
  const orders = await club.orders(document.id);
  return { asked: cases.map(({ kind, details }) => ({ kind, details })), orders };
}

describe('what cannot be read is a question that names each place, and nobody is booked', () => {
  const twice = () => ({ participants: [participant(), participant()] });
  const sixty = () => ({
    participants: Array.from({ length: 60 }, (_, nth) => ({ first_name: `Prénom${nth}`, last_name: `Nom${nth}` })),
  });
  test.each([
    ['an amount that is none', () => ({ amount: 'beaucoup' }), 'amount', 'notMoney'],
    ['an amount below nothing', () => ({ amount: '-5.00' }), 'amount', 'notMoney'],
    ['an amount with too many digits', () => ({ amount: '12.005' }), 'amount', 'notMoney'],
    ['a currency that is none', () => ({ currency: 'EURO' }), 'currency', 'notCurrency'],
    ['an unknown status', () => ({ status: 'peut-être' }), 'status', 'unknownWord'],
    ['sixty participants', sixty, 'participants', 'tooManyParticipants'],
    ['nobody who takes part', () => ({ participants: [] }), 'participants', 'noParticipants'],
    ['the same person twice', twice, 'participants[1]', 'sameParticipantTwice'],
    ['a participant of whom nothing is shown', () => ({ participants: [{}] }), 'participants[0]', 'missing'],
    [
      'an event that ends before it begins',
      () => ({ event: { id: club.event, start: at(50), end: at(48) } }),
      'event.end',
      'endsBeforeStart',
    ],
    ['no event', () => ({ event: null }), 'event', 'missing'],
  ])('%s', async (_, wrong, place, code) => {
    const { asked, orders } = await told(registration(wrong()));
    expect(asked).toEqual([{ kind: 'unreadableEvent', details: { problems: [{ place, code }] } }]);
    expect(orders).toEqual([]);
  });

  test('and once it can be read, it is booked once and the question is over', async () => {
    const { id } = registration();
    expect((await told({ ...registration({ amount: 'beaucoup' }), id })).asked).toHaveLength(1);
    const { asked, orders } = await told({ ...registration(), id });
    expect(asked).toEqual([]);
    expect(orders).toHaveLength(1);
  });

  test('and one that was booked before keeps its order as it is', async () => {
    const { id } = registration();
    const { orders } = await told({ ...registration(), id });
    const spoilt = await told({ ...registration({ participants: 'Anna' }), id });
    expect(spoilt.asked).toEqual([
      { kind: 'unreadableEvent', details: { problems: [{ place: 'participants', code: 'notList' }] } },
    ]);
    expect(spoilt.orders).toEqual(orders);
  });
});

describe('what can be read and not booked is a question that says why', () => {
  test.each([
    ['a currency that the team does not use', () => ({ amount: '12.00', currency: 'USD' }), 'otherCurrency'],
    ['no amount', () => ({ amount: null }), 'noAmount'],
    ['a participant without a name', () => ({ participants: [{ email: 'sans.nom@example.org' }] }), 'noClient'],
    ['a participant with a first name only', () => ({ participants: [{ first_name: 'Odile' }] }), 'noClient'],
  ])('%s', async (_, wrong, why) => {
    const { asked, orders } = await told(registration(wrong()));
    expect(asked).toEqual([{ kind: 'notBookable', details: { why } }]);
    expect(orders).toEqual([]);
  });

  test('an event that has ended', async () => {
    const event = { id: club.event, title: 'Journée de voile', start: at(-4), end: at(-2) };
    const { asked, orders } = await told(registration({ event }));
    expect(asked).toEqual([{ kind: 'tooLate', details: {} }]);
    expect(orders).toEqual([]);
  });

  test('a member whose link is in a question: it waits for that one', async () => {
    const { control } = club.house.sandbox;
    const person = { firstName: 'Yannick', lastName: 'Le Goff' };
    await control.add('yoplanning', { ...person, email: 'a@example.org' });
    await control.add('yoplanning', { ...person, email: 'b@example.org' });
    const member = await control.add('yapla', { ...person, email: null });
    await club.untilQuiet();
    const { asked, orders } = await told(
      registration({ participants: [{ member_id: member, first_name: 'Yannick', last_name: 'Le Goff' }] }),
    );
    expect(asked).toEqual([{ kind: 'notBookable', details: { why: 'personAsked' } }]);
    expect(orders).toEqual([]);
  });

  test('a member whom Yapla does not have', async () => {
    const { asked, orders } = await told(
      registration({ participants: [{ member_id: '../999', first_name: 'Nadie', last_name: 'Inconnue' }] }),
    );
    expect(asked).toEqual([{ kind: 'notBookable', details: { why: 'unknownMember' } }]);
    expect(orders).toEqual([]);
  });
});

describe('a session', () => {
  /** An event of its own, which goes to a session. */
  async function eventAt(product: string, session: string): Promise<object> {
    const event = `event-${randomUUID()}`;
    const place = { event: `id ${event}`, activity: '', rate: '', productId: product, sessionId: session };
    await savePlace(club.house.sql, club.scope, place, { title: null, by: 'tester' });
    return { event: { id: event, title: 'Sortie', start: at(72), end: at(74) } };
  }

  test('that is gone is a question, and is not ordered', async () => {
    const { bookings } = club.house.sandbox.control;
    const session = await bookings.addSession({ product: club.product, startsAt: at(72), places: 5 });
    await bookings.removeSession(session);
    const { asked, orders } = await told(registration(await eventAt(club.product, session)));
    expect(asked).toEqual([{ kind: 'noPlace', details: { sessions: [session] } }]);
    expect(orders).toEqual([]);
  });

  test('that never was is a question, and is not ordered', async () => {
    const session = randomUUID();
    const { asked, orders } = await told(registration(await eventAt(club.product, session)));
    expect(asked.map(({ kind }) => kind)).toEqual(['noPlace']);
    expect(orders).toEqual([]);
  });

  test('of a product of another team, which this one sells as a dealer, is booked once', async () => {
    const { bookings } = club.house.sandbox.control;
    const product = await bookings.addProduct({ title: 'Diving', team: randomUUID() });
    const session = await bookings.addSession({ product, startsAt: at(72), places: 5 });
    const { asked, orders } = await told(registration(await eventAt(product, session)));
    expect(asked).toEqual([]);
    expect(orders).toMatchObject([{ items: [{ session_group: session }] }]);
  });
});

describe('a participant', () => {
  test('who has no e-mail and is no member is named in the one order, and the client has no address', async () => {
    const { asked, orders } = await told(
      registration({ participants: [{ first_name: 'Maël', last_name: 'Sans-Adresse' }] }),
    );
    expect(asked).toEqual([]);
    expect(orders).toHaveLength(1);
    const clients = await club.house.sandbox.control.records('yoplanning');
    const made = clients.filter(({ person }) => person.lastName === 'Sans-Adresse');
    expect(made.map(({ person }) => person.email)).toEqual([null]);
  });
});

describe('an id', () => {
  test.each(['.', '..', '', 'a\u0000b', {}, null])('%j is refused with a sentence', async (id) => {
    await expect(club.tell('registration', registration({ id }))).rejects.toThrow(
      'Expected the registration’s id (text or number)',
    );
  });

  test.each(['../x', 'a/b', '%2e%2e', 'a b'])(
    '%j that looks like a path is a number like any other: one order',
    async (id) => {
      const { asked, orders } = await told(registration({ id }));
      expect(asked).toEqual([]);
      expect(orders).toHaveLength(1);
    },
  );
});
