/** The mirror of the catalogue on the real servers: what it brings to registrations, and how it stops, goes on and ends. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { WorkflowFailedError } from '@temporalio/client';
import pc from 'picocolors';
import { storeResolution } from '../../src/cases/answers.js';
import { caseView } from '../../src/cases/view.js';
import { readResolution } from '../../src/cli/caseAnswer.js';
import { caseText } from '../../src/cli/caseText.js';
import { resumeConnection } from '../../src/cli/resume.js';
import { savePlace } from '../../src/store/bookings.js';
import { findCase } from '../../src/store/cases.js';
import { lookAtLinks } from '../../src/store/inbox.js';
import { catalogueSessions, productOfSession } from '../../src/store/catalogue.js';
import {
  mirrorCatalogueId,
  mirrorProgressQuery,
  type MirrorProgress,
} from '../../workflows/mirrorCatalogue.messages.js';
import type { mirrorCatalogue } from '../../workflows/mirrorCatalogue.js';
import { EventsClub } from '../helpers/eventsClub.js';
import { until } from '../helpers/live.js';
import { startPasserelle, type PasserelleOptions, type TestPasserelle } from '../helpers/passerelle.js';

/** Each on premises of its own: a worker starts the mirrors of the connections that it begins with. */
const start = async (options?: Omit<PasserelleOptions, 'worker'>) => await startPasserelle(options);

/** A turn every moment, and as many requests as it takes. */
const catalogue = { everyMs: 100, requestsPerDay: 10_000_000, changesEveryMs: 400, wholeEveryMs: 1_000 };
const mirroring: Omit<PasserelleOptions, 'worker'> = { connection: { settings: { events: { catalogue } } } };

const handleOf = ({ client, connectionId }: TestPasserelle) =>
  client.workflow.getHandle<typeof mirrorCatalogue>(mirrorCatalogueId(connectionId));

/** Each worker starts it, a moment after it polls. */
async function untilStarted(house: TestPasserelle): Promise<void> {
  const query = `WorkflowId = '${mirrorCatalogueId(house.connectionId)}'`;
  await until(
    async () => (await house.client.workflow.count(query)).count,
    (n) => n > 0,
  );
}

async function untilKnown({ house, scope }: EventsClub, session: string): Promise<void> {
  await until(
    () => productOfSession(house.sql, scope, session),
    (known) => known !== null,
  );
}

const progressOf = async (house: TestPasserelle): Promise<MirrorProgress> =>
  await handleOf(house).query(mirrorProgressQuery);

async function untilTurned(house: TestPasserelle, turns: number): Promise<MirrorProgress> {
  const { totals } = await progressOf(house);
  return await until(
    () => progressOf(house),
    (progress) => progress.totals.turns >= totals.turns + turns,
  );
}

describe('with a mirror', () => {
  let club: EventsClub;
  afterEach(async () => await club.stop());

  test('who waits for a place is booked when the mirror sees one, though no order was cancelled', async () => {
    club = await EventsClub.open(start, { places: 0, options: mirroring });
    const id = await club.register();
    await club.untilQuiet();
    await club.answer('noPlace', 'wait');
    await club.untilQuiet();
    await untilTurned(club.house, 2);
    expect(await club.orders(id)).toEqual([]);
    await club.house.sandbox.control.bookings.setPlaces(club.session, 1);
    const [order] = await until(
      () => club.orders(id),
      (orders) => orders.length > 0,
    );
    expect(order).toMatchObject({ items: [{ session_group: club.session }] });
  });
});

describe('a registration, with a mirror', () => {
  let club: EventsClub;
  afterEach(async () => await club.stop());

  test('of an event that goes to a product goes to the session that starts when the event does', async () => {
    club = await EventsClub.open(start, { options: mirroring, begins: false });
    await club.approve();
    await untilKnown(club, club.session);
    const place = { event: `id ${club.event}`, activity: '', rate: '', productId: club.product, sessionId: null };
    await savePlace(club.house.sql, club.scope, place, { title: null, by: 'tester' });
    const id = await club.register();
    await club.untilQuiet();
    expect(await club.orders(id)).toMatchObject([{ items: [{ session_group: club.session }] }]);
  });

  test('without a place is told the other sessions of the product that have one, and is booked in the one that is chosen', async () => {
    club = await EventsClub.open(start, { places: 0, options: mirroring });
    const { bookings } = club.house.sandbox.control;
    const { startsAt } = (await bookings.sessions(club.product)).find(({ id }) => id === club.session)!;
    const after = (hours: number) => new Date(Date.parse(startsAt) + hours * 3_600_000).toISOString();
    const sameDay = await bookings.addSession({ product: club.product, startsAt: after(3), places: 2 });
    const nextDay = await bookings.addSession({ product: club.product, startsAt: after(24), places: 2 });
    const full = await bookings.addSession({ product: club.product, startsAt: after(4), places: 0 });
    for (const session of [club.session, sameDay, nextDay, full]) await untilKnown(club, session);
    const id = await club.register();
    await club.untilQuiet();

    const { sql, connection } = club.house;
    const open = (await club.cases()).find(({ kind }) => kind === 'noPlace')!;
    const question = (await findCase(sql, open.id))!;
    const view = await caseView(sql, question);
    expect(view.alternatives.map((one) => one.id)).toEqual([sameDay, nextDay]);
    expect(caseText(view, { colours: pc.createColors(false) }, Date.now())).toContain(`--session ${sameDay}`);

    const resolution = readResolution({ session: nextDay }, question, connection);
    await storeResolution(sql, question, resolution, 'tester');
    await lookAtLinks(sql, club.scope, [question.linkId!]);
    await club.untilQuiet();
    expect(await club.orders(id)).toMatchObject([{ items: [{ session_group: nextDay }] }]);
    expect(await club.caseKinds()).toEqual([]);
    const [deed] = await sql<{ about: unknown }[]>`
      select about from audit where connection_id = ${club.scope.connectionId} and kind = 'registration' and verb = 'answer'`;
    expect(deed!.about).toMatchObject({ take: 'carryOut', session: nextDay });
  });
});

describe('the mirror of a connection', () => {
  let house: TestPasserelle;
  afterEach(async () => await house.stop());

  const people = { seed: 1, yapla: 0, yoplanning: 0, shared: 0, differing: 0 };
  const open = async (options: PasserelleOptions = {}) => {
    house = await startPasserelle({
      sandbox: { people },
      ...options,
      connection: { events: true, ...mirroring.connection, ...options.connection },
    });
    if (house.connection.events!.catalogue !== undefined) await untilStarted(house);
  };

  test('stops where the token is refused, sends nothing more, and goes on when a person resumes the connection', async () => {
    await open({
      connection: { events: true, settings: { events: { catalogue }, live: { stoppedRetryMs: 3_600_000 } } },
    });
    await until(
      () => progressOf(house),
      ({ last }) => last !== null,
    );
    const fault = await house.sandbox.control.addFault({ system: 'yoplanning', action: { do: 'revoke' } });
    const stopped = await until(
      () => progressOf(house),
      ({ state }) => state === 'stopped',
    );
    expect(stopped.failure).toMatch(/^(AccessRefused|ConnectionStopped)$/);
    const query = `WorkflowId = '${mirrorCatalogueId(house.connectionId)}' AND PasserelleState = 'stopped'`;
    await until(
      async () => (await house.client.workflow.count(query)).count,
      (n) => n === 1,
    );
    await house.sandbox.control.removeFault(fault);
    const { client, sql, config } = house;
    await resumeConnection({ client, sql, connections: config.connections }, house.connectionId);
    const { state } = await untilTurned(house, 2);
    expect(state).toBe('running');
  });

  test('ends once nothing is to be mirrored any more, and what was mirrored stays', async () => {
    await open();
    await until(
      () => progressOf(house),
      ({ last }) => last !== null && last.oldestReadAtMs !== null,
    );
    await house.reconfigure((before) => ({ ...before, events: { ...before.events!, catalogue: undefined } }));
    expect((await handleOf(house).result()).turns).toBeGreaterThan(0);
    const scope = { connectionId: house.connectionId, kind: 'registration' } as const;
    expect(await catalogueSessions(house.sql, scope, { fromMs: Date.now() })).not.toEqual([]);
  });

  test('ends once its connection is not configured any more', async () => {
    await open();
    await untilTurned(house, 1);
    await house.reconfigure(() => undefined);
    expect((await handleOf(house).result()).turns).toBeGreaterThan(0);
  });

  test('continues as new, with its counts, before its history is long', async () => {
    await open({
      connection: { events: true, settings: { events: { catalogue: { ...catalogue, maxHistoryEvents: 100 } } } },
    });
    const first = await handleOf(house).describe();
    const described = await until(
      () => handleOf(house).describe(),
      ({ runId }) => runId !== first.runId,
    );
    expect(described.status.name).toBe('RUNNING');
    expect((await progressOf(house)).totals.turns).toBeGreaterThan(5);
  });

  test('under another id, or with a state that no run before handed over, ends at once and touches no system', async () => {
    await open({ connection: { events: true, settings: { events: {} } } });
    const { client, taskQueue, connectionId, sandbox } = house;
    await sandbox.control.resetCounts();
    const carried = { totals: {}, last: null, settings: null, vainLooks: 0, shown: null };
    for (const [workflowId, input] of [
      [`catalogue/${connectionId}/mine`, { connectionId }],
      [mirrorCatalogueId(connectionId), { connectionId, carried }],
    ] as const) {
      const handle = await client.workflow.start('mirrorCatalogue', { workflowId, taskQueue, args: [input] });
      await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    }
    expect((await sandbox.control.counts()).yoplanning.requests).toBe(0);
  });
});
