/** Donations of Yapla, and what they say about the people who gave, on the real servers. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { DonationFact } from '../../src/core/events/facts.js';
import type { SandboxConnectionOptions } from '../../src/sandbox/connections.js';
import { listOpenCases } from '../../src/store/cases.js';
import { donationsOf } from '../../src/store/facts.js';
import { EventsClub, type Member, type StartHouse } from '../helpers/eventsClub.js';
import { until } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import { startPasserelle } from '../helpers/passerelle.js';

const neighbour = neighbours();

let club: EventsClub;
afterEach(async () => await club.stop());

/** @param fact shown where clients of the sandbox have their note */
async function open(fact: DonationFact, start: StartHouse = neighbour): Promise<void> {
  const fields = {
    fact: { direction: 'toYoplanning', yapla: { derived: fact }, yoplanning: 'note' },
  } as const satisfies SandboxConnectionOptions['fields'];
  const connection = { fields, settings: { events: { deriveEveryMs: 200 } } };
  club = await EventsClub.open(start, { options: { connection } });
}

const donorOf = ({ yapla }: Member) => ({ memberId: yapla, firstName: 'Prénom', lastName: 'Nom' });

/** @returns the donation's id */
async function donate(member: Member, amount: number): Promise<string> {
  return await club.house.sandbox.control.yaplaEvents.donate({ donor: donorOf(member), amount });
}

/** What Yoplanning shows of a client. */
async function shown({ yoplanning }: Pick<Member, 'yoplanning'>): Promise<unknown> {
  return (await club.house.sandbox.control.record('yoplanning', yoplanning))!.document['note'];
}

const scope = () => ({ connectionId: club.house.connectionId, kind: 'donation' as const });
const given = async ({ yapla }: Pick<Member, 'yapla'>) =>
  (await donationsOf(club.house.sql, scope(), [yapla])).get(yapla);

describe('a donation of a member', () => {
  test('is kept with its amount, date and campaign, and shows in Yoplanning', async () => {
    await open('donatedThisYear');
    const member = club.members[0]!;
    const id = await donate(member, 2_050);
    await club.untilQuiet();
    expect(await shown(member)).toBe('20.50');
    const [kept, ...others] = (await given(member))!;
    expect(others).toEqual([]);
    expect(kept).toEqual({
      id,
      status: 'validated',
      amount: '20.50',
      currency: 'EUR',
      madeAt: kept!.madeAt,
      campaign: 'Campagne annuelle',
      memberId: member.yapla,
    });
    // The API shows whole seconds.
    expect(Math.abs(Date.now() - kept!.madeAt)).toBeLessThan(60_000);
    expect(await listOpenCases(club.house.sql, scope())).toEqual([]);
  });

  test('that is delivered twice, late and in another order is counted once, as it was told last', async () => {
    await open('donatedThisYear');
    const member = club.members[0]!;
    const { yaplaEvents } = club.house.sandbox.control;
    await yaplaEvents.setWebhookFaults('donation', {
      duplicate: 1,
      stale: { every: 2 },
      reorder: { window: 4, waitMs: 200 },
      delayJitterMs: 100,
    });
    const first = await donate(member, 1_000);
    await donate(member, 500);
    for (const amount of [1_100, 1_200, 1_300, 1_400]) await yaplaEvents.editDonation(first, { amount });
    await yaplaEvents.setWebhookFaults('donation', { duplicate: 1 });
    await yaplaEvents.editDonation(first, { amount: 1_500 });
    await club.untilQuiet();
    expect((await yaplaEvents.webhooks()).donation.duplicated).toBeGreaterThan(5);
    expect(await shown(member)).toBe('20.00');
    expect(await given(member)).toHaveLength(2);
  });

  test('is not counted before it is paid, nor once it is cancelled', async () => {
    await open('lastDonation');
    const member = club.members[0]!;
    const { yaplaEvents } = club.house.sandbox.control;
    const id = await yaplaEvents.donate({ donor: donorOf(member), amount: 1_000, status: 'waitingForPayment' });
    await club.untilQuiet();
    expect(await shown(member)).toBeNull();
    await yaplaEvents.editDonation(id, { status: 'validated' });
    await club.untilQuiet();
    expect(await shown(member)).toBe(new Date().toISOString().slice(0, 10));
    await yaplaEvents.editDonation(id, { status: 'cancelled' });
    await club.untilQuiet();
    expect(await shown(member)).toBeNull();
    expect((await given(member))!.map(({ status }) => status)).toEqual(['cancelled']);
  });
});

describe('a donation of somebody whose number it does not show', () => {
  test('is that of the one member of the name and the address', async () => {
    await open('donatedThisYear');
    const { control } = club.house.sandbox;
    const member = club.members[0]!;
    const { firstName, lastName, email } = (await control.record('yapla', member.yapla))!.person;
    expect(email).toContain('@');
    await control.yaplaEvents.donate({ donor: { firstName, lastName, email }, amount: 700 });
    await club.untilQuiet();
    expect(await shown(member)).toBe('7.00');
  });

  test('is kept, and becomes that of a member who comes later', async () => {
    await open('donatedThisYear', startPasserelle);
    const { control } = club.house.sandbox;
    const odile = { firstName: 'Odile', lastName: 'Kermarec', email: 'odile@example.org' };
    await control.yaplaEvents.donate({ donor: odile, amount: 900 });
    await club.untilQuiet();
    await control.add('yapla', odile);
    const client = async () => (await control.records('yoplanning')).find(({ person }) => person.email === odile.email);
    await until(
      async () => (await client())?.document['note'],
      (note) => note === '9.00',
    );
  });
});

test('a donation of a member whose webhook was lost has the member looked up, and made in Yoplanning by the rule for creations', async () => {
  await open('donatedThisYear');
  const { control } = club.house.sandbox;
  await control.setWebhookFaults('yapla', { drop: 1 });
  const odile = { firstName: 'Odile', lastName: 'Kermarec', email: 'odile@example.org' };
  const yapla = await control.add('yapla', odile);
  await club.untilQuiet();
  const clients = async () =>
    (await control.records('yoplanning')).filter(({ person }) => person.email === odile.email);
  expect(await clients()).toEqual([]);
  await donate({ yapla, yoplanning: '' }, 1_250);
  await club.untilQuiet();
  expect((await clients()).map(({ document }) => document['note'])).toEqual(['12.50']);
});

test('a donation that cannot be read is one case, which ends with a body that can', async () => {
  await open('donatedThisYear');
  const member = club.members[0]!;
  const id = await donate(member, 1_000);
  await club.untilQuiet();
  await club.tell('donation', { id, status: 'validated', donor: { member_id: member.yapla }, amount: 'dix' });
  await club.untilQuiet();
  expect((await listOpenCases(club.house.sql, scope())).map(({ kind }) => kind)).toEqual(['unreadableEvent']);
  expect(await shown(member)).toBe('10.00');
  await club.house.sandbox.control.yaplaEvents.editDonation(id, { amount: 1_100 });
  await club.untilQuiet();
  expect(await listOpenCases(club.house.sql, scope())).toEqual([]);
  expect(await shown(member)).toBe('11.00');
});
