import { describe, expect, test } from '@jest/globals';
import type { ConnectionStatus } from '../../src/cli/statusOf.js';
import { needsSomebody, statusText } from '../../src/cli/statusText.js';

const now = Date.UTC(2026, 5, 30);
const free = { stoppedReason: null, writesStoppedReason: null, closedUntilMs: null, triedAtMs: null };
const fine: ConnectionStatus = {
  connection: 'club',
  systems: [
    { system: 'yapla', ...free },
    { system: 'yoplanning', ...free },
  ],
  bulkSync: null,
  people: { waitingForBudget: 0, stopped: 0, waiting: 0 },
  imports: null,
  events: null,
  catalogue: null,
  webhooks: {
    systems: [{ connectionId: 'club', system: 'yapla', lastAtMs: now - 120_000, isQuiet: false }],
    use: { reads: 3, strangers: 1, bytes: 1_572_864 },
    ceilings: { maxReadsPerHour: 1_000, maxStrangersPerHour: 300, maxInboxBytes: 268_435_456 },
  },
};

test('a connection of which all is well says so in some lines, and needs nobody', () => {
  expect(needsSomebody(fine)).toBe(false);
  expect(statusText(fine, now).split('\n')).toEqual([
    'club:',
    '  yapla: may be asked',
    '  yoplanning: may be asked',
    '  bulk sync: none is running',
    '  people: nobody waits',
    '  webhooks of yapla: the last came 2 minutes ago',
    '  webhooks in this hour: 3 of 1000 looks, 1 of 300 strangers; 1.5 of 256.0 MB kept',
  ]);
});

describe('what needs somebody, or only waits for its time', () => {
  const [yapla, yoplanning] = fine.systems as [ConnectionStatus['systems'][0], ConnectionStatus['systems'][0]];
  const quiet = { connectionId: 'club', system: 'yapla' as const, lastAtMs: now - 9 * 86_400_000, isQuiet: true };

  test.each<[string, Partial<ConnectionStatus>, boolean, string]>([
    [
      'a stop',
      { systems: [yapla, { ...yoplanning, stoppedReason: '401 on GET /clients' }] },
      true,
      'yoplanning: stopped (401 on GET /clients); when it is mended: passerelle resume club',
    ],
    [
      'a stop of writes',
      { systems: [{ ...yapla, writesStoppedReason: '403 on PUT /members/1: set yapla.write.mode' }, yoplanning] },
      true,
      'yapla: writes are stopped (403 on PUT /members/1: set yapla.write.mode); when it is mended: passerelle resume club',
    ],
    [
      'a 429 with a time',
      { systems: [yapla, { ...yoplanning, closedUntilMs: now }] },
      false,
      'yoplanning: told us to wait until 2026-06-30T00:00:00.000Z (429)',
    ],
    [
      'a server that fails',
      { systems: [yapla, { ...yoplanning, triedAtMs: now }] },
      false,
      'yoplanning: fails at every request; the next one tries at 2026-06-30T00:00:00.000Z',
    ],
    [
      'people who stopped',
      { people: { ...fine.people, stopped: 2 } },
      true,
      'people: 2 stopped, until what stopped them is mended',
    ],
    [
      'people who wait for a quota',
      { people: { ...fine.people, waitingForBudget: 7 } },
      false,
      'people: 7 wait for a quota, a 429 or a server that fails',
    ],
    ['a bulk sync under way', { bulkSync: { phase: 'scan', state: 'running' } }, false, 'bulk sync: scan'],
    ['a bulk sync that stopped', { bulkSync: { phase: 'scan', state: 'stopped' } }, true, 'bulk sync: scan, stopped'],
    [
      'silence',
      { webhooks: { ...fine.webhooks, systems: [quiet] } },
      true,
      'webhooks of yapla: the last came 9 days ago; longer than usual: is it still set up at the vendor’s?',
    ],
    [
      'a ceiling that is reached',
      { webhooks: { ...fine.webhooks, use: { ...fine.webhooks.use, strangers: 300 } } },
      true,
      'webhooks.maxStrangersPerHour is reached: further ones are answered 429. Who sends them? Change the secret if it leaked.',
    ],
  ])('%s', (_, more, needs, line) => {
    const status = { ...fine, ...more };
    expect(needsSomebody(status)).toBe(needs);
    expect(statusText(status, now).split('\n')).toContain(`  ${line}`);
  });
});

describe('a catalogue that is mirrored', () => {
  const catalogue = {
    products: 40,
    unread: 0,
    sessions: 120,
    oldestReadAtMs: now - 5 * 3_600_000,
    state: 'running',
    hasFeeds: false,
  };
  const lineOf = (more: Partial<typeof catalogue> | { readonly state: null }) =>
    statusText({ ...fine, catalogue: { ...catalogue, ...more } }, now)
      .split('\n')
      .find((line) => line.startsWith('  catalogue: '));

  test('tells how old it is', () => {
    expect(lineOf({})).toBe('  catalogue: 40 products, 120 sessions to come; the oldest was read 5 hours ago');
    expect(lineOf({ hasFeeds: true, unread: 3 })).toContain('3 products were not read yet');
    expect(lineOf({ hasFeeds: true })).toMatch(/; shown by feeds$/);
    expect(needsSomebody({ ...fine, catalogue })).toBe(false);
  });

  test('needs somebody where it is stopped, and says so where nobody reads it', () => {
    const stopped = { ...fine, catalogue: { ...catalogue, state: 'stopped' } };
    expect(needsSomebody(stopped)).toBe(true);
    expect(lineOf({ state: 'stopped' })).toContain('stopped; when it is mended: passerelle resume club');
    expect(lineOf({ state: null })).toContain('is a worker running?');
  });
});

test('a server’s words cannot steer the terminal', () => {
  const systems = [{ system: 'yapla' as const, ...free, stoppedReason: '401\n  yoplanning: may be asked\u001B[2J' }];
  const text = statusText({ ...fine, systems }, now);
  expect(text.split('\n').filter((line) => line.startsWith('  yoplanning'))).toEqual([]);
  expect(text).not.toContain('\u001B');
});

test('imports tell who waits for whom, since when, and what the last one brought', () => {
  const file = {
    number: 3,
    purpose: 'update',
    state: 'handedOut',
    people: 12,
    madeAtMs: now - 3 * 86_400_000,
  } as const;
  const last = { number: 2, confirmed: 40, edited: 1, notShown: 2, asked: 0 };
  const imports = { collected: 5, sinceMs: now - 7_200_000, files: [file], last };
  expect(
    statusText({ ...fine, imports }, now)
      .split('\n')
      .filter((line) => line.includes('import')),
  ).toEqual([
    '  imports: 5 people wait for the next file (the first of them came 2 hours ago)',
    '  import file 3: 12 people, made 3 days ago, waits for somebody who imports it: passerelle import-batch club --number 3',
    '  import file 2 was the last: 40 people confirmed, 1 edited meanwhile, 2 not shown and in the next file, 0 asked about',
  ]);
});

test('events tell what they cost, the mirror of the catalogue where there is one', () => {
  const events = { bookings: 12, catalogue: 40 };
  const linesOf = (mostForCatalogue: number | null) =>
    statusText({ ...fine, events: { ...events, mostForCatalogue } }, now).split('\n');
  expect(linesOf(null)).toContain('  events: in 24 hours 12 requests about bookings');
  expect(linesOf(100)).toContain(
    '  events: in 24 hours 12 requests about bookings, 40 of 100 by the mirror of the catalogue',
  );
});
