/** The catalogue as JSON, for pages that show it in a form of their own. */
import type { CatalogueFeed, FeedSession } from '../core/events/feed.js';
import { detailLines, titleLine } from '../core/events/feedWords.js';

/** What a page reads. Times are ISO 8601 in UTC; null: not known. Names are only ever added. */
export interface CatalogueDocument {
  readonly name: string;
  /** IANA name of the zone in which times are to be shown. */
  readonly timeZone: string;
  /** No session is known from before then. */
  readonly knownSince: string | null;
  readonly sessions: readonly SessionDocument[];
}

type Shown = Pick<
  FeedSession,
  'id' | 'title' | 'titles' | 'category' | 'meetingPoint' | 'address' | 'startsAt' | 'endsAt' | 'status' | 'placesLeft'
>;

export interface SessionDocument extends Shown {
  readonly product: string;
  /** `indicative`: it is the product's, and the session's may be another. Amounts are decimal text. */
  readonly price: { readonly amount: string; readonly currency: string; readonly indicative: boolean } | null;
  readonly url: string | null;
  /** When this was so. */
  readonly knownAt: string;
  /** The same in words: the title with the places left, and lines that end with when it was known. */
  readonly words: { readonly title: string; readonly details: readonly string[] };
}

export function documentOf(feed: CatalogueFeed): CatalogueDocument {
  const { name, timeZone, knownSince, sessions } = feed;
  return { name, timeZone, knownSince, sessions: sessions.map((session) => sessionOf(session, feed)) };
}

function sessionOf(session: FeedSession, feed: CatalogueFeed): SessionDocument {
  const { id, productId, title, titles, category, meetingPoint, address, startsAt, endsAt, status, placesLeft } =
    session;
  return {
    id,
    product: productId,
    title,
    titles,
    category,
    meetingPoint,
    address,
    startsAt,
    endsAt,
    status,
    placesLeft,
    price: session.price === null ? null : { ...session.price, indicative: session.isPriceIndicative },
    url: session.url,
    knownAt: session.knownAt,
    words: { title: titleLine(session, feed), details: detailLines(session, feed) },
  };
}
