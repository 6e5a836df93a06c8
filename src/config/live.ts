import { z } from 'zod';

const ms = (text: string) => z.number().int().positive().describe(text);

/** How single changes travel between the two systems, from a webhook on. */
export const liveSchema = z
  .strictObject({
    debounceMs: z
      .number()
      .int()
      .nonnegative()
      .default(1_000)
      .describe(
        "Events about one person gather for so long in the inbox before they are acted on: a form that is saved twice, or a system's burst, costs one read.",
      ),
    newsHoldMs: ms(
      'Before a person is created in a system, news about records of that system that nobody knows yet are read, so that who was entered in both is not made twice. An event holds creations back for so long at most: one that cannot be read must not hold them for good.',
    ).default(5 * 60_000),
    lingerMs: ms(
      'A person’s workflow stays for so long after its last work, so that the echo of its own write finds it and costs no new start.',
    ).default(30_000),
    caseCheckMs: ms(
      'While a case waits for a person, its workflow looks that often whether it was settled otherwise, such as by a bulk sync.',
    ).default(24 * 3_600_000),
    stoppedRetryMs: ms(
      'After a refusal of the whole connection (token, permission) a person’s workflow waits for `passerelle resume`, or for a worker that starts. In case that word is lost, it looks by itself after so long, then after twice as long, and so on; a stopped connection is not asked.',
    ).default(15 * 60_000),
    maxStoppedRetryMs: ms(
      'The longest pause between two such looks: a stop of months costs one short run a day for each person who waits.',
    ).default(24 * 3_600_000),
    shownWaitMs: ms(
      'A wait for the quota, for a time that a server named (429), or for a server that fails, is shown (`waitingForBudget`, with its time) where it is longer than this, and ends early by `passerelle resume` or when the credential may be used again. Shorter ones are left to Temporal, because a wait that is shown costs some events of a history.',
    ).default(60_000),
    localPatienceMs: ms(
      "A first attempt runs within a workflow task and holds one of the worker's places: it waits no longer than this for its request's turn, and is then left to an ordinary attempt, which may wait for `limits.longWaitMs`.",
    ).default(1_000),
    wakeMs: ms(
      'So often a worker looks whether a credential that was stopped, closed (429) or held by the breaker may be used again, and wakes the people’s workflows that wait for it: one small question to the database.',
    ).default(5_000),
    maxAttempts: z
      .number()
      .int()
      .min(1)
      .default(4)
      .describe(
        'Attempts on one record that fail with a 5xx while the server answers others, before it becomes a case (Yoplanning can answer invalid data with a 5xx).',
      ),
    maxFlips: z
      .number()
      .int()
      .min(1)
      .default(3)
      .describe(
        'The breaker: a field that our own writes moved between the same two values so often within `flipWindowMs` is frozen and becomes a case.',
      ),
    flipWindowMs: ms('See `maxFlips`.').default(3_600_000),
    lateBodyMs: ms(
      'Where a member cannot be read by itself: a webhook that shows what our own write replaced no longer ago than this is taken for late, until one shows something else. Longer than a webhook is under way, and shorter than somebody takes to change their mind.',
    ).default(10 * 60_000),
    maxBodiesBytes: ms(
      'Bodies of one person’s webhooks that are looked at together, where no single record can be read. The rest follows at once: a storm about one person must not fill a worker’s memory.',
    ).default(4 * 1_048_576),
    listGatherMs: ms(
      'Where a webhook has the whole list read (`webhooks.yapla.believe`): others join for so long, so that an import of fifty members costs one reading.',
    ).default(5_000),
    listIntervalMs: ms(
      'Such readings begin so far apart at least: with 3,000 members and pages of 100 that is one request in two seconds, whatever webhooks come.',
    ).default(60_000),
    heartbeatTimeoutMs: ms(
      'Without a sign of life for so long, a worker that reads or writes a person is taken for dead, and another takes over.',
    ).default(10_000),
    resignalMs: ms(
      'Events whose workflow did not take them are signalled again after so long, then after twice as long, and so on: a signal can be lost with the process that sends it.',
    ).default(60_000),
    maxHistoryEvents: z
      .number()
      .int()
      .min(50)
      .default(2_000)
      .describe('A person’s workflow continues as new at this length of its history, or when the server suggests it.'),
  })
  .prefault({});
