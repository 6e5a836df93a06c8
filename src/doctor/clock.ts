import type { Answer } from '../http/client.js';
import type { Tell } from './check.js';

/** More than this is told. Conflicts by the rule `newest` and filters by time compare the two systems' clocks. */
const tolerableMs = 2_000;

/** Compares an answer's `Date` header with our clock at the time of the answer. */
export function checkClock(answer: Pick<Answer, 'headers' | 'sentAtMs' | 'answeredAtMs'>, tell: Tell): void {
  const stated = Date.parse(answer.headers['date'] ?? '');
  if (Number.isNaN(stated)) {
    tell('clock', 'skipped', 'the server does not say what time it has');
    return;
  }
  // The header names a second that had begun at some time between sending and answer.
  const earliest = stated - answer.answeredAtMs;
  const latest = stated + 1_000 - answer.sentAtMs;
  const least = earliest > 0 ? earliest : latest < 0 ? -latest : 0;
  if (least <= tolerableMs) {
    tell('clock', 'ok', 'the same as ours, within seconds');
    return;
  }
  const direction = earliest > 0 ? 'ahead of' : 'behind';
  tell(
    'clock',
    'warning',
    `at least ${Math.floor(least / 1_000)} s ${direction} ours`,
    'set this machine\'s clock by NTP; if it is right, do not use the rule "newest", which compares the two systems\' times',
  );
}
