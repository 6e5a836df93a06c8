import { describe, expect, test } from '@jest/globals';
import { sandboxLimitsSchema, type SandboxLimits } from '../../src/sandbox/options.js';
import { Throttle } from '../../src/sandbox/throttle.js';

const throttle = (limits: SandboxLimits) => new Throttle(sandboxLimitsSchema.parse(limits));

describe("Django REST framework's throttle", () => {
  test('allows the limit within a sliding window, and one more when the oldest leaves it', () => {
    const five = throttle({ requestsPerSecond: 5 });
    for (const at of [0, 100, 200, 300, 400]) expect(five.judge('a', at)).toEqual({ allowed: true });
    expect(five.judge('a', 999)).toEqual({ allowed: false, seconds: 1 });
    expect(five.judge('a', 1_000)).toEqual({ allowed: true });
    expect(five.judge('a', 1_099)).toEqual({ allowed: false, seconds: 1 });
    expect(five.judge('a', 1_100)).toEqual({ allowed: true });
  });

  test('counts a request that the second refuses against the day', () => {
    const both = throttle({ requestsPerSecond: 1, requestsPerDay: 3 });
    expect(both.judge('a', 0)).toEqual({ allowed: true });
    expect(both.judge('a', 10)).toMatchObject({ allowed: false });
    expect(both.judge('a', 20)).toMatchObject({ allowed: false });
    expect(both.judge('a', 5_000)).toEqual({ allowed: false, seconds: 86_395 });
  });

  test('counts a request that the day refuses against the second', () => {
    const both = throttle({ requestsPerSecond: 2, requestsPerDay: 1, dayWindowMs: 1_500 });
    expect(both.judge('a', 0)).toEqual({ allowed: true });
    expect(both.judge('a', 1_100)).toEqual({ allowed: false, seconds: 1 });
    expect(both.judge('a', 1_200)).toEqual({ allowed: false, seconds: 1 });
    // The day is free again; the second holds the two refused ones.
    expect(both.judge('a', 1_600)).toEqual({ allowed: false, seconds: 1 });
  });

  test('does not count a request against the window that refuses it', () => {
    const one = throttle({ requestsPerSecond: 1 });
    expect(one.judge('a', 0)).toEqual({ allowed: true });
    for (const at of [200, 400, 600, 800, 999]) expect(one.judge('a', at)).toMatchObject({ allowed: false });
    expect(one.judge('a', 1_000)).toEqual({ allowed: true });
  });

  test('names the longest wait of both windows', () => {
    const both = throttle({ requestsPerSecond: 1, requestsPerDay: 1 });
    both.judge('a', 0);
    expect(both.judge('a', 32_000)).toEqual({ allowed: false, seconds: 86_368 });
    expect(both.judge('a', 32_100)).toEqual({ allowed: false, seconds: 86_368 });
  });

  test('names no wait after the limit was lowered below what was used', () => {
    const many = throttle({ requestsPerDay: 5 });
    for (let at = 0; at < 5; at += 1) many.judge('a', at);
    many.limits = sandboxLimitsSchema.parse({ requestsPerDay: 2 });
    expect(many.judge('a', 10)).toEqual({ allowed: false, seconds: null });
  });

  test('keeps one counter for each credential', () => {
    const one = throttle({ requestsPerSecond: 1 });
    expect(one.judge('a', 0)).toEqual({ allowed: true });
    expect(one.judge('b', 0)).toEqual({ allowed: true });
  });

  test('never allows more than the limit in any window, over thousands of requests', () => {
    const seven = throttle({ requestsPerSecond: 7 });
    const allowedAt: number[] = [];
    for (let at = 0; at < 60_000; at += 13) if (seven.judge('a', at).allowed) allowedAt.push(at);
    for (let i = 7; i < allowedAt.length; i += 1)
      expect(allowedAt[i]! - allowedAt[i - 7]!).toBeGreaterThanOrEqual(1_000);
    expect(allowedAt.length).toBeGreaterThan(400);
  });
});
