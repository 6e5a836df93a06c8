import { personsOf } from '../../src/core/record.js';
import { describe, expect, test } from '@jest/globals';
import { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import pg from 'pg';
import { type AttemptInput, succeeded } from '../../activities/attempts.js';
import { toApplicationFailure, type UnexpectedError, withFailures } from '../../activities/failures.js';
import { UnknownConnection } from '../../activities/dependencies.js';
import { KindNotOffered } from '../../src/connection.js';
import { UnreadableValue } from '../../src/core/normalise.js';
import {
  AccessRefused,
  BudgetExhausted,
  ConnectionStopped,
  InvalidRecord,
  NoAnswer,
  RecordMissing,
  RequestRefused,
  ServerFailed,
  Throttled,
  UnexpectedResponse,
} from '../../src/http/failures.js';
import { ClaimLost, LinkBusy } from '../../src/link/claims.js';
import { MisplacedField } from '../../src/systems/mapping.js';

const context = {
  connection: 'club',
  system: 'yapla',
  access: 'update',
  method: 'PUT',
  path: '/members/1042',
  record: '1042',
} as const;
const inAnHour = Date.now() + 3_600_000;

function cross(error: unknown, nth = 1): ApplicationFailure {
  const failure = toApplicationFailure(error, { nth });
  expect(failure).toBeInstanceOf(ApplicationFailure);
  return failure;
}
const delayMs = (failure: ApplicationFailure) => failure.nextRetryDelay as number | undefined;

describe('a failure at the edge', () => {
  test.each([
    [new BudgetExhausted(context, inAnHour, 'day'), 'BudgetExhausted', [3_500_000, 4_000_000]],
    [new BudgetExhausted(context, 0, 'second'), 'BudgetExhausted', [1_000, 1_100]],
    [new Throttled(context, 30_000), 'Throttled', [30_000, 33_000]],
    [new ServerFailed(context, 'unknown', 503), 'ServerFailed', [1_000, 1_100]],
    [new NoAnswer(context, 'unknown', 'ECONNRESET'), 'NoAnswer', [1_000, 1_100]],
    [new RecordMissing(context), 'RecordMissing', [1_000, 1_100]],
  ] as const)('that may pass is tried again after a second or more: %#', (error, type, [least, most]) => {
    const failure = cross(error);
    expect(failure).toMatchObject({ type, nonRetryable: false, message: error.message });
    expect(delayMs(failure)).toBeGreaterThanOrEqual(least);
    expect(delayMs(failure)).toBeLessThanOrEqual(most);
  });

  test.each([
    new ConnectionStopped(context, 'a token was revoked'),
    new AccessRefused(context, 401),
    new InvalidRecord(context, 400, ['email'], 'said zoe@example.org'),
    new RequestRefused(context, 405, 'it may not be written', 'Correct the path'),
  ])('that no repetition mends is not tried again: $type', (error) => {
    const failure = cross(error);
    expect(failure).toMatchObject({ type: error.type, nonRetryable: true, message: error.message });
    expect(JSON.stringify([failure.message, failure.details])).not.toContain('zoe');
  });

  test('of a spent budget says when it opens', () => {
    expect(cross(new BudgetExhausted(context, inAnHour, 'day')).details).toEqual([{ retryAtMs: inAnHour }]);
  });

  test('of a server tells its delay to the workflow as well, which makes the attempt after a local one', () => {
    const failure = cross(new ServerFailed(context, 'none', 503));
    expect(failure.details).toEqual([{ retryAfterMs: delayMs(failure) }]);
  });

  test('of a server waits in the open, as for a spent quota, while the breaker is open, however many attempts were made before', () => {
    for (const failed of [new ServerFailed(context, 'unknown', 503), new NoAnswer(context, 'none', 'ECONNREFUSED')]) {
      failed.retryAtMs = inAnHour;
      const failure = cross(failed, 40);
      expect(failure).toMatchObject({ type: 'BudgetExhausted', nonRetryable: false, message: failed.message });
      expect(failure.details).toEqual([{ retryAtMs: inAnHour }]);
      expect(delayMs(failure)).toBeGreaterThan(3_500_000);
    }
  });

  test('of a budget that opens in hours is waited for in the open, by whoever asks for that, and a moment’s by Temporal', async () => {
    const long = [
      new BudgetExhausted(context, inAnHour, 'day'),
      new Throttled(context, 3_600_000),
      Object.assign(new ServerFailed(context, 'none', 503), { retryAtMs: inAnHour }),
    ];
    for (const failure of await attempts(long, { shownWaitMs: 60_000 })) {
      expect(failure).toMatchObject({ type: 'BudgetExhausted', nonRetryable: true });
      const [{ retryAtMs }] = failure.details as [{ retryAtMs: number }];
      expect(Math.abs(retryAtMs - inAnHour)).toBeLessThan(60_000);
    }
    for (const failure of await attempts(long)) expect(failure.nonRetryable).toBe(false);
    const short = [new BudgetExhausted(context, Date.now() + 5_000, 'second'), new Throttled(context, 5_000)];
    for (const failure of await attempts(short, { shownWaitMs: 60_000 })) expect(failure.nonRetryable).toBe(false);
  });

  test('of a server makes the attempts rarer, up to a quarter of an hour', () => {
    const delays = [1, 2, 5, 40].map((attempt) => delayMs(cross(new ServerFailed(context, 'unknown', 500), attempt))!);
    for (const [n, least] of [1_000, 2_000, 16_000, 900_000].entries()) expect(delays[n]).toBeGreaterThanOrEqual(least);
    expect(Math.max(...delays)).toBeLessThanOrEqual(15 * 60_000 * 1.1);
  });

  test('of an answer that cannot be read is a hiccup twice, and then a question for a person', () => {
    const error = new UnexpectedResponse(context, 'none', 'malformed JSON');
    expect(
      [1, 2, 3].map((attempt) => cross(error, attempt)).map(({ type, nonRetryable }) => [type, nonRetryable]),
    ).toEqual([
      ['UnreadableAnswer', false],
      ['UnreadableAnswer', false],
      ['UnexpectedResponse', true],
    ]);
  });
});

test.each([
  [new LinkBusy(['yapla:1042']), 'LinkBusy', false],
  [new ClaimLost(), 'ClaimLost', false],
  [new UnknownConnection('clubb'), 'UnknownConnection', true],
  [new KindNotOffered(personsOf('club'), ['yapla']), 'KindNotOffered', true],
  [new MisplacedField('fields.email.yapla', 'email', 'a list'), 'UnexpectedResponse', true],
  [new UnreadableValue('email', 'object'), 'UnexpectedResponse', true],
])('$name keeps its words, which name ids and settings only', (error, type, nonRetryable) => {
  expect(cross(error)).toMatchObject({ type, nonRetryable, message: error.message });
});

test('what Temporal knows already passes as it is', async () => {
  for (const error of [new CancelledFailure('cancelled'), ApplicationFailure.create({ type: 'x' })]) {
    expect((await attempts([error]))[0]).toBe(error);
  }
});

describe('attempts at one activity are counted by what failed', () => {
  const busy = new LinkBusy(['yapla:1042']);
  const truncated = new UnexpectedResponse(context, 'none', 'malformed JSON');
  const failing = new ServerFailed(context, 'none', 503);
  const types = (failures: readonly ApplicationFailure[]) => failures.map(({ type }) => type);

  test('an answer that cannot be read is asked for three times, however often the link was busy before', async () => {
    const failures = await attempts([busy, busy, busy, busy, truncated, busy, truncated, truncated]);
    expect(types(failures.slice(4))).toEqual([
      'UnreadableAnswer',
      'LinkBusy',
      'UnreadableAnswer',
      'UnexpectedResponse',
    ]);
    expect(failures.at(-1)).toMatchObject({
      nonRetryable: true,
      details: [{ failed: { LinkBusy: 5, UnexpectedResponse: 3 } }],
    });
  });

  test('the first failure of a server is waited for as a first one, however often the link was busy before', async () => {
    const failures = await attempts([busy, busy, busy, busy, failing, busy, failing]);
    const waits = failures.map(delayMs);
    expect(waits[4]).toBeLessThanOrEqual(1_100);
    expect(waits[6]).toBeGreaterThanOrEqual(2_000);
    expect(waits[6]).toBeLessThanOrEqual(2_200);
  });

  test('what failed in the local attempt before counts as well', async () => {
    const failures = await attempts([truncated, truncated], { failed: { UnexpectedResponse: 1 } });
    expect(types(failures)).toEqual(['UnreadableAnswer', 'UnexpectedResponse']);
  });

  test('after a success they are counted anew', async () => {
    const failures = await attempts([failing, failing, failing, { after: succeeded, throws: failing }, failing]);
    const waits = failures.map((failure) => Math.floor(delayMs(failure)! / 1_000));
    expect(waits).toEqual([1, 2, 4, 1, 2]);
  });
});

interface ThrowsAfter {
  readonly after: () => void;
  readonly throws: Error;
}

/** Attempts at one activity that end so, one behind the other, as Temporal makes them: each is told the last sign of life of the one before. */
async function attempts(
  ends: readonly (Error | ThrowsAfter)[],
  input: AttemptInput = {},
): Promise<ApplicationFailure[]> {
  const nothing = {} as never;
  const never = new Promise<never>(() => undefined);
  const failures: ApplicationFailure[] = [];
  let heartbeatDetails: unknown;
  for (const [at, end] of ends.entries()) {
    const info = { attempt: at + 1, isLocal: false, heartbeatDetails } as Info;
    const tell = (details: unknown) => void (heartbeatDetails = structuredClone(details));
    const { signal } = new AbortController();
    const attempt = new Context(info, never, signal, tell, undefined, nothing, nothing, nothing);
    const work = () => {
      if (end instanceof Error) return Promise.reject(end);
      end.after();
      return Promise.reject(end.throws);
    };
    const thrown = asyncLocalStorage.run(attempt, () => withFailures(work, input));
    failures.push(await thrown.catch((error: unknown) => error as ApplicationFailure));
  }
  return failures;
}

test('a database error keeps its code and place, and loses the words that quote the row', () => {
  const error = Object.assign(new pg.DatabaseError('Key (email)=(zoe@example.org) already exists', 0, 'error'), {
    code: '23505',
    table: 'link',
    constraint: 'link_yapla',
  });
  const failure = cross(error);
  expect(failure).toMatchObject({ type: 'DatabaseError', nonRetryable: false });
  expect(failure.message).toContain('23505');
  expect(failure.message).toContain('link_yapla');
  expect(failure.message).not.toContain('zoe');
});

describe('an error that nobody expected', () => {
  const trap = 'no such person: zoe@example.org\n    at Zoé Durand (rue des Lilas:12:3)';

  test('crosses with its name and code, and without its message', () => {
    const failure = cross(Object.assign(new TypeError(trap), { code: 'ERR_INVALID_ARG' }));
    expect(failure).toMatchObject({ type: 'TypeError', nonRetryable: false });
    expect(failure.message).toMatch(/ERR_INVALID_ARG/);
    expect(failure.message).not.toMatch(/zoe|Zoé|Lilas/i);
    expect(failure.cause).toBeUndefined();
    expect(cross('zoe@example.org')).toMatchObject({
      type: 'UnknownError',
      message: expect.not.stringContaining('zoe'),
    });
  });

  test('is told to the log with the frames of its stack, and those of its cause, without a word of either message', () => {
    const told: UnexpectedError[] = [];
    toApplicationFailure(new Error(trap, { cause: new RangeError(trap) }), { tell: (one) => told.push(one) });
    expect(told).toMatchObject([{ name: 'Error', cause: { name: 'RangeError' } }]);
    expect(told[0]!.frames[0]).toMatch(/failures\.unit\.test\.ts:\d+:\d+/);
    expect(told[0]!.cause!.frames.length).toBeGreaterThan(0);
    expect(JSON.stringify(told)).not.toMatch(/zoe|Zoé|Lilas/i);
  });
});
