/** Facts about people, from their orders in Yoplanning to their members in Yapla, on the real servers. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { SandboxConnectionOptions } from '../../src/sandbox/connections.js';
import { EventsClub, type Member } from '../helpers/eventsClub.js';
import { until } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';

const start = neighbours();

let club: EventsClub;
afterEach(async () => await club.stop());

const hourMs = 3_600_000;
const fields = {
  nextSession: { type: 'date', direction: 'toYapla', yapla: 'organization', yoplanning: { derived: 'nextSession' } },
  lastSession: {
    type: 'date',
    direction: 'toYapla',
    yapla: 'custom_fields.last',
    yoplanning: { derived: 'lastSession' },
  },
  activities: { direction: 'toYapla', yapla: 'custom_fields.done', yoplanning: { derived: 'activities' } },
} as const satisfies SandboxConnectionOptions['fields'];

/** The day of a moment, by the clocks of the connection, which are those of UTC. */
const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);

async function open(connection: SandboxConnectionOptions = {}): Promise<EventsClub> {
  return await EventsClub.open(start, { options: { connection: { fields, ...connection } } });
}

/** Staff book somebody into a session that starts then. @returns the order */
async function book({ yoplanning }: Member, startsAt: number): Promise<string> {
  const { bookings } = club.house.sandbox.control;
  const session = await bookings.addSession({
    product: club.product,
    startsAt: new Date(startsAt).toISOString(),
    places: 5,
  });
  return await bookings.book({ items: [{ session }], client: yoplanning });
}

interface Shown {
  readonly next: unknown;
  readonly last: unknown;
  readonly done: unknown;
}

/** What Yapla shows of a member. */
async function shown({ yapla }: Member): Promise<Shown> {
  const { document } = (await club.house.sandbox.control.record('yapla', yapla))!;
  const custom = document['custom_fields'] as Record<string, unknown> | null;
  return { next: document['organization'], last: custom?.['last'] ?? null, done: custom?.['done'] ?? null };
}

const writes = async () => (await club.house.sandbox.control.counts()).yapla.updated;

describe('an order at the desk', () => {
  test('shows in Yapla when its client’s next session is, in one write whose echo is written nowhere', async () => {
    club = await open();
    const member = club.members[0]!;
    const startsAt = Date.now() + 72 * hourMs;
    const before = await writes();
    await book(member, startsAt);
    await club.untilQuiet();
    expect(await shown(member)).toEqual({ next: day(startsAt), last: null, done: 'Journée de voile' });
    expect((await writes()) - before).toBe(1);
    expect(await club.caseKinds()).toEqual([]);
  });

  test('that is cancelled takes its session back, and that of another person stays', async () => {
    club = await open();
    const [anna, boris] = club.members as [Member, Member];
    const startsAt = Date.now() + 72 * hourMs;
    const order = await book(anna, startsAt);
    await book(boris, startsAt);
    await club.untilQuiet();
    await club.house.sandbox.control.bookings.cancelOrder(order);
    await club.untilQuiet();
    expect((await shown(anna)).next).toBe('');
    expect((await shown(boris)).next).toBe(day(startsAt));
  });
});
