import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { errorCode, watchOutage } from '../../src/receiver/inboxWriter.js';

function watched() {
  const lines: { msg: string; error?: string }[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line) as { msg: string }) });
  const outage = watchOutage({ retryMs: 1_000, maxRetryMs: 5_000, log, lost: 'lost', found: 'found' });
  return { outage, lines };
}

test('each change is one line, however often it fails or succeeds', () => {
  const { outage, lines } = watched();
  expect(outage.state).toBe('unknown');
  outage.succeeded();
  for (let n = 0; n < 10; n += 1) outage.failed(Object.assign(new Error('secretive words'), { code: 'ECONNREFUSED' }));
  expect(outage.state).toBe('down');
  for (let n = 0; n < 10; n += 1) outage.succeeded();
  expect(outage.state).toBe('up');
  expect(lines.map(({ msg, error }) => [msg, error])).toEqual([
    ['lost', 'Error ECONNREFUSED'],
    ['found', undefined],
  ]);
});

test('pauses grow while it fails, up to a limit, and end with the first success', () => {
  const { outage } = watched();
  const pauses = Array.from({ length: 5 }, () => {
    const before = performance.now();
    outage.failed(new Error('down'));
    return outage.pausedUntil - before;
  });
  for (const [at, expected] of [1_000, 2_000, 4_000, 5_000, 5_000].entries()) {
    expect(pauses[at]).toBeGreaterThanOrEqual(expected);
    expect(pauses[at]).toBeLessThan(expected + 900);
  }
  outage.succeeded();
  expect(outage.pausedUntil).toBe(-Infinity);
});

test('of an error only codes and names are told, down to its cause', () => {
  const cause = Object.assign(new Error('secretive words'), { code: 14 });
  expect(errorCode(new TypeError('secretive words', { cause }))).toBe('TypeError, Error 14');
  expect(errorCode('secretive words')).toBe('string');
});
