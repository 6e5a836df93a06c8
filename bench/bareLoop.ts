/** The floors: undici and nothing else, against the same sandbox. */
import { Pool } from 'undici';
import { sandboxCredentials } from '../src/sandbox/options.js';

export interface BareRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
}

export interface BareClient {
  /** Sends one request, reads the whole answer. @throws {UnexpectedStatus} on anything but a 2xx */
  send(request: BareRequest): Promise<string>;
  close(): Promise<void>;
}

export class UnexpectedStatus extends Error {
  override readonly name = 'UnexpectedStatus';
}

/** A pool without pipelining, as the real client has. */
export function openBareClient(origin: string, headers: Readonly<Record<string, string>>, connections: number) {
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const client: BareClient = {
    send: async ({ method, path, body }) => {
      const answer = await pool.request({
        method,
        path,
        headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
        body: body ?? null,
      });
      const text = await answer.body.text();
      if (answer.statusCode >= 300)
        throw new UnexpectedStatus(`${method} ${path} was answered ${answer.statusCode} by the sandbox`);
      return text;
    },
    close: () => pool.close(),
  };
  return client;
}

export const yoplanningHeaders = { authorization: `Token ${sandboxCredentials.yoplanningToken}` };
/** Where the clients of the sandbox's team are, in the form of the path that is not redirected. */
export const clientsPath = `/api/v3.1/teams/${sandboxCredentials.yoplanningTeam}/clients`;

/** Runs `work` on each item, so many at once. */
export async function inParallel<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  const hand = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, hand));
}

/** Median time of one request after the other, in milliseconds. */
export async function medianRoundTripMs(client: BareClient, request: BareRequest, times: number): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const began = performance.now();
    await client.send(request);
    took.push(performance.now() - began);
  }
  return took.sort((one, other) => one - other)[Math.floor(took.length / 2)]!;
}
