/** Yapla's events in the sandbox: what people do there, what webhooks tell of it, and the export of registrations. */
import { afterAll, describe, expect, test } from '@jest/globals';
import * as sheetjs from '@e965/xlsx';
import { yaplaEventsSchema } from '../../src/config/yaplaEvents.js';
import type { JsonObject } from '../../src/core/document.js';
import type { SandboxOptions } from '../../src/sandbox/options.js';
import { donationOf, registrationOf } from '../../src/systems/yapla/events.js';
import { LocalServer } from '../http/localServer.js';
import { sandboxes } from './http.js';

const start = sandboxes();
const receivers: LocalServer[] = [];
afterAll(() => Promise.all(receivers.map((receiver) => receiver.stop())));

type EventsOptions = NonNullable<NonNullable<SandboxOptions['yapla']>['events']>;

/** A sandbox whose registrations and donations are told to addresses of their own. */
async function telling(events: EventsOptions = {}) {
  const receiver = await LocalServer.start();
  receivers.push(receiver);
  receiver.answersWith(202, {});
  const webhooks = {
    registration: { url: `${receiver.url}/registrations` },
    donation: { url: `${receiver.url}/donations` },
  };
  const sandbox = await start({ yapla: { timeZone: 'Europe/Paris', events: { webhooks, ...events } } });
  const { yaplaEvents: control, settled } = sandbox.control;
  const bodies = async () => {
    await settled();
    return receiver.received.map(({ url, body }) => ({
      url,
      ...(JSON.parse(body) as { event: string; data: JsonObject }),
    }));
  };
  return { sandbox, control, bodies };
}

const sailing = {
  title: 'Sailing day',
  start: '2026-06-12T07:00:00Z',
  end: '2026-06-12T15:00:00Z',
  place: 'Harbour',
  activities: ['Dinghy'],
  rates: [
    { name: 'Member', amount: 1_250 },
    { name: 'Free', amount: 0 },
  ],
};
const two = [
  { firstName: 'Ada', lastName: 'Byron', email: 'ada@example.org' },
  { firstName: 'Bo', lastName: 'Li' },
];

async function registered(more: object = {}, events: EventsOptions = {}) {
  const told = await telling(events);
  const event = await told.control.addEvent(sailing);
  const given = { event, activity: 'Dinghy', rate: 'Member', participants: two, ...more };
  return { ...told, event, given, id: await told.control.register(given) };
}

describe('a registration', () => {
  test('waits for its payment where it costs something, and is told whole at the address of registrations', async () => {
    const { bodies, event, id } = await registered();
    expect(await bodies()).toEqual([
      {
        url: '/registrations',
        event: 'registration.created',
        data: {
          id: Number(id),
          status: 'waiting_for_payment',
          // By the clocks of the account, in summer.
          event: {
            id: Number(event),
            title: 'Sailing day',
            start: '2026-06-12 09:00:00',
            end: '2026-06-12 17:00:00',
            place: 'Harbour',
          },
          activity: { id: expect.any(Number), title: 'Dinghy' },
          rate: 'Member',
          participants: [
            { first_name: 'Ada', last_name: 'Byron', email: 'ada@example.org' },
            { first_name: 'Bo', last_name: 'Li' },
          ],
          amount: '25.00',
          currency: 'EUR',
          paid_at: null,
          updated_at: expect.stringMatching(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/),
        },
      },
    ]);
  });

  test('is validated where it is free, and where it is paid', async () => {
    const { bodies, control, given, id } = await registered();
    await control.register({ ...given, rate: 'Free' });
    await control.pay(id);
    const [, free, paid] = (await bodies()).map(({ data }) => data);
    expect(free).toMatchObject({ status: 'validated', amount: '0.00', paid_at: null });
    expect(paid).toMatchObject({ id: Number(id), status: 'validated', paid_at: expect.any(String) });
  });

  test('changes its participants, and each change has a later time than the one before', async () => {
    const { bodies, control, id } = await registered();
    await control.edit(id, { participants: [two[1]!], rate: 'Free', activity: null });
    await control.pay(id);
    const [first, second, third] = (await bodies()).map(({ data }) => data);
    expect(second).toMatchObject({ participants: [{ first_name: 'Bo' }], activity: null, rate: 'Free' });
    const times = [first, second, third].map((data) => data?.['updated_at'] as string);
    expect(times).toEqual([...new Set(times)].sort());
  });

  test.each([
    ['updated', ['registration.created', 'registration.updated']],
    ['cancelled', ['registration.created', 'registration.cancelled']],
    ['nothing', ['registration.created']],
  ] as const)('that is cancelled is told as: %s', async (cancellation, words) => {
    const { bodies, control, id } = await registered({}, { cancellation });
    await control.cancel(id);
    expect((await bodies()).map(({ event }) => event)).toEqual(words);
    expect(await control.documents('registration')).toMatchObject([{ status: 'cancelled' }]);
  });

  test('for what does not exist is refused, and tells nobody', async () => {
    const { bodies, control, given } = await registered();
    await expect(control.register({ ...given, event: '1' })).rejects.toMatchObject({ status: 404 });
    await expect(control.register({ ...given, activity: 'Chess' })).rejects.toMatchObject({ status: 404 });
    await expect(control.edit('1', {})).rejects.toMatchObject({ status: 404 });
    await expect(control.register({ ...given, participants: [] })).rejects.toMatchObject({ status: 400 });
    expect(await bodies()).toHaveLength(1);
  });
});

test('a donation is told at the address of donations, and once more when it is changed', async () => {
  const { bodies, control } = await telling();
  const id = await control.donate({ donor: two[0]!, amount: 5_000, campaign: 'New boats' });
  await control.editDonation(id, { status: 'cancelled' });
  const told = await bodies();
  expect(told).toMatchObject([
    { url: '/donations', event: 'donation.created', data: { id: Number(id), amount: '50.00', status: 'validated' } },
    { url: '/donations', event: 'donation.updated', data: { status: 'cancelled' } },
  ]);
  const settings = { events: yaplaEventsSchema.parse({}), timeZone: 'Europe/Paris' };
  const { url: _, ...body } = told[0]!;
  expect(donationOf(settings, body)).toMatchObject({
    value: { id, amount: '50.00', donor: { email: 'ada@example.org' }, campaign: { title: 'New boats' } },
  });
});

describe('webhooks of registrations', () => {
  const faulty = async (faults: object) => {
    const told = await registered();
    await told.sandbox.control.settled();
    await told.control.setWebhookFaults('registration', faults);
    for (let nth = 0; nth < 4; nth += 1) await told.control.edit(told.id, { rate: nth % 2 === 0 ? 'Free' : 'Member' });
    const bodies = (await told.bodies()).slice(1).map(({ data }) => data['updated_at'] as string);
    const { registration } = await told.control.webhooks();
    return { bodies, inOrder: [...bodies].sort(), counts: registration };
  };

  test('are lost', async () => {
    const { bodies, counts } = await faulty({ drop: { every: 2 } });
    expect(bodies).toHaveLength(2);
    expect(counts).toMatchObject({ dropped: 2, pending: 0 });
  });

  test('come twice', async () => {
    const { bodies, counts } = await faulty({ duplicate: 1 });
    expect(bodies).toHaveLength(8);
    expect(new Set(bodies).size).toBe(4);
    expect(counts).toMatchObject({ duplicated: 4 });
  });

  test('come in another order', async () => {
    const { bodies, inOrder, counts } = await faulty({ reorder: { window: 4, waitMs: 10_000 } });
    expect(bodies).not.toEqual(inOrder);
    expect(counts.reordered).toBeGreaterThan(0);
  });

  test('come late, overtaken by those after them', async () => {
    const { bodies, inOrder } = await faulty({ delayed: { every: 3 }, delayMs: 1_500 });
    expect(bodies.at(-1)).toBe(inOrder[2]);
  });

  test('show the registration as it was before', async () => {
    const { bodies } = await faulty({ stale: { every: 4 } });
    expect(bodies[3]).toBe(bodies[2]);
  });

  test('go nowhere where nobody set them up, while those of donations do', async () => {
    const { control, bodies, id } = await registered();
    await control.setWebhooks('registration', null);
    await control.pay(id);
    await control.donate({ donor: two[0]!, amount: 100 });
    expect((await bodies()).map(({ url }) => url)).toEqual(['/registrations', '/donations']);
  });
});

describe('what is there from the start', () => {
  const options = { people: { yapla: 5 }, yapla: { events: { events: 3, registrations: 60, donations: 10 } } };
  const settings = { events: yaplaEventsSchema.parse({}), timeZone: 'UTC' };

  test('is the same for the same seed, and other for another', async () => {
    const documents = async (seed: number) => {
      const events = { ...options.yapla.events, seed };
      const { control } = await start({ ...options, yapla: { events } });
      return (await control.yaplaEvents.documents('registration')).map(
        ({ updated_at: _, paid_at: __, ...rest }) => rest,
      );
    };
    const [first, again, other] = [await documents(1), await documents(1), await documents(2)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('can be read, in every status, and with participants of every sort', async () => {
    const { control } = await start(options);
    const registrations = (await control.yaplaEvents.documents('registration')).map((data) => {
      const reading = registrationOf(settings, { data });
      if (reading.problems !== undefined) throw new Error(JSON.stringify(reading.problems));
      return reading.value;
    });
    expect(registrations).toHaveLength(60);
    expect(new Set(registrations.map(({ status }) => status)).size).toBe(3);
    const people = registrations.flatMap(({ participants }) => participants);
    expect(people.some(({ memberId }) => memberId !== null)).toBe(true);
    expect(people.some(({ email, memberId }) => email === null && memberId === null)).toBe(true);
    for (const data of await control.yaplaEvents.documents('donation'))
      expect(donationOf(settings, { data })).toHaveProperty('value');
  });

  test('is told to nobody', async () => {
    const { bodies, sandbox } = await telling({ events: 1, registrations: 3, donations: 1 });
    expect(await sandbox.control.yaplaEvents.documents('registration')).toHaveLength(3);
    expect(await bodies()).toEqual([]);
  });
});

describe('the export of registrations', () => {
  test.each(['csv', 'xlsx'] as const)('as %s has a row for each participant', async (form) => {
    const { control, id } = await registered();
    await control.pay(id);
    const { name, content } = await control.exportRegistrations({ form, dates: 'french', at: '2026-05-03T10:20:00Z' });
    expect(name).toBe(`Yapla - Événements - Liste des inscriptions - 260503-1020 - 258779.${form}`);
    const book =
      form === 'xlsx'
        ? sheetjs.read(content, { type: 'buffer' })
        : sheetjs.read(content.toString('utf8').replace(/^\uFEFF/, ''), { type: 'string', raw: true });
    const rows = sheetjs.utils.sheet_to_json<Record<string, string>>(book.Sheets[book.SheetNames[0]!]!, {
      raw: false,
      defval: '',
    });
    const shared = {
      'Inscription - # inscription': id,
      Événement: 'Sailing day',
      'Date de début': '12/06/2026',
      Activité: 'Dinghy',
      Tarif: 'Member',
      Statut: 'Validée',
      Montant: '25,00',
    };
    expect(rows).toMatchObject([
      { ...shared, Prénom: 'Ada', Nom: 'Byron', Courriel: 'ada@example.org' },
      { ...shared, Prénom: 'Bo', Nom: 'Li', Courriel: '' },
    ]);
    expect(rows[0]!['Date de paiement']).toMatch(/^\d{2}\/\d{2}\/\d{4}$/);
  });

  test('has only those that were asked for', async () => {
    const { control, given, id } = await registered();
    await control.register(given);
    const { content } = await control.exportRegistrations({ only: [id] });
    expect(content.toString('utf8').trim().split('\r\n')).toHaveLength(3);
  });
});
