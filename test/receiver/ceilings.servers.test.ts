/** A leaked address of webhooks: what its finder can do with it within an hour, on real servers. */
import { expect, test } from '@jest/globals';
import { personsOf } from '../../src/core/record.js';
import { ensureConnection } from '../../src/store/connections.js';
import { proposeLinks } from '../../src/store/links.js';
import { lastWebhooks } from '../../src/store/webhookUse.js';
import { waitFor } from '../embedded/waitFor.js';
import { receiverTest, type ReceiverHouse } from './receiverTest.js';

let house: ReceiverHouse;
receiverTest((given) => (house = given));

const memberEvent = (id: number | string, more: object = {}) => ({ event: 'member.updated', data: { id, ...more } });
const ceilings = { maxReadsPerHour: 12, maxStrangersPerHour: 4, maxInboxBytes: 1_000_000 };
const start = async (more: Partial<typeof ceilings> = {}) => await house.start({ webhooks: { ...ceilings, ...more } });
const hourAgo = async () =>
  await house.sql`update inbox set received_at = received_at - interval '61 minutes' where connection_id = ${house.club}`;

async function knownMembers(n: number): Promise<string[]> {
  const { sql, club } = house;
  await ensureConnection(sql, club);
  const ids = Array.from({ length: n }, (_, at) => `${5_000 + at}`);
  await proposeLinks(
    sql,
    personsOf(club),
    ids.map((id) => ({ linkId: `yapla:${id}`, yaplaId: id, yoplanningId: null, matchedBy: 'alone' })),
  );
  return ids;
}

test('tells of so many strangers at most; who is known is looked at all the same, up to a ceiling of its own', async () => {
  const known = await knownMembers(20);
  const receiver = await start();
  const statuses = async (ids: readonly (string | number)[]) => {
    const answers = [];
    for (const id of ids) answers.push((await house.deliver(receiver, 'yapla', memberEvent(id))).status);
    return answers;
  };
  const forged = Array.from({ length: 10 }, (_, n) => 9_000 + n);
  expect(await statuses(forged)).toEqual([202, 202, 202, 202, 429, 429, 429, 429, 429, 429]);
  expect(await statuses(known.slice(0, 8))).toEqual(Array.from({ length: 8 }, () => 202));
  expect(await statuses(known.slice(8, 10))).toEqual([429, 429]);
  expect(await house.countInbox()).toBe(12);

  const refused = await house.deliver(receiver, 'yapla', memberEvent(9_999));
  const retryAfter = Number(refused.headers['retry-after']);
  expect(retryAfter).toBeGreaterThan(3_000);
  expect(retryAfter).toBeLessThanOrEqual(3_600);
  const { text } = await house.ask(receiver, '/metrics');
  const shown = (ceiling: string) =>
    Number(
      new RegExp(`above_ceiling_total\\{connection="${house.club}",ceiling="${ceiling}"\\} (\\d+)`).exec(text)?.[1],
    );
  expect(shown('maxStrangersPerHour')).toBe(6);
  expect(shown('maxReadsPerHour')).toBe(3);
  expect(house.logged.filter(({ ceiling }) => ceiling !== undefined).length).toBeGreaterThan(0);

  await hourAgo();
  await waitFor(
    'room is made',
    async () => (await house.deliver(receiver, 'yapla', memberEvent(9_999))).status === 202,
  );
});

test('fills the database up to so many bytes at most, also by what nobody acts on', async () => {
  const receiver = await start({ maxInboxBytes: 40_000 });
  // Not to be made smaller by compression.
  const noise = () => Array.from({ length: 6_000 }, () => Math.floor(Math.random() * 36).toString(36)).join('');
  const send = async () => (await house.deliver(receiver, 'yapla', memberEvent(9_000, { noise: noise() }))).status;
  const answers = [];
  for (let n = 0; n < 12; n++) answers.push(await send());
  const taken = answers.filter((status) => status === 202).length;
  expect(taken).toBeGreaterThan(3);
  expect(taken).toBeLessThan(8);
  expect(answers.slice(taken).every((status) => status === 429)).toBe(true);
});

test('what was forged in another receiver counts, too', async () => {
  const [one, other] = [await start(), await start()];
  for (let n = 0; n < 4; n++) expect((await house.deliver(one, 'yapla', memberEvent(9_000 + n))).status).toBe(202);
  expect((await house.deliver(other, 'yapla', memberEvent(9_100))).status).toBe(429);
});

test('a system that told of nothing for longer than usual is shown by a metric and in the log, until it does', async () => {
  const { sql, club } = house;
  await ensureConnection(sql, club);
  await sql`update connection set created_at = now() - interval '10 days' where id = ${club}`;
  const receiver = await house.start({ webhooks: { quietAlertMs: 86_400_000 }, receiver: { quietLookMs: 50 } });
  const quiet = async (system: string) => {
    const { text } = await house.ask(receiver, '/metrics');
    return new RegExp(`webhooks_quiet\\{connection="${club}",system="${system}"\\} (\\d)`).exec(text)?.[1];
  };
  await waitFor(
    'both are quiet',
    () => house.logged.filter(({ msg }) => msg.startsWith('no webhook came')).length === 2,
  );
  expect([await quiet('yapla'), await quiet('yoplanning')]).toEqual(['1', '1']);
  await house.deliver(receiver, 'yapla', memberEvent(1));
  await waitFor('one is heard of', () =>
    house.logged.some(({ msg, system }) => msg === 'webhooks come again' && system === 'yapla'),
  );
  expect([await quiet('yapla'), await quiet('yoplanning')]).toEqual(['0', '1']);
  const [heard] = await lastWebhooks(sql, [{ connectionId: club, system: 'yapla' }]);
  expect(Date.now() - heard!.lastAtMs!).toBeLessThan(600_000);
});
