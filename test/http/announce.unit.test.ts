/** Telling a webhook of somebody's own that something is ready. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { announce, NotAnnounced } from '../../src/http/announce.js';

let server: Server;
let status: number;
let bodies: string[];
let address: string;
beforeEach(async () => {
  status = 204;
  bodies = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/secret`;
});
afterEach(() => void server.close());

test('posts what it is given, as JSON', async () => {
  await announce(address, { connection: 'club', number: 3, people: 12 });
  expect(bodies).toEqual(['{"connection":"club","number":3,"people":12}']);
});

test('says that it was not taken, and not where, because who knows the address can write there', async () => {
  status = 500;
  const refused = await announce(address, {}).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(NotAnnounced);
  expect((refused as Error).message).toContain('status 500');
  expect((refused as Error).message).not.toContain('secret');
});

test('says that nobody answers', async () => {
  await new Promise((resolve) => server.close(resolve));
  await expect(announce(address, {})).rejects.toThrow(/ECONNREFUSED/);
});
