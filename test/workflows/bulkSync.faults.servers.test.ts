/** What goes wrong between us and the two systems, and how the bulk sync ends all the same. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { readableShapes } from '../../src/sandbox/options.js';
import { countOpenCases, listOpenCases } from '../../src/store/cases.js';
import { cancelSignal, pauseSignal, resumeSignal } from '../../workflows/bulkSync.messages.js';
import { untilProgress } from '../helpers/bulkSync.js';
import { expectNoTwin, expectOneWriteEach, expectProven } from '../helpers/books.js';
import { historyText } from '../helpers/historyText.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 5, yapla: 14, yoplanning: 6, shared: 10, differing: 6 };

let house: TestPasserelle;
afterEach(async () => await house.stop());

describe('the day’s quota', () => {
  test('is spent in the middle: the workflow waits in the open, goes on the next day, and nothing is refused', async () => {
    const limits = { requestsPerSecond: null, requestsPerDay: 20, dayWindowMs: 4_000 };
    house = await startPasserelle({
      sandbox: { people, yoplanning: { limits } },
      connection: { limits: { yoplanning: { ...limits, liveShare: 0, longWaitMs: 200 } } },
    });
    const handle = await house.startBulk();
    const waiting = await untilProgress(handle, ({ state }) => state.kind === 'waitingForBudget');
    expect(waiting.phase).toBe('applying');
    expect(await handle.result()).toMatchObject({ outcome: 'applied', differences: 0 });

    const { yoplanning } = await house.sandbox.control.counts();
    expect(yoplanning).toMatchObject({ refusals: 0 });
    expect(yoplanning.maxInDayWindow).toBeLessThanOrEqual(20);
    await expectOneWriteEach(house);
    await expectNoTwin(house);
  });
});

describe('a token that is revoked in the middle', () => {
  test('stops the work with a message that says what to do, burns no retries, and goes on after resume', async () => {
    house = await startPasserelle({ sandbox: { people } });
    const fault = await house.sandbox.control.addFault({ system: 'yoplanning', skip: 9, action: { do: 'revoke' } });
    const handle = await house.startBulk();
    const stopped = await untilProgress(handle, ({ state }) => state.kind === 'stopped');
    expect(stopped.state).toMatchObject({
      kind: 'stopped',
      failure: expect.stringMatching(/AccessRefused|ConnectionStopped/),
    });
    expect(JSON.stringify(stopped.state)).toMatch(/401|token/i);
    const { yoplanning } = await house.sandbox.control.counts();
    // Those that were under way when the first 401 came back; none after it.
    expect(yoplanning.byStatus['401']).toBeLessThanOrEqual(16);

    await house.sandbox.control.removeFault(fault);
    await handle.signal(resumeSignal);
    expect(await handle.result()).toMatchObject({ outcome: 'applied', differences: 0 });
    await expectOneWriteEach(house);
    await expectNoTwin(house);
    await expectProven(house);
  });
});

describe('a record that a system refuses', () => {
  const says400 =
    'with 400 becomes a case that names the fields, the rest goes on, and it is not tried again while nothing changes';
  test.each([
    // Where no pair differs, every PUT of the plan is a creation; where nobody is missing, every one is an update.
    { what: 'a creation', people: { ...people, differing: 0 } },
    { what: 'an update', people: { ...people, yapla: 0, yoplanning: 0 } },
  ])(`${says400} ($what)`, async ({ people }) => {
    house = await startPasserelle({ sandbox: { people } });
    await house.sandbox.control.addFault({
      system: 'yoplanning',
      kind: 'write',
      method: 'PUT',
      times: 1,
      action: { do: 'invalid', field: 'phone_number', message: 'The value "+33 secret" is not valid.' },
    });
    const handle = await house.startBulk();
    expect(await handle.result()).toMatchObject({
      outcome: 'applied',
      differences: 0,
      applied: { outcomes: { refused: 1 } },
    });
    const cases = (await listOpenCases(house.sql, house.scope)).filter((one) => one.kind === 'refused');
    expect(cases).toHaveLength(1);
    const [row] = await house.sql<
      { details: { fields: string[]; words: unknown } }[]
    >`select details from cases where id = ${cases[0]!.id}`;
    expect(row!.details.fields).toEqual(['phone_number']);
    expect(JSON.stringify(row!.details.words)).toContain('+33 secret');
    // The server's own words can quote values: they reach no history.
    const history = await historyText(handle);
    expect(history).toContain(house.connectionId);
    expect(history).not.toContain('secret');
    await expectProven(house);
  });

  test('with 500 for ever becomes a case once others have passed, and the rest goes on', async () => {
    house = await startPasserelle({
      sandbox: { people },
      connection: { settings: { bulk: { maxItemAttempts: 2 } } },
    });
    const [victim] = (await house.sandbox.control.truth()).filter(
      (person) => person.kind === 'differing' && person.ids.yoplanning,
    );
    await house.sandbox.control.addFault({
      system: 'yoplanning',
      method: 'PUT',
      record: victim!.ids.yoplanning!,
      action: { do: 'status', status: 500 },
    });
    const result = await (await house.startBulk()).result();
    expect(result.differences).toBe(0);
    const refused = await countOpenCases(house.sql, house.scope);
    // Where the victim needed no write in Yoplanning, nothing was refused: the seed is chosen so that it does.
    expect(refused).toMatchObject({ refused: 1 });
    await house.sandbox.control.clearFaults();
    await expectNoTwin(house);
  });
});

describe('answers that never come', () => {
  test.each(readableShapes)(
    'after the effect, on creations and updates, make no twin and no second write (%s Yapla)',
    async (shape) => {
      house = await startPasserelle({
        sandbox: { people, yapla: { shape } },
        connection: { settings: {} },
      });
      for (const system of ['yapla', 'yoplanning'] as const) {
        await house.sandbox.control.addFault({
          system,
          kind: ['create', 'write'],
          skip: 1,
          times: 3,
          action: { do: 'reset', effect: 'applied' },
        });
        await house.sandbox.control.addFault({
          system,
          kind: ['create', 'write'],
          skip: 4,
          times: 2,
          action: { do: 'status', status: 502, effect: 'none' },
        });
      }
      expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
      await expectOneWriteEach(house);
      await expectNoTwin(house);
      await expectProven(house);
    },
  );

  test('in the middle of a page, malformed or cut off, only cost that page', async () => {
    house = await startPasserelle({ sandbox: { people } });
    for (const system of ['yapla', 'yoplanning'] as const) {
      await house.sandbox.control.addFault({ system, kind: 'list', times: 1, action: { do: 'malformed' } });
      await house.sandbox.control.addFault({
        system,
        kind: 'list',
        skip: 1,
        times: 1,
        action: { do: 'status', status: 503 },
      });
    }
    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
    await expectProven(house);
  });
});

describe('a server with ways of its own', () => {
  test('rewrites our values: they count as ours, and a second run writes nothing', async () => {
    house = await startPasserelle({ sandbox: { people } });
    await house.sandbox.control.addFault({
      system: 'yoplanning',
      kind: 'write',
      action: { do: 'rewrite', fields: { lastName: 'upper', phone: 'digits', street: 'upper' } },
    });
    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
    const before = await house.sandbox.control.counts();
    expect(await (await house.startBulk()).result()).toMatchObject({ differences: 0, applied: { ended: 0 } });
    const after = await house.sandbox.control.counts();
    expect(after.yoplanning.updated + after.yapla.updated).toBe(before.yoplanning.updated + before.yapla.updated);
  });

  test('accepts a write and keeps its old value: a case, and no endless writing', async () => {
    house = await startPasserelle({ sandbox: { people: { ...people, differing: 12 } } });
    await house.sandbox.control.addFault({
      system: 'yoplanning',
      kind: 'write',
      action: { do: 'ignore', fields: ['email', 'phone', 'street', 'city'] },
    });
    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
    const cases = await countOpenCases(house.sql, house.scope);
    expect(cases['notTaken']).toBeGreaterThan(0);
    const before = await house.sandbox.control.counts();
    expect(await (await house.startBulk()).result()).toMatchObject({ differences: 0, applied: { ended: 0 } });
    const after = await house.sandbox.control.counts();
    expect(after.yoplanning.updated).toBe(before.yoplanning.updated);
  });

  test('answers 429 all the same: the budget closes, and the work goes on after the time it names', async () => {
    house = await startPasserelle({ sandbox: { people } });
    await house.sandbox.control.addFault({
      system: 'yoplanning',
      kind: 'write',
      skip: 4,
      times: 1,
      action: { do: 'refuse', seconds: 1 },
    });
    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
    await expectOneWriteEach(house);
    await expectProven(house, { refusals: 1 });
  });
});

describe('a list that moves while it is read', () => {
  test('is read until it adds up, and nobody who was there is created a second time', async () => {
    const many = { seed: 6, yapla: 0, yoplanning: 0, shared: 250, differing: 0 };
    house = await startPasserelle({ sandbox: { people: many } });
    await house.sandbox.control.addFault({
      system: 'yapla',
      kind: 'list',
      times: 2,
      action: { do: 'drift', insert: 1, remove: 1 },
    });
    const result = await (await house.startBulk()).result();
    expect(result).toMatchObject({ outcome: 'applied', differences: 0 });
    await expectProven(house);
  });
});

describe('a person steers', () => {
  test('pause ends what is in hand, resume does the rest once', async () => {
    house = await startPasserelle({
      sandbox: { people, yoplanning: { latency: { inboundMs: 20, outboundMs: 20 } } },
      connection: { settings: { bulk: { chunkItems: 5, parallelItems: 2 } } },
    });
    const handle = await house.startBulk();
    await untilProgress(handle, ({ phase }) => phase === 'applying');
    await handle.signal(pauseSignal);
    const paused = await untilProgress(handle, ({ state }) => state.kind === 'paused');
    expect(paused.applied.ended).toBeLessThan(paused.plan!.remoteItems);
    await handle.signal(resumeSignal);
    expect(await handle.result()).toMatchObject({ outcome: 'applied', differences: 0 });
    await expectOneWriteEach(house);
    await expectProven(house);
  });

  test('cancel leaves the rest of the plan, and the next run takes it up', async () => {
    house = await startPasserelle({
      sandbox: { people, yoplanning: { latency: { inboundMs: 20, outboundMs: 20 } } },
      connection: { settings: { bulk: { chunkItems: 5, parallelItems: 2 } } },
    });
    const handle = await house.startBulk();
    await untilProgress(handle, ({ phase }) => phase === 'applying');
    await handle.signal(cancelSignal);
    expect(await handle.result()).toMatchObject({ outcome: 'cancelled' });
    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
    await expectOneWriteEach(house);
    await expectNoTwin(house);
  });
});

describe('a linked record that is gone from its list', () => {
  test('is proven by 404, becomes a case, and nothing is deleted or created on either side', async () => {
    house = await startPasserelle({ sandbox: { people } });
    await (await house.startBulk()).result();
    const [gone] = await house.sandbox.control.ids('yoplanning');
    await house.sandbox.control.remove('yoplanning', gone!);
    const before = await house.sandbox.control.counts();
    expect(await (await house.startBulk()).result()).toMatchObject({
      outcome: 'applied',
      differences: 0,
      applied: { outcomes: { removed: 1 } },
    });
    expect(await countOpenCases(house.sql, house.scope)).toMatchObject({ removal: 1 });
    const after = await house.sandbox.control.counts();
    for (const system of ['yapla', 'yoplanning'] as const) {
      expect(after[system].created + after[system].updated + after[system].removed).toBe(
        before[system].created + before[system].updated + before[system].removed,
      );
    }
    // The tombstone asks nothing more: a third run does not even look.
    expect(await (await house.startBulk()).result()).toMatchObject({ applied: { ended: 0 } });
  });
});
