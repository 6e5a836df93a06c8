import { expect, test } from '@jest/globals';
import { alternativesOf } from '../../../src/core/events/alternatives.js';

const hourMs = 3_600_000;
const at = Date.UTC(2027, 5, 5, 12);
const session = (id: string, hours: number, placesLeft: number | null = 4) => ({
  id,
  startsAt: new Date(at + hours * hourMs).toISOString(),
  placesLeft,
});
const ids = (sessions: Parameters<typeof alternativesOf>[1], people = 1, nowMs = at - 48 * hourMs) =>
  alternativesOf({ id: 'full', startsAtMs: at }, sessions, { people, nowMs }).map(({ id }) => id);

test('alternatives of a full session are those of its day, the nearest first, then those of the next days', () => {
  const sessions = [
    session('next', 24),
    session('evening', 6),
    session('week', 168),
    session('morning', -4),
    session('full', 0),
  ];
  expect(ids(sessions)).toEqual(['morning', 'evening', 'next', 'week']);
});

test('alternatives have room for everybody of the registration, or do not say how much', () => {
  expect(
    ids([session('one', 1, 1), session('three', 2, 3), session('unknown', 3, null), session('none', 4, 0)], 2),
  ).toEqual(['three', 'unknown']);
});

test('alternatives have not begun, and none is of a day before', () => {
  expect(ids([session('begun', 2), session('later', 5)], 1, at + 3 * hourMs)).toEqual(['later']);
  expect(ids([session('before', -30)])).toEqual([]);
});

test('no more alternatives are told than a person reads', () => {
  expect(ids(Array.from({ length: 40 }, (_, nth) => session(`s${nth}`, nth + 1)))).toHaveLength(5);
});
