/** The feeds of a club that books: what its pages see of a booking, and what nobody can ever see there. */
import { afterEach, expect, test } from '@jest/globals';
import { unzipSync } from 'fflate';
import ICAL from 'ical.js';
import { request } from 'undici';
import type { CatalogueDocument } from '../../src/feeds/document.js';
import { feedFile, type FeedFormat, feedFormats } from '../../src/feeds/formats.js';
import { EventsClub } from '../helpers/eventsClub.js';
import { until } from '../helpers/live.js';
import { startPasserelle, type PasserelleOptions } from '../helpers/passerelle.js';
import { sandboxValues, valuesIn } from '../helpers/sandboxValues.js';

const secret = 'feed-secret-of-nobody-0123456789';

/** A turn every moment, and as many requests as it takes. */
const mirror = { everyMs: 100, requestsPerDay: 10_000_000, changesEveryMs: 400, wholeEveryMs: 1_000 };
const options: Omit<PasserelleOptions, 'worker'> = {
  connection: { settings: { events: { catalogue: { ...mirror, feeds: { secret } } } } },
};

let club: EventsClub;
afterEach(async () => await club.stop());

/** A worker starts the mirrors of the connections that it begins with: premises of its own. */
async function open(): Promise<void> {
  club = await EventsClub.open(async (more) => await startPasserelle(more), { options });
}

async function feed(format: FeedFormat): Promise<Buffer> {
  const { receiver, scope } = club;
  const { statusCode, body } = await request(`${receiver}/feeds/${scope.connectionId}/${secret}/${feedFile(format)}`);
  const bytes = Buffer.from(await body.arrayBuffer());
  if (statusCode !== 200) throw new Error(`the receiver answered ${statusCode}`);
  return bytes;
}

async function shownSession() {
  const { sessions } = JSON.parse((await feed('json')).toString()) as CatalogueDocument;
  return sessions.find(({ id }) => id === club.session) ?? null;
}

async function untilShown(accept: (session: NonNullable<Awaited<ReturnType<typeof shownSession>>>) => boolean) {
  return (await until(shownSession, (session) => session !== null && accept(session)))!;
}

async function eventInCalendar(): Promise<ICAL.Component> {
  const calendar = new ICAL.Component(ICAL.parse((await feed('ics')).toString()) as unknown[]);
  const uid = `${club.session}@${club.scope.connectionId}.passerelle`;
  return calendar.getAllSubcomponents('vevent').find((event) => event.getFirstPropertyValue('uid') === uid)!;
}

const valueIn = (event: ICAL.Component, name: string) => String(event.getFirstPropertyValue(name));

test('a booking takes a place: after the mirror’s next turn the feeds show one less, and as of when', async () => {
  await open();
  const before = await untilShown(({ placesLeft }) => placesLeft === 10);
  const registeredAt = new Date().toISOString();
  const id = await club.register();
  await club.untilQuiet();
  expect(await club.activeOrders(id)).toHaveLength(1);

  const after = await untilShown(({ placesLeft }) => placesLeft !== 10);
  expect(after).toMatchObject({ placesLeft: 9, title: 'Journée de voile', status: 'offered' });
  expect(after.words.title).toBe('Journée de voile (9 places)');
  expect(after.knownAt > before.knownAt && after.knownAt > registeredAt).toBe(true);
  const event = await eventInCalendar();
  expect(valueIn(event, 'x-passerelle-places-left')).toBe('9');
  expect(valueIn(event, 'x-passerelle-known-at') >= after.knownAt).toBe(true);
});

test('a session that is called off is cancelled in the calendars of those who subscribed, under the same UID', async () => {
  await open();
  await untilShown(({ status }) => status === 'offered');
  const sequence = Number(valueIn(await eventInCalendar(), 'sequence'));
  await club.house.sandbox.control.bookings.removeSession(club.session);
  await untilShown(({ status }) => status === 'cancelled');
  const event = await eventInCalendar();
  expect(valueIn(event, 'status')).toBe('CANCELLED');
  expect(Number(valueIn(event, 'sequence'))).toBe(sequence + 1);
});

test('the feeds of a club that has bookings show no person, no client, no order and no registration', async () => {
  await open();
  const { control } = club.house.sandbox;
  const registrations = [await club.register(), await club.register(club.members.slice(1, 3))];
  const atDesk = await control.bookings.book({
    items: [{ session: club.session }],
    client: club.members[0]!.yoplanning,
    externalReference: 'typed-at-the-desk',
  });
  await club.untilQuiet();
  await untilShown(({ placesLeft }) => placesLeft === 6);

  const orders = await club.orders();
  expect(orders.map(({ id }) => id)).toContain(atDesk);
  expect(orders).toHaveLength(3);
  const links = await club.house.sql<{ id: string }[]>`
    select link_id as id from link where connection_id = ${club.scope.connectionId} -- of every kind`;
  const secrets = [
    ...(await sandboxValues(club.house.sandbox)),
    ...orders.flatMap(({ id, external_reference }) => [
      id,
      ...(external_reference === null ? [] : [external_reference]),
    ]),
    ...registrations,
    ...club.members.flatMap(({ yapla, yoplanning }) => [yapla, yoplanning]),
    ...links.map(({ id }) => id),
    'Prénom0',
    secret,
  ];
  for (const format of feedFormats) {
    const bytes = await feed(format);
    const text =
      format === 'xlsx'
        ? Object.values(unzipSync(bytes))
            .map((part) => Buffer.from(part).toString())
            .join('\n')
        : // Calendars fold their lines.
          bytes.toString().replaceAll('\r\n ', '');
    expect(text).toContain('Journée de voile');
    expect({ format, shown: valuesIn(text, secrets) }).toEqual({ format, shown: [] });
  }
});
