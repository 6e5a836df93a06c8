/** What doctor says of an account's products, sessions and orders, where the connection does something about events. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventsSchema } from '../../src/config/events.js';
import { connectionSchema } from '../../src/config/schema.js';
import { MemoryBudget } from '../../src/doctor/allowance.js';
import { mostForBookings, mostRequests } from '../../src/doctor/check.js';
import { examine } from '../../src/doctor/examine.js';
import { sandboxConnection, type SandboxConnectionOptions } from '../../src/sandbox/connections.js';
import type { Fault } from '../../src/sandbox/faults.js';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.js';

const sandboxes: Sandbox[] = [];
afterEach(() => Promise.all(sandboxes.splice(0).map((one) => one.stop())));

interface Situation {
  readonly bookings?: NonNullable<SandboxOptions['yoplanning']>['bookings'];
  readonly settings?: NonNullable<SandboxConnectionOptions['bookings']>;
  readonly events?: object | null;
  readonly faults?: readonly Fault[];
  /** Orders that are there. */
  readonly orders?: number;
}

async function examined({ bookings = {}, settings = {}, events = {}, faults = [], orders = 1 }: Situation = {}) {
  const yoplanning = { orderings: ['id' as const], bookings, limits: {} };
  const sandbox = await startSandbox({ people: { shared: 20 }, yoplanning, faults: [...faults] });
  sandboxes.push(sandbox);
  const [client] = await sandbox.control.ids('yoplanning');
  const [session] = await sandbox.control.bookings.sessions();
  for (let i = 0; i < orders; i += 1)
    await sandbox.control.bookings.book({ items: [{ session: session!.id }], client: client! });
  const connection = connectionSchema.parse(sandboxConnection(sandbox.addresses, { bookings: settings }));
  const config = { ...connection, events: events === null ? undefined : eventsSchema.parse(events) };
  const { checks, requests } = await examine({
    connection: 'club',
    config,
    budgetFor: (system) => new MemoryBudget(config[system].limits, 10_000),
  });
  expect(requests).toBeLessThanOrEqual(mostRequests + mostForBookings);
  expect(await sandbox.control.writes('yoplanning')).toEqual({});
  const find = (name: string) => checks.find((check) => check.system === 'yoplanning' && check.name === name);
  const wrong = checks.filter(({ verdict }) => verdict === 'failed' || verdict === 'warning');
  return { checks, requests, find, summary: wrong.map(({ name, verdict }) => `${name} ${verdict}`) };
}

describe('an account that fits its configuration', () => {
  test.each(['sessionGroups', 'availabilities'] as const)(
    'passes with three requests more, by %s',
    async (sessions) => {
      const { checks, requests, find, summary } = await examined({ bookings: { sessions }, settings: { sessions } });
      expect(summary).toEqual([]);
      expect(requests).toBe(8);
      const names = checks.filter(({ system }) => system === 'yoplanning').map(({ name }) => name);
      expect(names.slice(-5)).toEqual(['products', 'sessions', 'places', 'orders', 'order']);
      expect(find('sessions')?.finding).toBe(`4 sessions of the first product (${sessions})`);
    },
  );

  test('is not asked about what is sold where the connection does nothing about events', async () => {
    const { requests, find } = await examined({ events: null });
    expect([requests, find('products'), find('orders')]).toEqual([5, undefined, undefined]);
  });

  test('that has no product and no order says what could not be looked at', async () => {
    const { find, summary } = await examined({
      bookings: { catalogue: { products: 0, dealerProducts: 0 } },
      orders: 0,
    });
    expect(summary).toEqual([]);
    expect([find('sessions')?.verdict, find('order')?.verdict]).toEqual(['skipped', 'skipped']);
  });
});

describe('a wrong setting', () => {
  test('of the list of sessions is named, with the one that answers', async () => {
    const { find, summary, requests } = await examined({ bookings: { sessions: 'availabilities' } });
    expect(summary).toEqual(['sessions failed']);
    expect(find('sessions')?.advice).toBe('set connections.club.yoplanning.events.sessions to availabilities');
    expect(requests).toBe(9);
  });

  test('of a list of sessions that answers in another shape is a failure with what it has', async () => {
    const faults: Fault[] = [{ resource: 'session', action: { do: 'wrongShape' } }];
    const { find, requests } = await examined({ faults });
    expect(requests).toBe(8);
    expect(find('sessions')?.verdict).toBe('failed');
    expect(find('sessions')?.details).toContain('results: text');
  });

  test('of both lists of sessions is a failure of the configured one', async () => {
    const faults: Fault[] = [{ resource: 'session', action: { do: 'status', status: 404 } }];
    const { find, summary } = await examined({ faults });
    expect(summary).toEqual(['sessions failed']);
    expect(find('sessions')?.finding).toContain('404');
  });

  test('of a place in a session, or an order, is a warning with the names that are there', async () => {
    const { find, summary } = await examined({
      settings: { session: { placesLeftField: 'spots' }, order: { statusField: 'state', createdField: 'placed_at' } },
    });
    expect(summary).toEqual(['places warning', 'order warning']);
    expect(find('places')?.finding).toContain('connections.club.yoplanning.events.session.placesLeftField');
    expect(find('places')?.details).toContain('results[].remaining_places: number');
    expect(find('order')?.finding).toMatch(/order\.statusField, .*order\.createdField/);
    expect(find('order')?.details).toContain('results[].status: text');
  });

  test('that says null of what is not shown is none', async () => {
    const { summary } = await examined({
      bookings: { showsPlaces: false },
      settings: { session: { placesLeftField: null } },
    });
    expect(summary).toEqual([]);
  });
});

describe('an account that refuses', () => {
  test('orders (403) still has its products and sessions looked at', async () => {
    const { find, summary } = await examined({ faults: [{ resource: 'order', action: { do: 'forbid' } }] });
    expect(summary).toEqual(['permission failed']);
    expect([find('products')?.verdict, find('sessions')?.verdict]).toEqual(['ok', 'ok']);
  });

  test('more requests (429) is asked nothing more', async () => {
    const faults: Fault[] = [{ resource: 'product', action: { do: 'refuse', seconds: 60 } }];
    const { find, summary, requests } = await examined({ faults });
    expect(summary).toEqual(['products failed']);
    expect([find('orders'), requests]).toEqual([undefined, 6]);
  });
});

test('a record that cannot be read is told by what is wrong, and never by a value', async () => {
  const product = { id: 'p', title: 'Voile', sessions: { standard_price: { tax_included: 'ask Marie' } } };
  const body = { count: 1, next: null, previous: null, results: [product] };
  const faults: Fault[] = [{ resource: 'product', action: { do: 'wrongShape', body } }];
  const { checks, summary } = await examined({ faults });
  expect(summary).toEqual(['products warning']);
  expect(JSON.stringify(checks)).toContain('sessions.standard_price');
  expect(JSON.stringify(checks)).not.toContain('Marie');
});
