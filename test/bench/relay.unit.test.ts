import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { request } from 'undici';
import { startRelay, type Relay } from '../../bench/relay.js';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function relayTo(target: string | null): Promise<Relay> {
  const relay = await startRelay(target);
  stops.push(() => relay.stop());
  return relay;
}

/** Answers `status` to everything. */
async function receiverThat(status: number): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server: Server = createServer((incoming, outgoing) => {
    void text(incoming).then((body) => {
      bodies.push(body);
      outgoing.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, bodies };
}

async function deliver(relay: Relay, id: string): Promise<number> {
  const body = JSON.stringify({ resource: { id, type: 'client' }, event: 'updated' });
  const answer = await request(relay.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await answer.body.dump();
  return answer.statusCode;
}

describe('the relay', () => {
  test('says when a webhook about the awaited record arrives, and not before', async () => {
    const relay = await relayTo(null);
    const awaited = relay.next('one');
    const began = performance.now();
    expect(await deliver(relay, 'other')).toBe(202);
    const between = performance.now();
    expect(await deliver(relay, 'one')).toBe(202);
    expect(await awaited).toBeGreaterThan(between);
    expect(between).toBeGreaterThan(began);
  });

  test('passes webhooks on to the letter, and the answers back', async () => {
    const receiver = await receiverThat(503);
    const relay = await relayTo(receiver.url);
    expect(await deliver(relay, 'one')).toBe(503);
    expect(receiver.bodies).toEqual([JSON.stringify({ resource: { id: 'one', type: 'client' }, event: 'updated' })]);
  });

  test('answers 502 when the receiver does not answer', async () => {
    const receiver = await receiverThat(202);
    await stops.pop()!();
    expect(await deliver(await relayTo(receiver.url), 'one')).toBe(502);
  });
});
