/** The receiver while Temporal or PostgreSQL does not answer. */
import { describe, expect, test } from '@jest/globals';
import { lazyTemporal } from '../../src/temporal.js';
import { waitFor } from '../embedded/waitFor.js';
import { temporalAddress } from '../helpers/servers.js';
import { openGate, type Gate } from './gate.js';
import { memberEvent, receiverTest, type ReceiverHouse } from './receiverTest.js';

let house: ReceiverHouse;
receiverTest((given) => (house = given));

/** A gate in front of the test's database. */
async function gatedDatabase(): Promise<Gate & { readonly url: string }> {
  const url = new URL(house.database.url);
  const gate = await openGate(`${url.hostname}:${url.port}`);
  house.atEnd(() => gate.close());
  url.host = gate.address;
  return { ...gate, url: url.href };
}

describe('while Temporal is down', () => {
  test('webhooks are taken and wait, and are forwarded when it returns', async () => {
    const gate = await openGate(temporalAddress());
    await gate.close();
    const lazy = lazyTemporal({ address: gate.address, namespace: 'default' });
    house.atEnd(() => lazy.connection.close());
    house.atEnd(() => gate.close());
    const receiver = await house.start({ receiver: { signalTimeoutMs: 300 } }, { client: lazy.client });
    const people = ['1', '2', '3', '4', '5'];
    for (const id of people)
      expect(await house.deliver(receiver, 'yapla', memberEvent(id))).toMatchObject({ status: 202 });
    await waitFor('the receiver notices', async () =>
      (await house.ask(receiver, '/ready')).text.includes('"temporal":"down"'),
    );
    expect(await house.ask(receiver, '/ready')).toMatchObject({ status: 200 });
    expect(await house.deliver(receiver, 'yapla', memberEvent('1'))).toMatchObject({ status: 202 });
    const page = (await house.ask(receiver, '/metrics')).text;
    expect(page).toMatch(new RegExp(`passerelle_inbox_pending_events{connection="${house.club}"} 6`));
    expect(page).toMatch(new RegExp(`passerelle_signals_failed_total{connection="${house.club}"} [1-9]`));

    await gate.open();
    await house.untilSignalled(...people.map((id) => `yapla:${id}`));
    expect(await house.takenEvents('yapla:1', 2)).toHaveLength(2);
    await waitFor('the receiver is content', async () =>
      (await house.ask(receiver, '/ready')).text.includes('"temporal":"up"'),
    );
    // One line when it is lost and one when it is back, whatever was tried in between.
    const changes = house.logged.map(({ msg }) => msg).filter((msg) => msg.startsWith('Temporal'));
    expect(changes).toEqual([
      'Temporal does not take signals: events wait in the inbox',
      'Temporal takes signals again',
    ]);
  });
});

describe('while PostgreSQL', () => {
  test('is down, webhooks are answered 503 with a time to come again, and then taken', async () => {
    const gate = await gatedDatabase();
    const receiver = await house.start({ receiver: { storeTimeoutMs: 1_000 } }, { databaseUrl: gate.url });
    expect(await house.deliver(receiver, 'yapla', memberEvent('1'))).toMatchObject({ status: 202 });
    await gate.close();
    const refused = await house.deliver(receiver, 'yapla', memberEvent('2'));
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(await house.ask(receiver, '/ready')).toMatchObject({
      status: 503,
      text: expect.stringContaining('"postgres":"down"'),
    });
    expect(await house.ask(receiver, '/health')).toMatchObject({ status: 200 });
    expect(await house.ask(receiver, '/metrics')).toMatchObject({
      status: 200,
      text: expect.stringContaining('passerelle_webhooks_refused_total{reason="unavailable"} 1'),
    });
    await gate.open();
    await waitFor(
      'deliveries are taken',
      async () => (await house.deliver(receiver, 'yapla', memberEvent('3'))).status === 202,
    );
    await house.untilSignalled('yapla:1', 'yapla:3');
    const stored = await house.sql<
      { id: string }[]
    >`select distinct external_id as id from inbox where external_id <> '2'`;
    expect(stored.map(({ id }) => id).sort()).toEqual(['1', '3']);
  });

  test('hangs, webhooks are answered 503 in time, and taken when it goes on', async () => {
    const receiver = await house.start({ receiver: { storeTimeoutMs: 300 } });
    await house.sql.begin(async (tx) => {
      await tx`lock table inbox in access exclusive mode`;
      expect(await house.deliver(receiver, 'yapla', memberEvent('1'))).toMatchObject({ status: 503 });
    });
    await waitFor(
      'deliveries are taken',
      async () => (await house.deliver(receiver, 'yapla', memberEvent('2'))).status === 202,
    );
  });

  test('is not migrated, the receiver says that it is not ready', async () => {
    const url = new URL(house.database.url);
    url.pathname = '/postgres';
    const receiver = await house.start({}, { databaseUrl: url.href });
    expect(await house.ask(receiver, '/ready')).toMatchObject({
      status: 503,
      text: expect.stringContaining('"postgres":"notMigrated"'),
    });
  });
});
