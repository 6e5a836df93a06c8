/** What the feeds show of a session, and when they become others. */
import { describe, expect, test } from '@jest/globals';
import { columnNames, detailLines, titleLine } from '../../../src/core/events/feedWords.js';
import { feedWith } from '../../feeds/feedRows.js';

const only = (...parts: Parameters<typeof feedWith>) => feedWith(...parts).sessions[0]!;

describe('a session in a feed', () => {
  test('has its French title where there is one, else that of the language that is read, else any', () => {
    const title = (titles: Record<string, string>, lang: string) => only([{ titles }], { lang }).title;
    expect(title({ de: 'Segeltag', en: 'Sailing day', fr: 'Journée de voile' }, 'de')).toBe('Journée de voile');
    expect(title({ en: 'Sailing day', de: 'Segeltag' }, 'de')).toBe('Segeltag');
    expect(title({ it: 'Giornata in vela' }, 'de')).toBe('Giornata in vela');
  });

  test('that is overbooked has no place left, and one that was called off has no number of places at all', () => {
    expect(only([{ placesLeft: -2 }])).toMatchObject({ status: 'offered', placesLeft: 0 });
    expect(only([{ isGone: true }])).toMatchObject({ status: 'cancelled', placesLeft: null });
    expect(only([{ placesLeft: null }])).toMatchObject({ status: 'offered', placesLeft: null });
  });

  test('has its own price, and else the product’s, which is said to be an indication', () => {
    expect(only([{}])).toMatchObject({ price: { amount: '12.50' }, isPriceIndicative: false });
    expect(only([{ price: null }])).toMatchObject({ price: { amount: '13.00' }, isPriceIndicative: true });
    expect(only([{ price: null, standardPrice: null }])).toMatchObject({ price: null, isPriceIndicative: false });
  });

  test('has the address of its page, in which an id cannot be anything but an id', () => {
    const url = (id: string, pageUrl: string | null) => only([{ id, productId: '7' }], { pageUrl }).url;
    const page = 'https://club.example/book/{product}?session={session}';
    expect(url('a', page)).toBe('https://club.example/book/7?session=a');
    expect(url('$&/../x?y#z,;\r\n"', page)).toBe(
      'https://club.example/book/7?session=%24%26%2F..%2Fx%3Fy%23z%2C%3B%0D%0A%22',
    );
    expect(url('a', null)).toBeNull();
  });

  test('has no end where the end that is shown is before its start, or beyond all calendars', () => {
    const endOf = (endsAt: string) => only([{ startsAt: '2027-06-05T08:00:00.000Z', endsAt }]).endsAt;
    expect(endOf('2027-06-05T08:00:00.000Z')).toBeNull();
    expect(endOf('+012027-06-05T08:00:00.000Z')).toBeNull();
    expect(endOf('2027-06-05T08:00:01.000Z')).toBe('2027-06-05T08:00:01.000Z');
  });
});

describe('a feed', () => {
  test('says since when all of it is known, and when it last became another', () => {
    const early = { knownAt: '2027-05-30T06:00:00.000Z', changedAt: '2027-05-01T00:00:00.000Z' };
    const late = { knownAt: '2027-05-30T07:00:00.000Z', changedAt: '2027-05-02T00:00:00.000Z' };
    expect(feedWith([late, early])).toMatchObject({ knownSince: early.knownAt, changedAt: late.knownAt });
  });

  test('became another when a session was over, and when a product was changed', () => {
    const { knownAt } = only([{}]);
    const overAt = new Date(Date.parse(knownAt) + 1).toISOString();
    expect(feedWith([{}], { lastOverAt: overAt }).changedAt).toBe(overAt);
    expect(feedWith([{ changedAt: overAt }]).changedAt).toBe(overAt);
  });

  test('of a catalogue that nobody has read yet knows nothing', () => {
    expect(feedWith([])).toMatchObject({ sessions: [], knownSince: null, changedAt: null });
  });
});

describe('in words', () => {
  const fr = { lang: 'fr', timeZone: 'Europe/Paris' };

  test('a title tells how many places are left, that none is, or that it was called off', () => {
    const line = (more: Parameters<typeof feedWith>[0][number], lang = 'fr') =>
      titleLine(only([more]), { ...fr, lang });
    expect(line({})).toBe('Journée de voile (3 places)');
    expect(line({ placesLeft: 1 })).toBe('Journée de voile (1 place)');
    expect(line({ placesLeft: 0 })).toBe('Journée de voile (complet)');
    expect(line({ isGone: true })).toBe('Journée de voile (annulé)');
    expect(line({ placesLeft: null })).toBe('Journée de voile');
    expect(line({ placesLeft: 0 }, 'de')).toBe('Journée de voile (ausgebucht)');
    expect(line({ placesLeft: 2 }, 'it')).toBe('Journée de voile (2 places)');
  });

  test('the last line says when it was known, by the clocks of the connection', () => {
    expect(detailLines(only([{}]), fr).map((line) => line.replaceAll(/\s/g, ' '))).toEqual([
      'Places restantes : 3',
      'Prix : 12,50 €',
      'Rendez-vous : Ponton B',
      'Connu le dimanche 30 mai 2027 à 20:15 (Europe/Paris)',
    ]);
    expect(detailLines(only([{ isGone: true, price: null }]), { ...fr, lang: 'en' })).toEqual([
      'Cancelled',
      'Indicative price: €13.00',
      'Meeting point: Ponton B',
      'Known on Sunday, 30 May 2027 at 20:15 (Europe/Paris)',
    ]);
  });

  test('each language has a name for each column', () => {
    for (const lang of ['fr', 'en', 'de', 'it']) {
      const names = columnNames({ ...fr, lang });
      expect(new Set(names).size).toBe(11);
    }
  });
});
