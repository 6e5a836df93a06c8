/** The forms in which a catalogue is shown, by what its address ends with. */
import type { CatalogueFeed } from '../core/events/feed.js';
import { calendarOf, type CalendarOptions } from './calendar.js';
import { documentOf } from './document.js';
import { workbookOf } from './table.js';

export const feedFormats = ['ics', 'json', 'xlsx'] as const;
export type FeedFormat = (typeof feedFormats)[number];

/** The last part of a feed's address. */
export function feedFile(format: FeedFormat): string {
  return `catalogue.${format}`;
}

/** Null: no feed has that name. */
export function formatOfFile(file: string): FeedFormat | null {
  return feedFormats.find((format) => feedFile(format) === file) ?? null;
}

/** For `Content-Type`. */
export const mediaTypes: Readonly<Record<FeedFormat, string>> = {
  ics: 'text/calendar; charset=utf-8; method=PUBLISH',
  json: 'application/json; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

/** The same feed gives the same bytes. */
export async function writeFeed(
  feed: CatalogueFeed,
  format: FeedFormat,
  options: CalendarOptions,
): Promise<Uint8Array> {
  switch (format) {
    case 'ics':
      return await calendarOf(feed, options);
    case 'json':
      return Buffer.from(`${JSON.stringify(documentOf(feed))}\n`, 'utf8');
    case 'xlsx':
      return await workbookOf(feed);
  }
}
