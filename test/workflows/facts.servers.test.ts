/** Facts about people, from their orders in Yoplanning to their members in Yapla, on the real servers. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { OrderFact } from '../../src/core/events/facts.js';
import type { SandboxConnectionOptions } from '../../src/sandbox/connections.js';
import { EventsClub, type Member } from '../helpers/eventsClub.js';
import { until } from '../helpers/live.js';
import { startPasserelle } from '../helpers/passerelle.js';
import { neighbours } from '../helpers/neighbours.js';
import { importFile, importProgress, makeFiles, sayDone } from '../helpers/wizard.js';

const start = neighbours();

let club: EventsClub;
afterEach(async () => await club.stop());

const hourMs = 3_600_000;

/** The day of a moment, by the clocks of the connection, which are those of UTC. */
const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** A fact, shown where members of the sandbox have their organisation. */
function shownFact(fact: OrderFact) {
  return {
    fact: { direction: 'toYapla', yapla: 'organization', yoplanning: { derived: fact } },
  } as const satisfies SandboxConnectionOptions['fields'];
}

async function open(fact: OrderFact, connection: SandboxConnectionOptions = {}): Promise<EventsClub> {
  return await EventsClub.open(start, { options: { connection: { fields: shownFact(fact), ...connection } } });
}

/** Staff book somebody into a session that starts then. @returns the order */
async function book({ yoplanning }: Pick<Member, 'yoplanning'>, startsAt: number, price = '13.00'): Promise<string> {
  const { bookings } = club.house.sandbox.control;
  const starts = new Date(startsAt).toISOString();
  const session = await bookings.addSession({ product: club.product, startsAt: starts, places: 5 });
  return await bookings.book({ items: [{ session, price }], client: yoplanning });
}

/** What Yapla shows of a member. */
async function shown({ yapla }: Pick<Member, 'yapla'>): Promise<unknown> {
  return (await club.house.sandbox.control.record('yapla', yapla))!.document['organization'];
}

const writes = async () => (await club.house.sandbox.control.counts()).yapla.updated;

describe('an order at the desk', () => {
  test('shows in Yapla when its client’s next session is, in one write whose echo is written nowhere', async () => {
    club = await open('nextSession');
    const member = club.members[0]!;
    const startsAt = Date.now() + 72 * hourMs;
    const before = await writes();
    await book(member, startsAt);
    await club.untilQuiet();
    expect(await shown(member)).toBe(day(startsAt));
    expect((await writes()) - before).toBe(1);
    expect(await club.caseKinds()).toEqual([]);
  });

  test('that is cancelled takes its session back, and that of another person stays', async () => {
    club = await open('nextSession');
    const [anna, boris] = club.members as [Member, Member];
    const startsAt = Date.now() + 72 * hourMs;
    const order = await book(anna, startsAt);
    await book(boris, startsAt);
    await club.untilQuiet();
    await club.house.sandbox.control.bookings.cancelOrder(order);
    await club.untilQuiet();
    expect(await shown(anna)).toBe('');
    expect(await shown(boris)).toBe(day(startsAt));
  });

  test('of several shows what its client has spent in all', async () => {
    club = await open('spentThisSeason');
    const member = club.members[0]!;
    // At once: orders of one person that are read side by side.
    await Promise.all(['13.00', '7.50', '20.00'].map((price) => book(member, Date.now() + hourMs, price)));
    await club.untilQuiet();
    expect(await shown(member)).toBe('40.50');
  });

  test('of a client who is no member has the member made with the fact, by the rule for creations', async () => {
    club = await open('nextSession');
    const { control } = club.house.sandbox;
    const client = await control.add('yoplanning', {
      firstName: 'Odile',
      lastName: 'Kermarec',
      email: 'odile@example.org',
    });
    const startsAt = Date.now() + 72 * hourMs;
    await book({ yoplanning: client }, startsAt);
    await club.untilQuiet();
    const made = (await control.records('yapla')).filter(({ person }) => person.email === 'odile@example.org');
    expect(made.map(({ document }) => document['organization'])).toEqual([day(startsAt)]);
  });

  test('lets what is written to its client be written all the same', async () => {
    club = await open('nextSession');
    const member = club.members[0]!;
    await book(member, Date.now() + 72 * hourMs);
    await club.untilQuiet();
    await club.house.sandbox.control.edit('yapla', member.yapla, { city: 'Brest' });
    await club.untilQuiet();
    expect((await club.house.sandbox.control.record('yoplanning', member.yoplanning))!.person.city).toBe('Brest');
  });
});

describe('the passing of time', () => {
  test.each([
    ['nextSession', (soon: string, _: string) => soon, (_: string, later: string) => later],
    ['lastSession', () => '', (soon: string) => soon],
  ] as const)('changes %s without an event, when a session begins', async (fact, before, after) => {
    const connection = { fields: shownFact(fact), settings: { events: { deriveEveryMs: 200 } } };
    // A worker that starts with the connection starts its timer.
    club = await EventsClub.open(startPasserelle, { options: { connection } });
    const member = club.members[0]!;
    // The API shows whole seconds.
    const soon = Math.ceil(Date.now() / 1_000) * 1_000 + 15_000;
    const later = soon + 240 * hourMs;
    await book(member, later);
    await book(member, soon);
    await club.untilQuiet();
    const [early, late] = [before, after].map((one) => one(day(soon), day(later)));
    expect([await shown(member), Date.now() < soon]).toEqual([early, true]);
    await until(
      () => shown(member),
      (seen) => seen === late,
    );
    expect(Date.now()).toBeGreaterThanOrEqual(soon);
  });
});

describe('what a person enters over a fact', () => {
  test('is replaced by the fact, and a list that is read anew clears none', async () => {
    club = await open('nextSession');
    const member = club.members[0]!;
    const startsAt = Date.now() + 72 * hourMs;
    await book(member, startsAt);
    await club.untilQuiet();
    await club.house.sandbox.control.edit('yapla', member.yapla, {}, { organisation: 'Cercle nautique' });
    await club.untilQuiet();
    expect(await shown(member)).toBe(day(startsAt));
    await club.house.sandbox.control.edit('yapla', member.yapla, {}, { organisation: 'Cercle nautique' });
    await (await club.house.startBulk()).result();
    await club.untilQuiet();
    expect(await shown(member)).toBe(day(startsAt));
    const before = await writes();
    await (await club.house.startBulk()).result();
    expect((await writes()) - before).toBe(0);
  });
});

describe('where Yapla is written by files', () => {
  test('a fact goes into the next import file, and into no other before it changes', async () => {
    // A place that Yapla's wizard has a column for.
    const street = { direction: 'toYapla', yapla: 'address', yoplanning: { derived: 'nextSession' } } as const;
    const connection = { fields: { street }, imports: { checkMs: 200 } };
    // A worker that starts with the connection starts what makes its files.
    club = await EventsClub.open(startPasserelle, { options: { connection } });
    const { house } = club;
    const member = club.members[0]!;
    const address = async () => (await house.sandbox.control.record('yapla', member.yapla))!.document['address'];
    for (const startsAt of [Date.now() + 72 * hourMs, Date.now() + 24 * hourMs]) {
      await book(member, startsAt);
      await club.untilQuiet();
      expect(await address()).not.toBe(day(startsAt));
      const files = await makeFiles(house);
      expect(files.map(({ people }) => people)).toEqual([1]);
      await importFile(house, files[0]!.number);
      await sayDone(house, files[0]!.number);
      expect(await address()).toBe(day(startsAt));
      await until(
        () => importProgress(house),
        ({ files: open }) => open.length === 0,
      );
      await club.untilQuiet();
      expect(await makeFiles(house)).toEqual([]);
    }
    expect(await writes()).toBe(0);
    expect(await club.caseKinds()).toEqual([]);
  });
});
