import { expect, test } from '@jest/globals';
import { createAlarm } from '../../src/receiver/inboxWriter.js';

const never = () => performance.now() + 600_000;

test('a sleep ends at its time', async () => {
  const alarm = createAlarm();
  const until = performance.now() + 20;
  await alarm.sleepUntil(until);
  // Node's timers count whole milliseconds, and may be one early.
  expect(performance.now()).toBeGreaterThanOrEqual(until - 1.5);
});

test('a sleep ends earlier when it is told to, and not later', async () => {
  const alarm = createAlarm();
  const sleep = alarm.sleepUntil(never());
  alarm.notLaterThan(never() + 1_000_000);
  alarm.notLaterThan(performance.now() + 10);
  alarm.notLaterThan(never());
  await sleep;
});

test('a time that has passed ends it at once, and where nobody sleeps nothing is kept for the next', async () => {
  const alarm = createAlarm();
  alarm.notLaterThan(-Infinity);
  let awake = false;
  const sleep = alarm.sleepUntil(never()).then(() => (awake = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(awake).toBe(false);
  alarm.notLaterThan(-Infinity);
  await sleep;
});
