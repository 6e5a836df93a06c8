import { z } from 'zod';

const ms = (text: string) => z.number().int().positive().describe(text);

/** A proxy's address, as the `proxy-addr` package that Fastify uses takes it. */
const proxy = z.union([z.enum(['loopback', 'linklocal', 'uniquelocal']), z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

/** The process that takes webhooks, whatever the connection. */
export const receiverSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe(
        'Where webhooks are listened for. The default is this machine alone: the proxy that adds TLS runs on it (docs/webhooks.md). In a container: `0.0.0.0`.',
      ),
    port: z
      .number()
      .int()
      .min(0)
      .max(65_535)
      .default(8090)
      .describe(
        'Where webhooks are listened for. If it is taken, neither `passerelle start` nor `passerelle receiver` starts: the proxy in front would not find another one, and webhooks would go nowhere. 0: any free one.',
      ),
    trustProxy: z
      .array(proxy)
      .default([])
      .describe(
        'Proxies whose `X-Forwarded-For` is believed: addresses, ranges or `loopback`. Without it all that comes through a proxy counts as one address for `maxRequestsPerSecond`.',
      ),
    bodyLimitBytes: z
      .number()
      .int()
      .min(1_024)
      .default(1_048_576)
      .describe(
        'Largest body. Yapla sends the whole member, and a text zone of it holds up to 32,000 characters; Yoplanning’s bodies are some hundred bytes.',
      ),
    maxRequestsPerSecond: z
      .number()
      .int()
      .positive()
      .default(1_000)
      .describe(
        'Requests from one address in a second, refused ones included. Far above what a vendor sends at once for an import of the whole club, which must not be refused: nobody documents that a delivery is repeated.',
      ),
    requestTimeoutMs: ms(
      'A request must have arrived in full within this time, so that slow senders hold nothing.',
    ).default(10_000),
    storeTimeoutMs: ms(
      'A webhook that PostgreSQL has not stored by then is answered 503: vendors commonly give up a delivery after some ten seconds.',
    ).default(5_000),
    databaseConnections: z
      .number()
      .int()
      .min(3)
      .default(4)
      .describe(
        'Connections to PostgreSQL beside those of the worker, so that webhooks never wait for a bulk sync: two that store, one that forwards, one for `/ready` and `/metrics`.',
      ),
    pollMs: ms(
      'Every so often the inbox is looked at for events that another receiver stored and did not forward; its own are forwarded without that.',
    ).default(5_000),
    parallelSignals: z
      .number()
      .int()
      .min(1)
      .max(200)
      .default(20)
      .describe('Signals to Temporal under way at once. A dev server takes some 250 a second, whatever this says.'),
    signalTimeoutMs: ms('A signal that Temporal has not taken by then is sent again later.').default(5_000),
    retryMs: ms(
      'While Temporal does not answer, the first pause before it is tried again; the next are twice as long each. Events wait in the inbox.',
    ).default(1_000),
    maxRetryMs: ms('Longest of these pauses.').default(30_000),
    quietLookMs: ms(
      'So often is looked whether webhooks stopped coming (`webhooks.quietAlertMs`): a question of a moment, about something that takes days.',
    ).default(15 * 60_000),
    strandedMs: ms(
      'Events that were taken and not handled for so long are signalled again: their workflow was terminated by hand, or Temporal’s data were lost. Harmless where the workflow only waits for its quota.',
    ).default(3_600_000),
  })
  .prefault({});

export type ReceiverConfig = z.infer<typeof receiverSchema>;
