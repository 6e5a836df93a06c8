import { describe, expect, test } from '@jest/globals';
import type { BareClient, BareRequest } from '../../bench/bareLoop.js';
import { quantile, sendAll } from '../../bench/senders.js';

describe('a quantile', () => {
  test('does not depend on the order of the values', () => {
    expect(quantile([5, 1, 4, 2, 3], 0.5)).toBe(3);
    expect(quantile([1, 2, 3, 4, 5], 0.5)).toBe(3);
  });

  test('of 99 in a hundred leaves one in a hundred above it', () => {
    const values = Array.from({ length: 1_000 }, (_, index) => index);
    const found = quantile(values, 0.99);
    expect(values.filter((one) => one >= found)).toHaveLength(10);
  });

  test('of a single value is that value, and of none there is none', () => {
    expect(quantile([7], 0.99)).toBe(7);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });
});

describe('parallel senders', () => {
  function clientThat(answer: (request: BareRequest) => Promise<string>): BareClient {
    return { send: answer, close: async () => undefined };
  }

  test('send each webhook once, and never more at once than they are', async () => {
    const sent: string[] = [];
    let underWay = 0;
    let most = 0;
    const client = clientThat(async ({ path }) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      sent.push(path);
      return '';
    });
    const webhooks = Array.from({ length: 25 }, (_, index) => ({ path: `/${index}`, body: '{}' }));
    const { latenciesMs } = await sendAll(client, webhooks, 4);
    expect([...sent].sort()).toEqual(webhooks.map(({ path }) => path).sort());
    expect(most).toBe(4);
    expect(latenciesMs).toHaveLength(25);
  });

  test('fail with the first webhook that is not acknowledged', async () => {
    const client = clientThat(({ path }) =>
      path === '/1' ? Promise.reject(new Error('answered 503')) : Promise.resolve(''),
    );
    const webhooks = ['/0', '/1', '/2'].map((path) => ({ path, body: '{}' }));
    await expect(sendAll(client, webhooks, 1)).rejects.toThrow('answered 503');
  });
});
