/** Mail through a real SMTP server. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { announceByMail, NotMailed } from '../../src/http/announceMail.js';

const mail = { subject: 'Passerelle: a file is ready', text: 'Fetch it with: passerelle import-batch club --number 3' };
const people = { from: 'passerelle@club.example', to: ['office@club.example', 'deputy@club.example'] };

let refuses: readonly string[];
let received: { readonly from: string; readonly to: readonly string[]; readonly text: string }[];
let server: SMTPServer;
let address: string;
beforeEach(async () => {
  refuses = [];
  received = [];
  server = new SMTPServer({
    authMethods: ['PLAIN'],
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _, done) =>
      username === 'club' && password === 'correct' ? done(null, { user: 'club' }) : done(new Error('wrong password')),
    onRcptTo: ({ address: to }, _, done) =>
      refuses.includes(to) ? done(Object.assign(new Error(`no ${to} here`), { responseCode: 550 })) : done(),
    onData: (stream, { envelope }, done) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        received.push({ from, to: envelope.rcptTo.map((one) => one.address), text });
        done();
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  address = `smtp://club:correct@127.0.0.1:${(listening.address() as AddressInfo).port}`;
});
afterEach(async () => await new Promise<void>((resolve) => server.close(resolve)));

const failure = async (to: string) => {
  const error = await announceByMail({ server: to, ...people }, mail).catch((one: unknown) => one);
  expect(error).toBeInstanceOf(NotMailed);
  return (error as Error).message;
};

test('everybody who is named gets one mail, with what it says', async () => {
  await announceByMail({ server: address, ...people }, mail);
  expect(received).toMatchObject([{ from: people.from, to: people.to }]);
  expect(received[0]!.text).toContain(`Subject: ${mail.subject}`);
  expect(received[0]!.text).toContain(mail.text);
});

test('where one of several is refused, the others have it', async () => {
  refuses = ['deputy@club.example'];
  await announceByMail({ server: address, ...people }, mail);
  expect(received).toMatchObject([{ to: ['office@club.example'] }]);
});

describe('says what went wrong, and names nobody', () => {
  const silent = /club\.example|127\.0\.0\.1|correct|wrong/;

  test('where nobody is taken', async () => {
    refuses = people.to;
    const message = await failure(address);
    expect(message).toContain('550');
    expect(message).not.toMatch(silent);
  });

  test('where the password is wrong', async () => {
    const message = await failure(address.replace('correct', 'other'));
    expect(message).toContain('535');
    expect(message).not.toMatch(silent);
  });

  test('where nobody answers', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    expect(await failure(`smtp://127.0.0.1:${port}`)).toMatch(/announcement: E[A-Z]+$/);
  });
});

test('beyond this machine a server that offers no encryption gets nothing', async () => {
  // The same server by a name that is not known as this machine's.
  const elsewhere = address.replace('127.0.0.1', '0.0.0.0');
  await failure(elsewhere);
  expect(received).toEqual([]);
});
