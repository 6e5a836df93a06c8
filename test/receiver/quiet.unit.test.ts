import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createSilenceLog, expectedWebhooks, silencesOf } from '../../src/receiver/quiet.js';
import { testConfig } from './testServer.js';

const dayMs = 86_400_000;
const now = Date.UTC(2026, 5, 30);
const connections = (quietAlertMs: number | null) => ({ club: { webhooks: { quietAlertMs } } });
const heard = (lastAtMs: number | null, knownSinceMs: number | null = 0) => ({
  connectionId: 'club',
  system: 'yapla' as const,
  lastAtMs,
  knownSinceMs,
});

test('every system with an address of its own is expected to tell of something, and no other', () => {
  expect(expectedWebhooks(testConfig().connections)).toEqual([
    { connectionId: 'club', system: 'yapla' },
    { connectionId: 'club', system: 'yoplanning' },
  ]);
});

test.each([
  ['told of something lately', heard(now - dayMs), 7 * dayMs, false],
  ['told of nothing for longer', heard(now - 8 * dayMs), 7 * dayMs, true],
  ['never told of anything, though it is known for long', heard(null), 7 * dayMs, true],
  ['never told of anything, and is new', heard(null, now - dayMs), 7 * dayMs, false],
  ['belongs to a connection that nobody has opened yet', heard(null, null), 7 * dayMs, false],
  ['told of nothing for longer, and nobody wants to know', heard(now - 8 * dayMs), null, false],
])('a system that %s is quiet, or not', (_, one, quietAlertMs, isQuiet) => {
  expect(silencesOf(connections(quietAlertMs), [one], now)).toMatchObject([{ system: 'yapla', isQuiet }]);
});

test('a silence is logged when it begins and when it ends, once each', () => {
  const logged: string[] = [];
  const tell = createSilenceLog(pino({ level: 'info' }, { write: (line: string) => void logged.push(line) }));
  const at = (lastAtMs: number) => tell(silencesOf(connections(dayMs), [heard(lastAtMs)], now));
  for (const lastAtMs of [now, now - 2 * dayMs, now - 2 * dayMs, now, now]) at(lastAtMs);
  expect(logged.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    expect.stringContaining('no webhook came for longer'),
    'webhooks come again',
  ]);
});
