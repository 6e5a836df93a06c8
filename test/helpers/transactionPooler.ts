/**
 * A connection pooler in transaction mode, as pgbouncer is one: each transaction of whichever client goes to a session of the real server
 * that is free. Speaks as much of PostgreSQL's protocol as that takes; statements that clients prepare it leaves to them, or unnames.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import pg from 'pg';

export interface TransactionPoolerOptions {
  readonly databaseUrl: string;
  /** Sessions of the server that are shared. */
  readonly sessions: number;
  /** Which of those that are free a transaction gets: the one used last (pgbouncer's own), or the one that waited longest. */
  readonly gives: 'last' | 'next';
}

const sslRequest = 80_877_103;

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** What a client is told in the place of the server's own greeting. */
const greeting = Buffer.concat([
  message('R', Buffer.alloc(4)),
  ...['server_version\x0016.0\0', 'client_encoding\0UTF8\0'].map((text) => message('S', Buffer.from(text))),
  message('K', Buffer.alloc(8)),
  message('Z', Buffer.from('I')),
]);

/** Cuts a stream into messages of the protocol. */
class Messages {
  #rest: Buffer = Buffer.alloc(0);
  *of(chunk: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 5 && this.#rest.length > this.#rest.readInt32BE(1)) {
      const end = this.#rest.readInt32BE(1) + 1;
      yield this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
    }
  }
}

/** Statements lose their names, as with poolers that prepare them anew for each session: else two clients' would clash. */
function unnamed(one: Buffer): Buffer {
  const type = String.fromCharCode(one[0]!);
  const body = one.subarray(5);
  const cut = (from: number) => {
    const end = body.indexOf(0, from);
    return message(type, Buffer.concat([body.subarray(0, from), body.subarray(end)]));
  };
  if (type === 'P') return cut(0);
  if (type === 'B') return cut(body.indexOf(0) + 1);
  return type === 'D' && body[0] === 0x53 ? cut(1) : one;
}

export async function startTransactionPooler({ databaseUrl, sessions, gives }: TransactionPoolerOptions) {
  const clients: pg.Client[] = [];
  const free: Socket[] = [];
  const waiting: (() => void)[] = [];
  for (let n = 0; n < sessions; n++) {
    const client = new pg.Client(databaseUrl);
    // It is cut in the end.
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    stream.removeAllListeners('data');
    free.push(stream);
  }

  const server = createServer((socket) => {
    let isGreeted = false;
    let startup: Buffer = Buffer.alloc(0);
    const asked = new Messages();
    let transaction: { readonly session: Socket; pending: number } | null = null;
    const queue: Buffer[] = [];
    const send = () => {
      while (queue.length > 0) {
        transaction ??= begin();
        if (transaction === null) return void waiting.push(send);
        const one = queue.shift()!;
        if (['S', 'Q'].includes(String.fromCharCode(one[0]!))) transaction.pending += 1;
        transaction.session.write(unnamed(one));
      }
    };
    const begin = () => {
      const session = gives === 'last' ? free.pop() : free.shift();
      if (session === undefined) return null;
      const begun = { session, pending: 0 };
      const answered = new Messages();
      const onData = (chunk: Buffer) => {
        for (const one of answered.of(chunk)) {
          socket.write(one);
          if (one[0] !== 0x5a) continue;
          begun.pending -= 1;
          if (one[5] !== 0x49 || begun.pending > 0) continue;
          session.off('data', onData);
          transaction = null;
          free.push(session);
          waiting.shift()?.();
        }
      };
      session.on('data', onData);
      return begun;
    };
    socket.on('data', (chunk: Buffer) => {
      if (isGreeted) {
        for (const one of asked.of(chunk)) if (one[0] !== 0x58) queue.push(Buffer.from(one));
        return send();
      }
      startup = Buffer.concat([startup, chunk]);
      while (!isGreeted && startup.length >= 8 && startup.length >= startup.readInt32BE(0)) {
        if (startup.readInt32BE(4) === sslRequest) socket.write('N');
        else {
          socket.write(greeting);
          isGreeted = true;
        }
        startup = startup.subarray(startup.readInt32BE(0));
      }
    });
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    stop: (): Promise<void> => {
      server.close();
      for (const client of clients)
        (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
      return Promise.resolve();
    },
  };
}
