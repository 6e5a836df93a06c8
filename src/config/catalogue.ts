/** What a connection mirrors of Yoplanning's catalogue: products and their next sessions. Left out: nothing. */
import { z } from 'zod';
import { feedsSchema } from './feeds.js';

const ms = (text: string) => z.number().int().positive().describe(text);

export const catalogueSchema = z
  .strictObject({
    days: z
      .number()
      .int()
      .min(1)
      .max(730)
      .default(90)
      .describe('Sessions that begin within so many days are read. A season is planned about a quarter ahead.'),
    requestsPerDay: z
      .number()
      .int()
      .min(1)
      .default(100)
      .describe(
        'Requests that the catalogue may send within any 24 hours, all in the lane `idle`: a tenth of what Yoplanning allows, which leaves the day to people who wait. 300 products are then never older than about a week, and those that begin soon or that somebody waits for are read several times as often.',
      ),
    everyMs: ms(
      'Between two turns, each of which sends its share of the day. The default is a request every quarter of an hour; where `requestsPerDay` allows fewer, turns are further apart.',
    ).default(15 * 60_000),
    changesEveryMs: ms(
      'Between two lists of the products that changed (mostly one request). A new product then shows within two hours.',
    ).default(2 * 3_600_000),
    wholeEveryMs: ms(
      'Between two whole lists of products: one that is no longer sold shows in no list of changes, and in a whole one by its absence.',
    ).default(24 * 3_600_000),
    maxHistoryEvents: z
      .number()
      .int()
      .min(100)
      .default(2_000)
      .describe(
        'The mirror’s workflow continues as new at this length of its history, or when the server suggests it: longer ones are slow to replay.',
      ),
    feeds: feedsSchema.optional(),
  })
  .describe(
    'Mirrors products and their next sessions, from what the day’s quota leaves over. For alternatives where a session is full, and for events that go to "the session that starts when the event does". Left out: nothing is mirrored.',
  );

export type CatalogueConfig = z.infer<typeof catalogueSchema>;
