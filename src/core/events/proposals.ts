/**
 * Which product and session of Yoplanning an event of Yapla could be: proposals for a person, who confirms one of them (`passerelle events map`).
 * Nothing is booked by a proposal. Pure.
 */
import { foldWords } from '../fold.js';
import { localTime } from '../zone.js';
import type { Titled } from './shown.js';
import type { RegisteredEvent } from './registration.js';

/** What is compared of an event of Yapla. */
export interface ProposedFor {
  readonly event: Pick<RegisteredEvent, 'title' | 'start' | 'place'>;
  /** The part of the event that was chosen; null: none. */
  readonly activity: Pick<Titled, 'title'> | null;
}

/** What is compared of a product; `Product` of the API and `CatalogueProduct` of the mirror are both that. */
export interface ProposedProduct {
  readonly id: string;
  readonly title: string;
  readonly meetingPoint: string | null;
  readonly address: string | null;
}

export interface ProposedSession {
  readonly id: string;
  readonly productId: string;
  /** ISO 8601 in UTC. */
  readonly startsAt: string;
}

/**
 * How a part of the event compares:
 * - `title`: `same` words, or `some` of them;
 * - `start`: a session at the `same` time, one on the same `day`, or `unknown` because the event shows no time, or no session of the product is known;
 * - `place`: all words of the event's place stand in the product's (`same`), `some`, `none`, or `unknown`.
 */
export interface ProposalReason {
  readonly title: 'same' | 'some';
  readonly start: 'same' | 'day' | 'unknown';
  readonly place: 'same' | 'some' | 'none' | 'unknown';
}

export interface Proposal {
  readonly productId: string;
  /** The session that the event seems to be; null: `start` is `unknown`. */
  readonly sessionId: string | null;
  /** From 0 to 1: 1 where title, time and place are the same. A rank for people, no probability. */
  readonly score: number;
  readonly reason: ProposalReason;
}

export interface ProposalOptions {
  /** IANA zone whose days count, `yoplanning.timeZone`. */
  readonly timeZone: string;
  /** So many proposals at most, the best ones. */
  readonly most?: number;
}

/** A person reads a handful; the right one is among them, or no title is like it. */
const defaultMost = 5;

/** What the parts weigh. A club calls products as it calls events, and has several at one time and in one place. */
const weights = { title: 5, start: 3, place: 1 } as const;

/** Less in common than this, such as one word of four and four, is an accident. */
const leastTitle = 0.3;

const startPoints = { same: 1, day: 0.6 } as const;

/** Words that stand in titles of everything. */
const fillers = new Set(
  'a au aux avec d de des du en et l la le les ou par pour sur un une and at by for from in of on or the to with am an auf bei das der die ein eine für im mit und vom von zu'
    .split(' ')
    .flatMap(foldWords),
);

const dayMs = 86_400_000;

/**
 * Products (with a session, where the time says which) that an event could be, the best first. Of equals the one with the smaller ids comes first,
 * so the same call always says the same. A product whose known sessions are all on other days is none of them.
 *
 * @param sessions of all products, in any order
 */
export function proposePlaces(
  { event, activity }: ProposedFor,
  products: readonly ProposedProduct[],
  sessions: readonly ProposedSession[],
  { timeZone, most = defaultMost }: ProposalOptions,
): readonly Proposal[] {
  const titles = titlesOf(event.title, activity?.title ?? null);
  const byProduct = new Map<string, ProposedSession[]>();
  for (const session of sessions) {
    const known = byProduct.get(session.productId);
    if (known === undefined) byProduct.set(session.productId, [session]);
    else known.push(session);
  }
  const proposals = products.flatMap((product) => {
    const title = Math.max(0, ...titles.map((words) => alike(words, wordsOf(product.title))));
    const start = startOf(event.start, byProduct.get(product.id) ?? [], timeZone);
    if (title < leastTitle || start === null) return [];
    const place = placeShare(event.place, product);
    const reason: ProposalReason = {
      title: title === 1 ? 'same' : 'some',
      start: start.is,
      place: place === null ? 'unknown' : place === 1 ? 'same' : place > 0 ? 'some' : 'none',
    };
    const score = scoreOf({ title, start: start.is === 'unknown' ? null : startPoints[start.is], place });
    return [{ productId: product.id, sessionId: start.sessionId, score, reason }];
  });
  return proposals
    .sort((one, other) => other.score - one.score || (one.productId < other.productId ? -1 : 1))
    .slice(0, most);
}

type Words = ReadonlySet<string>;

/** An event and its activity can each be what the product is called, or both together. */
function titlesOf(event: string | null, activity: string | null): readonly Words[] {
  const said = [event, activity].filter((text) => text !== null);
  return [...said, said.join(' ')].map(wordsOf).filter(({ size }) => size > 0);
}

function wordsOf(text: string): Words {
  const all = foldWords(text);
  const telling = all.filter((word) => !fillers.has(word));
  return new Set(telling.length > 0 ? telling : all);
}

/** Twice the words in common, by the words of both (Dice): 1 where all are the same. */
function alike(one: Words, other: Words): number {
  const common = [...one].filter((word) => other.has(word)).length;
  return common === 0 ? 0 : (2 * common) / (one.size + other.size);
}

interface Start {
  readonly is: ProposalReason['start'];
  readonly sessionId: string | null;
}

/** Null: there are sessions, and none that day. */
function startOf(start: number | null, sessions: readonly ProposedSession[], timeZone: string): Start | null {
  if (start === null || sessions.length === 0) return { is: 'unknown', sessionId: null };
  const day = dayOf(start, timeZone);
  const away = (one: ProposedSession) => Math.abs(Date.parse(one.startsAt) - start);
  const [nearest] = sessions
    .filter((one) => dayOf(Date.parse(one.startsAt), timeZone) === day)
    .sort((one, other) => away(one) - away(other) || (one.id < other.id ? -1 : 1));
  if (nearest === undefined) return null;
  return { is: away(nearest) === 0 ? 'same' : 'day', sessionId: nearest.id };
}

function dayOf(instant: number, timeZone: string): number {
  return Math.floor(localTime(instant, timeZone) / dayMs);
}

/** Share of the words of an event's place that stand in the product's; null: one of the two says nothing. */
function placeShare(place: string | null, { meetingPoint, address }: ProposedProduct): number | null {
  const [wanted, shown] = [wordsOf(place ?? ''), wordsOf(`${meetingPoint ?? ''} ${address ?? ''}`)];
  if (wanted.size === 0 || shown.size === 0) return null;
  return [...wanted].filter((word) => shown.has(word)).length / wanted.size;
}

/** What is unknown counts half: something known is better, and something known to differ is worse. */
function scoreOf(points: Readonly<Record<keyof typeof weights, number | null>>): number {
  const names = Object.keys(weights) as (keyof typeof weights)[];
  const of = (count: (name: keyof typeof weights) => number) => names.reduce((sum, name) => sum + count(name), 0);
  const score = of((name) => weights[name] * (points[name] ?? 0.5)) / of((name) => weights[name]);
  return Math.round(score * 1_000) / 1_000;
}
