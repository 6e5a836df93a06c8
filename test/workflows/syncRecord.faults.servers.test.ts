/** What goes wrong around single changes, and how they arrive all the same, once. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { resumeConnection } from '../../src/cli/resume.js';
import { liftStop, seenStops } from '../../src/store/budgetStops.js';
import { countOpenCases, listOpenCases } from '../../src/store/cases.js';
import { credentialsOf } from '../../src/connection.js';
import { LinkClaims } from '../../src/link/claims.js';
import { linkedPerson, recordTotals, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { PasserelleOptions, TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 14, yapla: 0, yoplanning: 0, shared: 4, differing: 0 };

let house: TestPasserelle;
let one: { linkId: string; yapla: string; yoplanning: string };
afterEach(async () => await house.stop());

async function start(options: PasserelleOptions = {}): Promise<void> {
  house = await startPasserelle({ sandbox: { people }, ...options });
  await (await house.startBulk()).result();
  await house.startReceiver();
  await house.sandbox.control.resetCounts();
  one = await linkedPerson(house);
}

const writes = async () => ({
  yapla: await house.sandbox.control.writes('yapla'),
  yoplanning: await house.sandbox.control.writes('yoplanning'),
});

describe('webhooks', () => {
  test.each([
    ['delivered twice', { duplicate: 1 }],
    ['that arrive before the answer of the write that caused them', { early: 1 }],
    ['that arrive late and out of order', { delayed: 0.5, delayMs: 150, delayJitterMs: 200, reorder: { window: 3 } }],
  ] as const)('%s have the same effect as one each', async (_, faults) => {
    await start();
    for (const system of ['yapla', 'yoplanning'] as const) await house.sandbox.control.setWebhookFaults(system, faults);
    await house.sandbox.control.edit('yapla', one.yapla, { city: 'Rennes' });
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes' });
    await untilQuiet(house);
    await house.sandbox.control.edit('yoplanning', one.yoplanning, { city: 'Brest' });
    await untilHolds(house, 'yapla', one.yapla, { city: 'Brest' });
    await untilQuiet(house);
    expect(await writes()).toEqual({ yapla: { [one.yapla]: 1 }, yoplanning: { [one.yoplanning]: 1 } });
    expect(await listOpenCases(house.sql, house.scope)).toEqual([]);
  });

  test('that carry an old state of the member undo nothing, where the member cannot be read', async () => {
    await start({
      sandbox: { people, yapla: { shape: 'listed' } },
      connection: { rule: 'yapla' },
    });
    await house.sandbox.control.edit('yapla', one.yapla, { city: 'Rennes' });
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes' });
    await untilQuiet(house);
    await house.sandbox.control.setWebhookFaults('yapla', { stale: 1, staleVersions: 2 });
    await house.sandbox.control.edit('yapla', one.yapla, { postalCode: '35000' });
    await untilQuiet(house);
    expect((await house.sandbox.control.record('yoplanning', one.yoplanning))!.person.city).toBe('Rennes');
    expect((await house.sandbox.control.record('yapla', one.yapla))!.person).toMatchObject({ city: 'Rennes' });
    expect((await house.sandbox.control.webhooks()).yapla.stale).toBe(1);
    expect((await house.sandbox.control.counts()).yapla.byKind.read).toBe(0);
  });
});

describe('a server that rewrites what it is sent', () => {
  test('causes no second write, and no change in the other system', async () => {
    await start();
    await house.sandbox.control.addFault({
      system: 'yoplanning',
      method: 'PUT',
      action: { do: 'rewrite', fields: { lastName: 'upper' } },
    });
    await house.sandbox.control.edit('yapla', one.yapla, { lastName: 'Kervella' });
    await untilHolds(house, 'yoplanning', one.yoplanning, { lastName: 'KERVELLA' });
    await untilQuiet(house);
    expect(await writes()).toEqual({ yapla: {}, yoplanning: { [one.yoplanning]: 1 } });
    expect((await house.sandbox.control.record('yapla', one.yapla))!.person.lastName).toBe('Kervella');
    expect((await recordTotals(house)).echoes).toBeGreaterThan(0);
  });
});

describe('a record that changes while it is being written', () => {
  test('is decided again on what is there, and neither edit is lost', async () => {
    await start({ connection: { settings: { live: { debounceMs: 5, lingerMs: 1_500 } } } });
    // The edit in Yoplanning is not told of, and falls before the write's own GET.
    await house.sandbox.control.setWebhookFaults('yoplanning', { drop: 1 });
    await house.sandbox.control.edit('yoplanning', one.yoplanning, { postalCode: '29200' });
    await house.sandbox.control.edit('yapla', one.yapla, { city: 'Rennes' });
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes', postalCode: '29200' });
    await untilHolds(house, 'yapla', one.yapla, { city: 'Rennes', postalCode: '29200' });
    await untilQuiet(house);
    expect((await recordTotals(house)).stale).toBe(1);
  });
});

describe('a field that something else sets back each time', () => {
  test('is frozen by the breaker after three writes, and becomes a case', async () => {
    await start({ connection: { rule: 'yapla' } });
    await house.sandbox.control.edit('yapla', one.yapla, { city: 'Rennes' });
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes' });
    const open = async () => await countOpenCases(house.sql, house.scope);
    // Another program insists on its own value in Yapla, whatever Yoplanning's people enter.
    for (let round = 0; (await open())['frozen'] === undefined; round++) {
      expect(round).toBeLessThan(8);
      await untilQuiet(house);
      const before = (await recordTotals(house)).written;
      const [system, id, city] =
        round % 2 === 0
          ? (['yoplanning', one.yoplanning, 'Brest'] as const)
          : (['yapla', one.yapla, 'Rennes'] as const);
      await house.sandbox.control.edit(system, id, { city });
      await until(
        async () => ({ now: (await recordTotals(house)).written, frozen: (await open())['frozen'] }),
        ({ now, frozen }) => frozen !== undefined || now.yapla + now.yoplanning > before.yapla + before.yoplanning,
      );
    }
    await untilQuiet(house);
    expect(await open()).toEqual({ frozen: 1 });
    const { yapla, yoplanning } = (await recordTotals(house)).written;
    expect(yapla + yoplanning).toBeLessThanOrEqual(6);
  });
});

describe('a record that a system refuses', () => {
  test('becomes a case, is not sent again, and goes on when the record changes', async () => {
    await start();
    await house.sandbox.control.addFault({
      system: 'yoplanning',
      method: 'PUT',
      times: 1,
      action: { do: 'invalid', field: 'city' },
    });
    await house.sandbox.control.edit('yapla', one.yapla, { city: 'Rennes' });
    const open = async () => await countOpenCases(house.sql, house.scope);
    await until(open, (cases) => cases['refused'] === 1);
    await untilQuiet(house);
    expect(await writes()).toEqual({ yapla: {}, yoplanning: {} });
    await house.sandbox.control.edit('yapla', one.yapla, { city: 'Brest' });
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Brest' });
    await until(open, (cases) => Object.keys(cases).length === 0);
  });

  test('with 500 for ever becomes a case, because others pass meanwhile', async () => {
    await start({ connection: { settings: { live: { debounceMs: 40, lingerMs: 1_500, maxAttempts: 2 } } } });
    await house.sandbox.control.addFault({
      system: 'yoplanning',
      method: 'PUT',
      record: one.yoplanning,
      action: { do: 'status', status: 500 },
    });
    await house.sandbox.control.edit('yapla', one.yapla, { city: 'Rennes' });
    await until(
      async () => await countOpenCases(house.sql, house.scope),
      (cases) => cases['refused'] === 1,
    );
  });
});

describe('a system that fails once', () => {
  test('is asked again after a pause, not at once: the change arrives, and the failure cost one request', async () => {
    await start();
    await house.sandbox.control.addFault({
      system: 'yoplanning',
      method: 'GET',
      record: one.yoplanning,
      times: 1,
      action: { do: 'status', status: 503 },
    });
    await house.sandbox.control.edit('yapla', one.yapla, { city: 'Rennes' });
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes' });
    const { events } = await house.client.workflow
      .getHandle(`person/${house.connectionId}/${one.linkId}`)
      .fetchHistory();
    const failedAt = events!.findIndex((event) => event.markerRecordedEventAttributes?.failure);
    expect(failedAt).toBeGreaterThan(0);
    const then = events!.slice(failedAt).flatMap((event) => {
      if (event.timerStartedEventAttributes) return ['pause'];
      if (event.timerFiredEventAttributes) return ['its end'];
      return event.activityTaskScheduledEventAttributes ? ['ordinary attempt'] : [];
    });
    expect(then.slice(0, 3)).toEqual(['pause', 'its end', 'ordinary attempt']);
    expect(await house.sandbox.control.writes('yoplanning')).toEqual({ [one.yoplanning]: 1 });
  });
});

describe('a link that somebody else holds for a while, and then one truncated answer', () => {
  test('is no reason to stop: each cause has its own count', async () => {
    await start({ connection: { settings: { live: { debounceMs: 5, lingerMs: 1_500, stoppedRetryMs: 3_600_000 } } } });
    const claims = new LinkClaims(house.sql);
    const held = await claims.claim(house.scope, [one.linkId]);
    await house.sandbox.control.addFault({
      system: 'yapla',
      kind: 'read',
      record: one.yapla,
      times: 1,
      action: { do: 'malformed' },
    });
    await house.sandbox.control.edit('yapla', one.yapla, { city: 'Rennes' });
    const workflow = house.client.workflow.getHandle(`person/${house.connectionId}/${one.linkId}`);
    await until(
      async () => {
        const { raw } = await workflow.describe().catch(() => ({ raw: { pendingActivities: [] } }));
        return raw.pendingActivities?.[0]?.attempt ?? 0;
      },
      (attempt) => attempt > 3,
    );
    await held.release();
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes' });
    await claims.close();
    const { events } = await workflow.fetchHistory();
    const stops = events!.filter((event) => event.upsertWorkflowSearchAttributesEventAttributes);
    expect(stops).toEqual([]);
  });
});

describe('a token that is revoked', () => {
  test.each(['by itself after a while', 'at once after resume'])(
    'stops the record’s work without losing it, and it goes on %s',
    async (how) => {
      const stoppedRetryMs = how === 'at once after resume' ? 3_600_000 : 500;
      await start({ connection: { settings: { live: { debounceMs: 40, lingerMs: 1_500, stoppedRetryMs } } } });
      const fault = await house.sandbox.control.addFault({ system: 'yoplanning', action: { do: 'revoke' } });
      await house.sandbox.control.edit('yapla', one.yapla, { city: 'Rennes' });
      const workflow = house.client.workflow.getHandle(`person/${house.connectionId}/${one.linkId}`);
      await until(
        async () => (await workflow.query<{ state: string }>('progress').catch(() => ({ state: 'none' }))).state,
        (state) => state === 'stopped',
      );
      await house.sandbox.control.removeFault(fault);
      const { client, sql, connectionId } = house;
      if (how === 'at once after resume') {
        // Which records have stopped is asked of Temporal's visibility store, which learns of it a moment later.
        await until(
          async () => await resumeConnection({ client, sql, connections: house.config.connections }, connectionId),
          ({ records }) => records === 1,
        );
      } else {
        const { yoplanning } = await credentialsOf(sql, house.connection);
        await liftStop(sql, yoplanning, (await seenStops(sql, yoplanning))[0]!);
      }
      await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes' });
    },
  );
});
