import { z } from 'zod';

/** What a credential may send, and how its day is shared. Used for each system. */
export function limitsSchema(defaults: {
  requestsPerSecond: number | null;
  requestsPerDay: number | null;
  why: string;
}) {
  return z
    .strictObject({
      requestsPerSecond: z
        .number()
        .int()
        .positive()
        .nullable()
        .default(defaults.requestsPerSecond)
        .describe(`Requests per sliding second window; null: no limit. ${defaults.why}`),
      requestsPerDay: z
        .number()
        .int()
        .positive()
        .nullable()
        .default(defaults.requestsPerDay)
        .describe(`Requests per sliding day window; null: no limit. ${defaults.why}`),
      secondWindowMs: z.number().int().positive().default(1_000).describe('Length of the "second" window.'),
      dayWindowMs: z.number().int().positive().default(86_400_000).describe('Length of the "day" window.'),
      liveShare: z
        .number()
        .min(0)
        .max(0.9)
        .default(0.2)
        .describe(
          'Share of the day that only the `live` lane may use, so that a bulk sync never silences a day of changes.',
        ),
      idleShare: z
        .number()
        .min(0)
        .max(1)
        .default(0.5)
        .describe(
          'Share of what lanes other than `live` may use of the day up to which the `idle` lane (storing ids) goes on; beyond it, the rest waits for another day.',
        ),
      longWaitMs: z
        .number()
        .int()
        .nonnegative()
        .default(3_000)
        .describe('A request that would wait longer for its permit is put off instead, so that no worker slot waits.'),
      passingMs: z
        .number()
        .int()
        .nonnegative()
        .default(120)
        .describe(
          'A single request may pass a pair (GET, PUT) that waits in line for room for two, where room for one would else stay unused for longer than this. The requests of a pair leave the window shortly after each other: to pass for less makes pairs wait and sends nothing more.',
        ),
      lateArrivalMs: z
        .number()
        .int()
        .nonnegative()
        .default(5_000)
        .describe('How long after our time-out a request may still reach the server; it is counted for so long.'),
      maxRetryAfterMs: z
        .number()
        .int()
        .positive()
        .default(90_000_000)
        .describe(
          "The longest time that a 429 may have us wait, whatever it says: 25 hours, a bit over the day's window, after which every limit counts anew.",
        ),
    })
    .prefault({});
}

/** When a credential's requests pause because the server fails, and how it is tried again. Used for each system. */
export const breakerSchema = z
  .strictObject({
    failuresInARow: z
      .number()
      .int()
      .min(2)
      .default(5)
      .describe(
        'After so many failures in a row (5xx, no answer, time-out) nothing is sent but one request now and then that tries whether the server answers again. Fewer would pause for a hiccup; each more costs a request when a server is down.',
      ),
    firstPauseMs: z
      .number()
      .int()
      .positive()
      .default(60_000)
      .describe('Pause before the first of these tries; each further pause is twice as long. Most outages are short.'),
    longestPauseMs: z
      .number()
      .int()
      .positive()
      .default(1_800_000)
      .describe(
        'No pause is longer: a server that is down for a whole day costs some 55 requests, and work goes on within half an hour after it is back.',
      ),
  })
  .prefault({});

/** Time-outs and sizes of the http client. */
export const httpSchema = z
  .strictObject({
    connectTimeoutMs: z.number().int().positive().default(5_000).describe('To open a connection.'),
    headersTimeoutMs: z
      .number()
      .int()
      .positive()
      .default(30_000)
      .describe('From sending a request to its first answer.'),
    bodyTimeoutMs: z.number().int().positive().default(30_000).describe('Between two parts of an answer.'),
    maxResponseBytes: z
      .number()
      .int()
      .positive()
      .default(10_485_760)
      .describe('A larger answer is refused: a page of 100 people is some 50 kB.'),
    connections: z.number().int().positive().default(16).describe('Connections kept open to one server.'),
    keepAliveMs: z.number().int().positive().default(30_000).describe('An idle connection is closed after so long.'),
  })
  .prefault({});

export type LimitsConfig = z.infer<ReturnType<typeof limitsSchema>>;
export type HttpConfig = z.infer<typeof httpSchema>;
export type BreakerConfig = z.infer<typeof breakerSchema>;
