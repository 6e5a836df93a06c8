/** The catalogue as JSON and as a workbook. */
import { describe, expect, test } from '@jest/globals';
import { read, utils } from '@e965/xlsx';
import { unzipSync } from 'fflate';
import type { CatalogueFeed } from '../../src/core/events/feed.js';
import type { CatalogueDocument } from '../../src/feeds/document.js';
import { feedFormats, formatOfFile, feedFile, writeFeed } from '../../src/feeds/formats.js';
import { feedWith, rowOf } from './feedRows.js';

const options = { connectionId: 'club', maxAgeMs: 300_000 };
const bytesOf = async (feed: CatalogueFeed, format: 'json' | 'xlsx') => await writeFeed(feed, format, options);

async function documentOf(feed: CatalogueFeed): Promise<CatalogueDocument> {
  return JSON.parse(Buffer.from(await bytesOf(feed, 'json')).toString('utf8')) as CatalogueDocument;
}

async function rowsOf(feed: CatalogueFeed): Promise<readonly (readonly unknown[])[]> {
  const { Sheets, SheetNames } = read(await bytesOf(feed, 'xlsx'), { type: 'array' });
  return utils.sheet_to_json(Sheets[SheetNames[0]!]!, { header: 1, defval: null });
}

test('each form has an address of its own, and nothing else has one', () => {
  expect(feedFormats.map(feedFile)).toEqual(['catalogue.ics', 'catalogue.json', 'catalogue.xlsx']);
  for (const format of feedFormats) expect(formatOfFile(feedFile(format))).toBe(format);
  for (const file of ['catalogue', 'catalogue.', 'catalogue.html', 'Catalogue.ics', ''])
    expect(formatOfFile(file)).toBeNull();
});

test('JSON has of each session what a page needs, and nothing else', async () => {
  const feed = feedWith([{ price: null }], { pageUrl: 'https://club.example/{session}' });
  expect(await documentOf(feed)).toEqual({
    name: 'Catalogue',
    timeZone: 'Europe/Paris',
    knownSince: '2027-05-30T18:15:00.000Z',
    sessions: [
      {
        id: rowOf().id,
        product: '71',
        title: 'Journée de voile',
        titles: { fr: 'Journée de voile' },
        category: 'Voile',
        meetingPoint: 'Ponton B',
        address: '1 quai du Port, Lorient',
        startsAt: '2027-06-05T08:00:00.000Z',
        endsAt: '2027-06-05T10:00:00.000Z',
        status: 'offered',
        placesLeft: 3,
        price: { amount: '13.00', currency: 'EUR', indicative: true },
        url: `https://club.example/${rowOf().id}`,
        knownAt: '2027-05-30T18:15:00.000Z',
        words: {
          title: 'Journée de voile (3 places)',
          details: [
            'Places restantes : 3',
            expect.stringMatching(/^Prix indicatif : 13,00.€$/),
            'Rendez-vous : Ponton B',
            'Connu le dimanche 30 mai 2027 à 20:15 (Europe/Paris)',
          ],
        },
      },
    ],
  });
});

describe('a workbook', () => {
  test('has a row for each session, with the times of the connection’s clocks', async () => {
    const [headers, row, cancelled] = await rowsOf(feedWith([{}, { isGone: true, endsAt: null }]));
    expect(headers).toEqual([
      'Début',
      'Fin',
      'Activité',
      'Catégorie',
      'Statut',
      'Places restantes',
      'Prix',
      'Rendez-vous',
      'Adresse',
      'URL',
      'Connu le',
    ]);
    expect(row).toEqual([
      '2027-06-05 10:00',
      '2027-06-05 12:00',
      'Journée de voile',
      'Voile',
      'prévu',
      '3',
      '12.50 EUR',
      'Ponton B',
      '1 quai du Port, Lorient',
      null,
      '2027-05-30 20:15',
    ]);
    expect(cancelled!.slice(0, 6)).toEqual(['2027-06-05 10:00', null, 'Journée de voile', 'Voile', 'annulé', null]);
  });

  test('has no formula, whatever a title begins with, and the title as it is', async () => {
    const hostile = ['=HYPERLINK("https://x.example")', '+1+1', '-1', '@SUM(A1)', '\t=1'];
    const bytes = await bytesOf(
      feedWith(hostile.map((title) => ({ titles: { fr: title }, meetingPoint: title }))),
      'xlsx',
    );
    for (const [name, part] of Object.entries(unzipSync(bytes)))
      if (name.startsWith('xl/worksheets/')) expect(Buffer.from(part).toString()).not.toMatch(/<f[ >]/);
    const { Sheets, SheetNames } = read(bytes, { type: 'array' });
    const cells = Object.values(Sheets[SheetNames[0]!]!).filter(
      (cell) => cell !== null && typeof cell === 'object' && 'f' in cell,
    );
    expect(cells).toEqual([]);
    const rows: string[][] = utils.sheet_to_json(Sheets[SheetNames[0]!]!, { header: 1, defval: null });
    expect(rows.slice(1).map((row) => row[2])).toEqual(hostile);
  });

  test('cuts a text that no cell can hold, so that the file opens', async () => {
    const [, row] = await rowsOf(feedWith([{ titles: { fr: 'x'.repeat(40_000) } }]));
    expect(String(row![2])).toHaveLength(32_767);
  });

  test('of the same feed is the same to the byte', async () => {
    const feed = feedWith([{}, { id: 'other' }]);
    expect(await bytesOf(feed, 'xlsx')).toEqual(await bytesOf(feed, 'xlsx'));
  });
});
