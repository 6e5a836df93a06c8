/**
 * Stands between a system's webhooks and the receiver. A system tells of a write once it has answered it, so what arrives here says that
 * the write is done, by the clock of the one who measures; the receiver gets it, or does not, as if it had been sent there.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Agent, request } from 'undici';

export interface Relay {
  /** Of Yoplanning's webhooks. */
  readonly url: string;
  /** When the next webhook about this record arrives here, by `performance.now()`. To be called before it can. */
  next(record: string): Promise<number>;
  stop(): Promise<void>;
}

/** @param target the receiver's address for this system; null: what arrives goes no further */
export async function startRelay(target: string | null): Promise<Relay> {
  const waiting = new Map<string, (at: number) => void>();
  const agent = new Agent();
  const take = async (incoming: IncomingMessage): Promise<number> => {
    const at = performance.now();
    const body = await text(incoming);
    const { resource } = JSON.parse(body) as { readonly resource: { readonly id: string } };
    waiting.get(resource.id)?.(at);
    waiting.delete(resource.id);
    if (target === null) return 202;
    const headers = { 'content-type': 'application/json' };
    const answer = await request(target, { dispatcher: agent, method: 'POST', headers, body });
    await answer.body.dump();
    return answer.statusCode;
  };
  const server = createServer((incoming, outgoing) => {
    void take(incoming)
      .catch(() => 502)
      .then((status) => outgoing.writeHead(status).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    next: (record) => new Promise((resolve) => waiting.set(record, resolve)),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await agent.close();
    },
  };
}
