/** What registrations cost in requests, and what becomes of more of them than there are places. */
import { listOpenCases } from '../../src/store/cases.js';
import { inParallel } from '../bareLoop.js';
import { withEvents } from '../eventsStage.js';
import { lineOf, type BenchLine } from '../results.js';
import type { Stage } from '../stage.js';

/** The validation and the order. */
const requestsEach = 2;

/** Each for a member who is linked. People register one after the other, so many at once. */
export async function bookingRequestsLine(
  stage: Stage,
  { registrations, parallel }: { readonly registrations: number; readonly parallel: number },
): Promise<BenchLine> {
  const setting = { name: 'bookings', people: registrations, places: registrations };
  return await withEvents(setting, stage, async ({ sandbox, people, register, untilDone }) => {
    const began = performance.now();
    await inParallel(people, parallel, register);
    await untilDone();
    const seconds = (performance.now() - began) / 1_000;
    const orders = await sandbox.control.bookings.orders();
    const { yapla, yoplanning } = await sandbox.control.counts();
    const requests = yapla.requests + yoplanning.requests;
    const { check, create, read, list } = yoplanning.byKind;
    return lineOf({
      line: `requests of ${registrations} registrations`,
      value: requests,
      unit: 'requests',
      // Whatever tells of an order has to be looked into once: its webhook has no content.
      floor: (requestsEach + 1) * registrations,
      goal: 'ratio <= 1.05',
      holds: orders.length === registrations,
      note: `fewest: ${requestsEach} for each booking, and one read for its echo; sent: ${check} validations, ${create} orders, ${read} reads and ${list} pages in Yoplanning, ${yapla.requests} in Yapla; all done after ${seconds.toFixed(1)} s`,
    });
  });
}

/** More registrations at once than there are places, at the vendor's limits. */
export async function lastPlacesLine(
  stage: Stage,
  { registrations, places }: { readonly registrations: number; readonly places: number },
): Promise<BenchLine> {
  const limits = { requestsPerSecond: 5, requestsPerDay: 1_000 };
  const setting = { name: 'places', people: registrations, places, limits };
  return await withEvents(setting, stage, async ({ sandbox, people, scope, register, untilDone }) => {
    const began = performance.now();
    await Promise.all(people.map(register));
    await untilDone();
    const seconds = (performance.now() - began) / 1_000;
    const orders = (await sandbox.control.bookings.orders()).length;
    const kinds = (await listOpenCases(stage.sql, scope)).map(({ kind }) => kind);
    const asked = kinds.filter((kind) => kind === 'noPlace').length;
    const { requests, refusals } = (await sandbox.control.counts()).yoplanning;
    return lineOf({
      line: `${registrations} registrations at once for ${places} places`,
      value: orders,
      unit: 'orders',
      floor: places,
      goal: 'ratio <= 1',
      holds: orders === places && asked === registrations - places && kinds.length === asked && refusals === 0,
      note: `${asked} questions, ${refusals} requests refused (429), ${requests} requests in ${seconds.toFixed(1)} s at ${limits.requestsPerSecond} a second`,
    });
  });
}
