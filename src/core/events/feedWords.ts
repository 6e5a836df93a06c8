/** What the feeds say in words, in the languages that Yoplanning has. People read it in calendars, which show no fields of our own. */
import type { FeedSession } from './feed.js';
import { formatMoney } from './money.js';

interface Words {
  /** BCP 47. */
  readonly locale: string;
  readonly colon: string;
  readonly cancelled: string;
  readonly full: string;
  /** @param count 1 or more */
  readonly places: (count: number) => string;
  readonly placesLeft: string;
  readonly price: string;
  readonly indicativePrice: string;
  readonly meetingPoint: string;
  readonly known: (when: string) => string;
  readonly offered: string;
  /** Of the columns of a workbook. */
  readonly headers: readonly [start: string, end: string, title: string, category: string, status: string];
  readonly knownAt: string;
  readonly address: string;
}

const fr: Words = {
  locale: 'fr',
  colon: ' : ',
  cancelled: 'annulé',
  full: 'complet',
  places: (count) => (count === 1 ? '1 place' : `${count} places`),
  placesLeft: 'Places restantes',
  price: 'Prix',
  indicativePrice: 'Prix indicatif',
  meetingPoint: 'Rendez-vous',
  known: (when) => `Connu le ${when}`,
  offered: 'prévu',
  headers: ['Début', 'Fin', 'Activité', 'Catégorie', 'Statut'],
  knownAt: 'Connu le',
  address: 'Adresse',
};

const en: Words = {
  locale: 'en-GB',
  colon: ': ',
  cancelled: 'cancelled',
  full: 'full',
  places: (count) => (count === 1 ? '1 place' : `${count} places`),
  placesLeft: 'Places left',
  price: 'Price',
  indicativePrice: 'Indicative price',
  meetingPoint: 'Meeting point',
  known: (when) => `Known on ${when}`,
  offered: 'planned',
  headers: ['Start', 'End', 'Activity', 'Category', 'Status'],
  knownAt: 'Known at',
  address: 'Address',
};

const de: Words = {
  locale: 'de',
  colon: ': ',
  cancelled: 'abgesagt',
  full: 'ausgebucht',
  places: (count) => (count === 1 ? '1 Platz' : `${count} Plätze`),
  placesLeft: 'Freie Plätze',
  price: 'Preis',
  indicativePrice: 'Richtpreis',
  meetingPoint: 'Treffpunkt',
  known: (when) => `Bekannt am ${when}`,
  offered: 'geplant',
  headers: ['Beginn', 'Ende', 'Aktivität', 'Kategorie', 'Status'],
  knownAt: 'Bekannt am',
  address: 'Adresse',
};

const languages: ReadonlyMap<string, Words> = new Map(Object.entries({ fr, en, de }));

/** In what people read around a session. */
export interface FeedTongue {
  /** ISO 639-1; one that is not spoken here: English. */
  readonly lang: string;
  /** IANA name. */
  readonly timeZone: string;
}

/** `Journée de voile (3 places)`: what fits where a calendar shows one line. */
export function titleLine({ title, status, placesLeft }: FeedSession, { lang }: FeedTongue): string {
  const words = wordsOf(lang);
  if (status === 'cancelled') return `${title} (${words.cancelled})`;
  if (placesLeft === null) return title;
  return `${title} (${placesLeft === 0 ? words.full : words.places(placesLeft)})`;
}

/** What else there is to say, a line each. The last says when all of it was known. */
export function detailLines(session: FeedSession, tongue: FeedTongue): readonly string[] {
  const words = wordsOf(tongue.lang);
  const { status, placesLeft, price, isPriceIndicative, meetingPoint, knownAt } = session;
  const line = (name: string, value: string | null) => (value === null ? [] : [`${name}${words.colon}${value}`]);
  return [
    ...(status === 'cancelled' ? [upperFirst(words.cancelled)] : []),
    ...line(words.placesLeft, placesLeft === null ? null : String(placesLeft)),
    ...line(isPriceIndicative ? words.indicativePrice : words.price, price && formatMoney(price, words.locale)),
    ...line(words.meetingPoint, meetingPoint),
    words.known(inWords(knownAt, tongue)),
  ];
}

/** The columns of a table of sessions. */
export function columnNames({ lang }: FeedTongue): readonly string[] {
  const { headers, placesLeft, price, meetingPoint, address, knownAt } = wordsOf(lang);
  return [...headers, placesLeft, price, meetingPoint, address, 'URL', knownAt];
}

export function statusWord({ status }: FeedSession, { lang }: FeedTongue): string {
  return wordsOf(lang)[status];
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** `dimanche 29 novembre 2026 à 20:15 (Europe/Paris)`. @param iso ISO 8601 */
export function inWords(iso: string, { lang, timeZone }: FeedTongue): string {
  const name = `${lang} ${timeZone}`;
  const clock =
    clocks.get(name) ??
    new Intl.DateTimeFormat(wordsOf(lang).locale, { dateStyle: 'full', timeStyle: 'short', timeZone });
  clocks.set(name, clock);
  return `${clock.format(new Date(iso))} (${timeZone})`;
}

function wordsOf(lang: string): Words {
  return languages.get(lang) ?? en;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
