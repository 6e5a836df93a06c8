/** The catalogue as iCalendar, as a reader sees it, and to the letter where readers differ. */
import { describe, expect, test } from '@jest/globals';
import ICAL from 'ical.js';
import type { CatalogueFeed } from '../../src/core/events/feed.js';
import { calendarOf } from '../../src/feeds/calendar.js';
import { feedWith, rowOf } from './feedRows.js';

const options = { connectionId: 'club', maxAgeMs: 300_000 };

async function textOf(feed: CatalogueFeed): Promise<string> {
  return Buffer.from(await calendarOf(feed, options)).toString('utf8');
}

interface Read {
  readonly calendar: ICAL.Component;
  readonly events: readonly ICAL.Component[];
}

/** Reads it with the rules of the zones that stand in it, and no others. */
function read(text: string): Read {
  ICAL.TimezoneService.reset();
  const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
  for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  return { calendar, events: calendar.getAllSubcomponents('vevent') };
}

const instant = (event: ICAL.Component, name: string) =>
  (event.getFirstPropertyValue(name) as ICAL.Time).toJSDate().toISOString();
const value = (event: ICAL.Component, name: string) => String(event.getFirstPropertyValue(name));
const zoneOf = (event: ICAL.Component, name: string) => event.getFirstProperty(name)!.getFirstParameter('tzid') ?? null;

describe('a session in a calendar', () => {
  test('is shown with its title, places, times, place and page, and with the time at which that was known', async () => {
    const feed = feedWith([{}], { pageUrl: 'https://club.example/{session}' });
    const [event] = read(await textOf(feed)).events;
    expect(value(event!, 'summary')).toBe('Journée de voile (3 places)');
    expect(value(event!, 'location')).toBe('Ponton B, 1 quai du Port, Lorient');
    expect(value(event!, 'url')).toBe(`https://club.example/${rowOf().id}`);
    expect(value(event!, 'status')).toBe('CONFIRMED');
    expect(value(event!, 'x-passerelle-places-left')).toBe('3');
    expect(value(event!, 'x-passerelle-known-at')).toBe('2027-05-30T18:15:00.000Z');
    expect(value(event!, 'description')).toContain('Connu le dimanche 30 mai 2027 à 20:15 (Europe/Paris)');
    expect([instant(event!, 'dtstart'), instant(event!, 'dtend')]).toEqual([rowOf().startsAt, rowOf().endsAt]);
    expect(zoneOf(event!, 'dtstart')).toBe('Europe/Paris');
  });

  test('stands there by the clocks of its zone, in summer and in winter', async () => {
    const winter = { startsAt: '2027-01-09T08:00:00.000Z', endsAt: '2027-01-09T10:30:00.000Z' };
    const text = await textOf(feedWith([winter, {}]));
    expect(text.match(/^DT(?:START|END);.*$/gm)!.map((line) => line.trim())).toEqual([
      'DTSTART;TZID=Europe/Paris:20270109T090000',
      'DTEND;TZID=Europe/Paris:20270109T113000',
      'DTSTART;TZID=Europe/Paris:20270605T100000',
      'DTEND;TZID=Europe/Paris:20270605T120000',
    ]);
  });

  test('keeps its UID whatever becomes of it, and no two have the same', async () => {
    const uid = async (...rows: Parameters<typeof feedWith>[0]) =>
      read(await textOf(feedWith(rows))).events.map((event) => value(event, 'uid'));
    const [before] = await uid({});
    expect(await uid({ isGone: true, startsAt: '2027-06-06T08:00:00.000Z', revision: 4 })).toEqual([before]);
    expect(new Set(await uid({ id: 'a' }, { id: 'b' }, { id: 'a b' })).size).toBe(3);
  });

  test('that was called off is cancelled under a higher sequence, so that calendars that have it strike it out', async () => {
    const feed = feedWith([{ isGone: true, revision: 2, changedAt: '2027-06-01T07:00:00.000Z' }]);
    const [event] = read(await textOf(feed)).events;
    expect(value(event!, 'status')).toBe('CANCELLED');
    expect(value(event!, 'sequence')).toBe('2');
    expect(value(event!, 'summary')).toBe('Journée de voile (annulé)');
    expect(instant(event!, 'last-modified')).toBe('2027-06-01T07:00:00.000Z');
    expect(event!.getFirstProperty('x-passerelle-places-left')).toBeNull();
  });

  test('says in UTC when it was known and when it changed', async () => {
    const text = await textOf(feedWith([{}]));
    expect(text).toContain('\r\nDTSTAMP:20270530T181500Z\r\n');
    expect(text).toContain('\r\nLAST-MODIFIED:20270528T090000Z\r\n');
  });

  test('cannot break out of its text: whatever stands in a title, a place or an id is a text', async () => {
    const hostile = 'a\r\nEND:VEVENT\r\nBEGIN:VALARM\r\nX:1;,\\"\u0000\u0007\u2028\ud83d';
    const feed = feedWith(
      [{ titles: { fr: hostile }, meetingPoint: hostile, category: hostile, id: hostile, placesLeft: null }],
      { name: 'Voile; kayak, \\ "mer"' },
    );
    const text = await textOf(feed);
    const { events } = read(text);
    expect(events).toHaveLength(1);
    expect(events[0]!.getAllSubcomponents()).toEqual([]);
    expect(value(events[0]!, 'summary')).toContain('END:VEVENT\nBEGIN:VALARM');
    expect(text).toContain('\r\nNAME:Voile\\; kayak\\, \\\\ "mer"\r\n');
    expect(text).not.toMatch(/[\u0000-\u0009\u000b\u000c\u000e-\u001f]/);
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  test('has no line of more than 75 bytes, in whatever script it is written', async () => {
    const text = await textOf(feedWith([{ titles: { fr: 'Été à la mer 🚣'.repeat(40) } }]));
    for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    expect(value(read(text).events[0]!, 'summary')).toBe(`${'Été à la mer 🚣'.repeat(40)} (3 places)`);
  });
});

describe('where clocks change', () => {
  /** Every half hour around a change, each session an hour long. */
  const around = (change: string) =>
    Array.from({ length: 14 }, (_, nth) => {
      const startMs = Date.parse(change) + (nth - 7) * 1_800_000;
      const iso = (ms: number) => new Date(ms).toISOString();
      return { id: `session-${nth}`, startsAt: iso(startMs), endsAt: iso(startMs + 3_600_000) };
    });

  test.each([
    ['Europe/Paris', 'are put back', '2026-10-25T01:00:00Z'],
    ['Europe/Paris', 'are put forward', '2027-03-28T01:00:00Z'],
    ['America/Montreal', 'are put back', '2026-11-01T06:00:00Z'],
    ['America/St_Johns', 'are put forward', '2027-03-14T05:30:00Z'],
    ['Australia/Lord_Howe', 'are put back by half an hour', '2027-04-03T15:00:00Z'],
    ['Indian/Reunion', 'never change', '2027-03-28T01:00:00Z'],
    ['UTC', 'never change', '2027-03-28T01:00:00Z'],
  ])('of %s, which %s, each session begins and ends when it does', async (timeZone, _, change) => {
    const rows = around(change);
    const { events } = read(await textOf(feedWith(rows, { timeZone })));
    expect(events.map((event) => [instant(event, 'dtstart'), instant(event, 'dtend')])).toEqual(
      rows.map(({ startsAt, endsAt }) => [startsAt, endsAt]),
    );
  });

  test('a session of which a time stands in the hour that happens twice is written in UTC, because readers differ on which is meant', async () => {
    const { events } = read(await textOf(feedWith(around('2026-10-25T01:00:00Z'))));
    const inUtc = events.filter((event) => zoneOf(event, 'dtstart') === null).map((event) => instant(event, 'dtstart'));
    expect(inUtc).toEqual([
      // Its end does.
      '2026-10-24T23:00:00.000Z',
      '2026-10-24T23:30:00.000Z',
      '2026-10-25T00:00:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T01:30:00.000Z',
    ]);
  });

  test('the rules of a zone stand under the name that the sessions have, for every zone that a connection can have', async () => {
    for (const timeZone of [...Intl.supportedValuesOf('timeZone'), 'America/Montreal', 'US/Eastern', 'UTC']) {
      const { calendar, events } = read(await textOf(feedWith([{}], { timeZone })));
      const rules = calendar.getAllSubcomponents('vtimezone').map((zone) => value(zone, 'tzid'));
      const named = zoneOf(events[0]!, 'dtstart');
      expect({ timeZone, rules }).toEqual({ timeZone, rules: named === null ? [] : [named] });
      expect({ timeZone, at: instant(events[0]!, 'dtstart') }).toEqual({ timeZone, at: rowOf().startsAt });
    }
  });
});

describe('a calendar', () => {
  test('of more sessions than are written at once has each once, in order, and the rules of its zone once', async () => {
    const rows = Array.from({ length: 120 }, (_, nth) => ({ id: `session-${nth}` }));
    const { calendar, events } = read(await textOf(feedWith(rows)));
    expect(events.map((event) => value(event, 'uid'))).toEqual(rows.map(({ id }) => `${id}@club.passerelle`));
    expect(calendar.getAllSubcomponents('vtimezone')).toHaveLength(1);
    expect(value(calendar, 'method')).toBe('PUBLISH');
    expect(value(calendar, 'refresh-interval')).toBe('PT5M');
  });

  test('without sessions is one all the same', async () => {
    const { calendar, events } = read(await textOf(feedWith([])));
    expect(events).toEqual([]);
    expect(value(calendar, 'x-wr-calname')).toBe('Catalogue');
  });

  test('of the same feed is the same to the byte, and lets others have their turn while it is written', async () => {
    const feed = feedWith(Array.from({ length: 200 }, (_, nth) => ({ id: `session-${nth}` })));
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 0);
    try {
      expect(await calendarOf(feed, options)).toEqual(await calendarOf(feed, options));
      expect(turns).toBeGreaterThan(1);
    } finally {
      clearInterval(counting);
    }
  });
});
