import { z } from 'zod';

/** What a worker shows of itself. */
export const workerSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe(
        'Where `/health`, `/ready` and `/metrics` of a worker are listened for. The default is this machine alone; in a container that is scraped from outside: `0.0.0.0`.',
      ),
    port: z
      .number()
      .int()
      .min(0)
      .max(65_535)
      .nullable()
      .default(8091)
      .describe(
        'The port of these; the health check of docker-compose.yml asks this one. 0: any free one, which the log names; null: none. If it is taken, as by a second worker of this machine, the worker works without and says so.',
      ),
    answerTimeoutMs: z
      .number()
      .int()
      .positive()
      .default(5_000)
      .describe('PostgreSQL and Temporal count as down where they have not answered `/ready` by then.'),
    maxRequestsPerSecond: z
      .number()
      .int()
      .positive()
      .default(20)
      .describe('From one address: each asks PostgreSQL something, and anyone who watches asks a few times a minute.'),
  })
  .prefault({});

export type WorkerConfig = z.infer<typeof workerSchema>;
