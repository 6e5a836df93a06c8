/** What operators see of events: in the metrics of a worker, and by `passerelle status`. */
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { workerStatus } from '../src/workerStatus.js';
import { commandsOn } from './helpers/commands.js';
import { EventsClub } from './helpers/eventsClub.js';
import { until } from './helpers/live.js';
import { startPasserelle, type PasserelleOptions } from './helpers/passerelle.js';
import { logLines } from './helpers/premises.js';

const mirror = { everyMs: 100, requestsPerDay: 10_000_000, changesEveryMs: 400, wholeEveryMs: 1_000 };
const options: Omit<PasserelleOptions, 'worker'> = { connection: { settings: { events: { catalogue: mirror } } } };

let club: EventsClub;
// Stops the house after each test, too.
const passerelle = commandsOn(() => club.house);

async function metrics(): Promise<(name: string) => number> {
  const { client, config, sql } = club.house;
  const text = await workerStatus({
    config,
    sql,
    client,
    worker: { queues: () => [] },
    log: pino({ level: 'silent' }),
  }).metrics.text();
  const values = new Map(
    text.split('\n').map((line): [string, number] => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
  return (name) => values.get(name) ?? NaN;
}

test('how the bookings stand, and the age and the cost of the mirror, are told by the metrics and by status', async () => {
  // A worker starts the mirrors of the connections that it begins with: premises of its own.
  club = await EventsClub.open(async (more) => await startPasserelle(more), { places: 1, options });
  const begunAt = Date.now() / 1_000;
  await club.register();
  await club.untilQuiet();
  await club.register([club.members[1]!]);
  await club.untilQuiet();
  expect(await club.caseKinds()).toEqual(['noPlace']);
  const connection = club.scope.connectionId;

  const read = await until(
    metrics,
    (value) => value(`passerelle_catalogue_oldest_read_seconds{connection="${connection}"}`) > begunAt,
  );
  const bookings = (state: string) => read(`passerelle_bookings{connection="${connection}",state="${state}"}`);
  expect(['ordered', 'waitingForPlace', 'notOrdered'].map(bookings)).toEqual([1, 0, 1]);
  expect(read(`passerelle_open_cases{connection="${connection}",kind="noPlace"}`)).toBe(1);
  const products = read(`passerelle_catalogue_products{connection="${connection}",sessions="read"}`);
  expect(products).toBeGreaterThan(0);
  expect(read(`passerelle_catalogue_products{connection="${connection}",sessions="unread"}`)).toBe(0);
  expect(read(`passerelle_catalogue_sessions{connection="${connection}"}`)).toBeGreaterThan(0);
  const sent = (of: string) => read(`passerelle_event_requests_in_day{connection="${connection}",of="${of}"}`);
  expect(sent('catalogue')).toBeGreaterThan(products);
  // Validation, order and its echo's read of the one; the validation of the other.
  expect(sent('bookings')).toBe(4);
  const told = logLines.filter((line) => line.includes('what bookings cost in 24 hours') && line.includes(connection));
  expect(told.map((line) => (JSON.parse(line) as { requests: number }).requests)).toEqual([2]);

  await club.answer('noPlace', 'wait');
  await club.untilQuiet();
  const later = await metrics();
  expect(later(`passerelle_bookings{connection="${connection}",state="waitingForPlace"}`)).toBe(1);

  const { said, status } = await passerelle('status', connection);
  expect(said).toMatch(/ {2}catalogue: \d+ products, \d+ sessions to come; the oldest was read 0 minutes ago$/m);
  const cost = / {2}events: in 24 hours \d+ requests about bookings, \d+ of 10000000 by the mirror of the catalogue$/m;
  expect(said).toMatch(cost);
  expect((await passerelle('progress', connection)).said).toMatch(cost);
  const { said: json } = await passerelle('progress', connection, '--json');
  expect(JSON.parse(json)).toMatchObject({ events: { mostForCatalogue: 10_000_000 } });
  expect(status).toBe(0);
});

test('a mirror that is stopped is told by status, which then ends with 1', async () => {
  club = await EventsClub.open(async (more) => await startPasserelle(more), { options });
  const { sandbox } = club.house;
  await sandbox.control.addFault({ system: 'yoplanning', action: { do: 'revoke' } });
  const { status } = await until(
    () => passerelle('status', club.scope.connectionId),
    ({ said }) => / {2}catalogue: .*stopped; when it is mended: passerelle resume/.test(said),
  );
  expect(status).toBe(1);
});
