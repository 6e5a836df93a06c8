import { expect, test } from '@jest/globals';
import type { GrpcRetryOptions } from '@temporalio/client';
import { retriesUntilClosed } from '../src/temporalRetries.js';

type Status = Parameters<GrpcRetryOptions['retryableDecider']>[1];
/** By number (https://grpc.io/docs/guides/status-codes/): the package of the names is not ours. */
const statusOf = (code: number) => ({ code }) as unknown as Status;
const [unavailable, notFound] = [statusOf(14), statusOf(5)];

test('a call that failed is repeated as by the SDK, until the connection is about to be closed', async () => {
  const { options, end } = retriesUntilClosed();
  expect(options.retryableDecider(1, unavailable)).toBe(true);
  expect(options.retryableDecider(1, notFound)).toBe(false);
  await end();
  expect(options.retryableDecider(1, unavailable)).toBe(false);
});

test('what is due to be repeated is sent before the channel is closed', async () => {
  const { options, end } = retriesUntilClosed();
  let isSent = false;
  setTimeout(() => (isSent = true), options.delayFunction(1, unavailable));
  await end();
  expect(isSent).toBe(true);
});
