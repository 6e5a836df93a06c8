/** The catalogue as a workbook, for people. Every cell is text: what a title begins with makes no formula (workbook/writeWorkbook.ts). */
import type { CatalogueFeed, FeedSession } from '../core/events/feed.js';
import { columnNames, statusWord } from '../core/events/feedWords.js';
import { localTime } from '../core/zone.js';
import { largestCell, writeWorkbook } from '../workbook/writeWorkbook.js';

/** The same feed gives the same bytes. */
export async function workbookOf(feed: CatalogueFeed): Promise<Uint8Array> {
  const rows = [columnNames(feed), ...feed.sessions.map((session) => rowOf(session, feed))];
  return await writeWorkbook('Catalogue', rows);
}

function rowOf(session: FeedSession, feed: CatalogueFeed): readonly (string | null)[] {
  const { startsAt, endsAt, title, category, placesLeft, price, meetingPoint, address, url, knownAt } = session;
  const cells = [
    minute(startsAt, feed.timeZone),
    endsAt && minute(endsAt, feed.timeZone),
    title,
    category,
    statusWord(session, feed),
    placesLeft === null ? null : String(placesLeft),
    price && `${price.amount} ${price.currency}`,
    meetingPoint,
    address,
    url,
    minute(knownAt, feed.timeZone),
  ];
  // A longer one makes a file that has to be repaired.
  return cells.map((cell) => cell && cell.slice(0, largestCell));
}

/** `2027-06-05 12:00`, by the clocks of the zone. */
function minute(iso: string, timeZone: string): string {
  return new Date(localTime(Date.parse(iso), timeZone)).toISOString().slice(0, 16).replace('T', ' ');
}
