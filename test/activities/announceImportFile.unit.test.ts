/** Telling that an import file is ready: by a webhook and by mail, each once, whatever becomes of the other. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
import { SMTPServer } from 'smtp-server';
import type { Dependencies } from '../../activities/dependencies.js';
import { announceImportFile } from '../../activities/imports.js';
import { connectionSchema } from '../../src/config/schema.js';
import { NotMailed } from '../../src/http/announceMail.js';

let mailsTaken: boolean;
let told: string[];
let mail: SMTPServer;
let web: Server;
let settings: object;
beforeEach(async () => {
  mailsTaken = true;
  told = [];
  web = createServer((request, response) => {
    told.push('url');
    request.resume().on('end', () => response.writeHead(204).end());
  });
  mail = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onMailFrom: (_, __, done) => done(mailsTaken ? null : new Error('busy')),
    onData: (stream, _, done) => {
      told.push('mail');
      stream.resume().on('end', () => done());
    },
  });
  const listening = [web.listen(0, '127.0.0.1'), mail.listen(0, '127.0.0.1')];
  await Promise.all(listening.map((one) => once(one, 'listening')));
  const [webPort, mailPort] = listening.map((one) => (one.address() as AddressInfo).port);
  const people = { from: 'passerelle@club.example', to: ['office@club.example'] };
  settings = {
    announceUrl: `http://127.0.0.1:${webPort}/hook`,
    announceMail: { server: `smtp://127.0.0.1:${mailPort}`, ...people },
  };
});
afterEach(async () => {
  web.close();
  await new Promise<void>((resolve) => mail.close(resolve));
});

/** One attempt. @param before what the attempt before it told @returns what it tells the next */
async function attempt(before?: unknown): Promise<{ readonly tells: unknown; readonly error: unknown }> {
  const config = connectionSchema.parse({
    yapla: { read: { key: { value: 'key' } }, write: { mode: 'workbook', ...settings } },
    yoplanning: { token: 'token', team: '5a90332e-568f-4980-9859-88a984844a4d' },
  });
  const dependencies = { connection: () => Promise.resolve({ config }) } as unknown as Dependencies;
  let tells: unknown;
  const info = { isLocal: false, heartbeatDetails: before } as unknown as Info;
  const never = new Promise<never>(() => undefined);
  const nothing = {} as never;
  const { signal } = new AbortController();
  const context = new Context(
    info,
    never,
    signal,
    (details) => void (tells = details),
    undefined,
    nothing,
    nothing,
    nothing,
  );
  const file = { connectionId: 'club', number: 3, purpose: 'update', people: 12 } as const;
  const error = await asyncLocalStorage
    .run(context, () => announceImportFile(dependencies)(file))
    .then(
      () => null,
      (reason: unknown) => reason,
    );
  return { tells, error };
}

test('both are told', async () => {
  expect(await attempt()).toMatchObject({ error: null });
  expect(told.sort()).toEqual(['mail', 'url']);
});

test('where one is not reached the attempt fails, and the next tells that one alone', async () => {
  mailsTaken = false;
  const first = await attempt();
  expect(first.error).toBeInstanceOf(NotMailed);
  mailsTaken = true;
  expect(await attempt(first.tells)).toMatchObject({ error: null });
  expect(told).toEqual(['url', 'mail']);
});
