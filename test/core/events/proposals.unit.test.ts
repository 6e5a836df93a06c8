import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ProposedFor, type ProposedProduct, proposePlaces } from '../../../src/core/events/proposals.js';
import { checkProperty } from '../../helpers/property.js';

const timeZone = 'Europe/Paris';

const product = (id: string, title: string, meetingPoint: string | null = null): ProposedProduct => ({
  id,
  title,
  meetingPoint,
  address: null,
});
const session = (id: string, productId: string, startsAt: string) => ({ id, productId, startsAt });
const event = (title: string, start: string | null, place: string | null = null): ProposedFor => ({
  event: { title, start: start === null ? null : Date.parse(start), place },
  activity: null,
});

const [sailing, kayak] = [product('p1', 'Stage de voile', 'Port Rhu'), product('p2', 'Sortie en kayak', 'Port Rhu')];
const [morning, afternoon] = [
  session('s1', 'p1', '2027-06-05T07:00:00.000Z'),
  session('s2', 'p1', '2027-06-05T12:00:00.000Z'),
];

describe('an event', () => {
  test('is proposed the product of the same title, with the session that starts when it does', () => {
    const proposals = proposePlaces(
      event('STAGE VOILE', '2027-06-05T12:00:00Z', 'port-rhu'),
      [kayak, sailing],
      [morning, afternoon, session('s3', 'p2', '2027-06-05T12:00:00.000Z')],
      { timeZone },
    );
    expect(proposals).toEqual([
      { productId: 'p1', sessionId: 's2', score: 1, reason: { title: 'same', start: 'same', place: 'same' } },
    ]);
  });

  test('is proposed the nearest session of its day where none starts when it does, and that ranks lower', () => {
    const [exact] = proposePlaces(event('Stage de voile', '2027-06-05T12:00:00Z'), [sailing], [morning, afternoon], {
      timeZone,
    });
    const [near] = proposePlaces(event('Stage de voile', '2027-06-05T11:00:00Z'), [sailing], [morning, afternoon], {
      timeZone,
    });
    expect(near).toMatchObject({ sessionId: 's2', reason: { start: 'day' } });
    expect(near!.score).toBeLessThan(exact!.score);
  });

  test('is proposed no product whose sessions are all on other days, by the clocks of the team', () => {
    const late = [session('s1', 'p1', '2027-06-05T21:30:00.000Z')];
    expect(proposePlaces(event('Stage de voile', '2027-06-05T22:30:00Z'), [sailing], late, { timeZone })).toEqual([]);
    expect(
      proposePlaces(event('Stage de voile', '2027-06-05T22:30:00Z'), [sailing], late, { timeZone: 'UTC' }),
    ).toHaveLength(1);
  });

  test('without a time is proposed the product alone', () => {
    expect(proposePlaces(event('Stage de voile', null), [sailing], [morning], { timeZone })).toMatchObject([
      { productId: 'p1', sessionId: null, reason: { start: 'unknown' } },
    ]);
  });

  test('is known by its activity, too', () => {
    const proposed = { ...event('Fête du club', null), activity: { title: 'Kayak, sortie' } };
    expect(proposePlaces(proposed, [sailing, kayak], [], { timeZone })).toMatchObject([
      { productId: 'p2', reason: { title: 'same' } },
    ]);
  });

  test('ranks a product in its place before one elsewhere', () => {
    const elsewhere = product('p0', 'Stage de voile', 'Lac Léman');
    const ids = proposePlaces(event('Stage de voile', null, 'Port-Rhu'), [elsewhere, sailing], [], { timeZone });
    expect(ids.map(({ productId, reason }) => [productId, reason.place])).toEqual([
      ['p1', 'same'],
      ['p0', 'none'],
    ]);
  });

  test('has nothing in common with a title that shares only the little words', () => {
    expect(
      proposePlaces(event('La fête de la mer', null), [product('p1', 'Le tour de la baie')], [], { timeZone }),
    ).toEqual([]);
  });
});

const word = fc.constantFrom('stage', 'voile', 'kayak', 'été', 'Ete', 'de', 'la', 'adulte', '');
const title = fc.array(word, { maxLength: 4 }).map((words) => words.join(' '));
const instant = fc.integer({ min: 0, max: 96 }).map((hours) => new Date(Date.UTC(2027, 2, 26, hours)).toISOString());
const products = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
    title,
    meetingPoint: fc.option(title),
    address: fc.option(title),
  }),
  { selector: ({ id }) => id },
);
const sessions = fc.uniqueArray(
  fc.record({ id: fc.uuid(), productId: fc.constantFrom('p1', 'p2', 'p3', 'p4'), startsAt: instant }),
  { selector: ({ id }) => id, maxLength: 12 },
);

test('proposals are of products and their own sessions, scored from 0 to 1, best first, whatever the order they are given in', () =>
  checkProperty(
    fc.property(title, fc.option(instant), fc.option(title), products, sessions, (named, start, place, ps, ss) => {
      const of = event(named, start, place);
      const proposals = proposePlaces(of, ps, ss, { timeZone });
      for (const { productId, sessionId, score, reason } of proposals) {
        expect(ps.some(({ id }) => id === productId)).toBe(true);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
        if (reason.start === 'unknown') expect(sessionId).toBeNull();
        else expect(ss.find(({ id }) => id === sessionId)?.productId).toBe(productId);
        if (reason.start === 'same') expect(ss.find(({ id }) => id === sessionId)?.startsAt).toBe(start);
      }
      const scores = proposals.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(proposePlaces(of, [...ps].reverse(), [...ss].reverse(), { timeZone })).toEqual(proposals);
    }),
    { numRuns: 300 },
  ));
