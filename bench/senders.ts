/** Parallel senders of webhooks, as a vendor that has much to tell. */
import { inParallel, type BareClient } from './bareLoop.js';

export interface Sent {
  readonly seconds: number;
  /** Of each request, from sending it to having read its answer. */
  readonly latenciesMs: readonly number[];
}

export interface WebhookToSend {
  readonly path: string;
  /** JSON text. */
  readonly body: string;
}

/** Each sender sends one after the other. @throws {UnexpectedStatus} one was not acknowledged */
export async function sendAll(client: BareClient, webhooks: readonly WebhookToSend[], senders: number): Promise<Sent> {
  const latenciesMs: number[] = [];
  const began = performance.now();
  await inParallel(webhooks, senders, async ({ path, body }) => {
    const sentAt = performance.now();
    await client.send({ method: 'POST', path, body });
    latenciesMs.push(performance.now() - sentAt);
  });
  return { seconds: (performance.now() - began) / 1_000, latenciesMs };
}

/** @param share 0.5: the median; 0.99: one in a hundred is above. @throws {RangeError} of nothing */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('nothing has no quantile');
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
