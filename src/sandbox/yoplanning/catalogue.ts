/** What the team sells: products in three languages, their sessions, and the places that are left. Invented, the same for the same seed and day. */
import type { JsonObject } from '../../systems/system.js';
import { Random } from '../random.js';
import { Records } from '../records.js';
import type { ResolvedCatalogueOptions } from './bookingsOptions.js';
import { categories, levels, meetingPoints, type Language, type Offer, offers, options } from './offers.js';

export interface ProductRecord {
  readonly id: string;
  team: string;
  /** By language; English is always there. */
  titles: Readonly<Partial<Record<Language, string>>> & { readonly en: string };
  category: number;
  /** With tax, in cents. */
  cents: number;
  maximum: number;
  /** Epoch milliseconds. */
  modifiedAtMs: number;
}

export interface SessionRecord {
  /** Of the session group. */
  readonly id: string;
  readonly product: string;
  readonly startMs: number;
  readonly endMs: number;
  /** All of them, and those that orders hold. */
  places: number;
  booked: number;
  cents: number;
  gone: boolean;
}

const hour = 3_600_000;
const day = 24 * hour;
/** Long before anything that a test changes. */
const enteredAtMs = Date.UTC(2024, 0, 1);

export class Catalogue {
  readonly #products = new Records<ProductRecord>();
  readonly #sessions = new Records<SessionRecord>();
  readonly #byProduct = new Map<string, SessionRecord[]>();

  products(): readonly ProductRecord[] {
    return this.#products.all();
  }

  product(id: string): ProductRecord | undefined {
    return this.#products.get(id);
  }

  session(id: string): SessionRecord | undefined {
    return this.#sessions.get(id);
  }

  /** By their start. */
  sessionsOf(product: string): readonly SessionRecord[] {
    return this.#byProduct.get(product) ?? [];
  }

  add(product: ProductRecord): void {
    this.#products.add(product);
  }

  addSession(session: SessionRecord): void {
    this.#sessions.add(session);
    const list = this.#byProduct.get(session.product) ?? [];
    const at = list.findIndex(({ startMs }) => startMs > session.startMs);
    list.splice(at < 0 ? list.length : at, 0, session);
    this.#byProduct.set(session.product, list);
  }

  /** Two changes within one tick of the clock are two versions all the same. */
  touch(id: string): void {
    const product = this.#products.get(id);
    if (product !== undefined) product.modifiedAtMs = Math.max(Date.now(), product.modifiedAtMs + 1);
  }

  remove(id: string): boolean {
    for (const session of this.sessionsOf(id)) session.gone = true;
    return this.#products.remove(id);
  }
}

/** Fills an empty catalogue. */
export function populateCatalogue(catalogue: Catalogue, team: string, options: ResolvedCatalogueOptions): void {
  const random = new Random(options.seed ^ 0xca7a);
  const total = options.products + options.dealerProducts;
  const firstDay = options.firstDay === undefined ? Date.now() + day : Date.parse(`${options.firstDay}T00:00:00Z`);
  const midnight = Math.floor(firstDay / day) * day;
  for (let nth = 0; nth < total; nth += 1) {
    const isOurs = nth < options.products;
    const offer = offers[nth % offers.length] as Offer;
    const product: ProductRecord = {
      id: random.uuid(),
      team: isOurs ? team : random.uuid(),
      titles: numbered(offer.titles, Math.floor(nth / offers.length)),
      category: offer.category,
      cents: offer.cents,
      maximum: random.between(4, 12),
      modifiedAtMs: enteredAtMs + random.below(300 * day),
    };
    catalogue.add(product);
    if (!isOurs) continue;
    // Spread evenly: the first products have one more.
    const sessions = Math.floor((options.sessions + options.products - 1 - nth) / options.products);
    for (let i = 0; i < sessions; i += 1) {
      const startMs =
        midnight + Math.floor(((i + random.next()) * options.days) / sessions) * day + random.between(8, 17) * hour;
      catalogue.addSession({
        id: random.uuid(),
        product: product.id,
        startMs,
        endMs: startMs + offer.hours * hour,
        places: product.maximum,
        booked: 0,
        cents: offer.cents,
        gone: false,
      });
    }
  }
}

function numbered(titles: Offer['titles'], round: number): Offer['titles'] {
  if (round === 0) return titles;
  return Object.fromEntries(
    Object.entries(titles).map(([language, title]) => [language, `${title} ${round + 1}`]),
  ) as Offer['titles'];
}

/** The vendor's "Online Product object", with the team that other connectors read. */
export function productDocument(product: ProductRecord, lang: string): JsonObject {
  const { id, team, titles, category, cents, maximum, modifiedAtMs } = product;
  const language = lang in titles ? (lang as Language) : 'en';
  const [title, meetingPoint] = [titles[language] ?? titles.en, meetingPoints[language]];
  return {
    id,
    title,
    team,
    last_modified: stamp(modifiedAtMs),
    description: `${title} – ${meetingPoint}`,
    private_session: false,
    description_image: null,
    location: { meeting_point: meetingPoint, address: '44 route du moulin' },
    participants: {
      target: 'ALL',
      expected_data: [
        { type: 'email', label: 'Email', required: false, field: 'email' },
        {
          type: 'select',
          label: levels[language].label,
          required: false,
          field: 'level',
          options: [{ id: 'BEGINNER', name: levels[language].beginner }],
        },
      ],
      level: 'ALL',
      maximum,
    },
    category: { id: category, name: categories.get(category) ?? '' },
    sessions: {
      other_prices: [{ label: 'Member', price: priceDocument(Math.floor(cents * 0.8)) }],
      standard_price: priceDocument(cents),
    },
    // A number, as in the vendor's example: beside the texts above.
    vouchers: { expiration: 12, other_prices: [], standard_price: cents / 100 },
  };
}

/** An availability names its session group; a session group is one. */
export function sessionDocument(session: SessionRecord, list: string, showsPlaces: boolean): JsonObject {
  const { id, startMs, endMs, cents, gone } = session;
  return {
    ...(list === 'availabilities' ? { session_group: id } : { id, external_reference: null }),
    start_date: stamp(startMs),
    end_date: stamp(endMs),
    status: gone ? 'deleted' : 'created',
    price: priceDocument(cents),
    ...(showsPlaces ? { remaining_places: placesLeft(session) } : {}),
  };
}

export function detailDocument(session: SessionRecord, lang: string, showsPlaces: boolean): JsonObject {
  const language = lang in options ? (lang as Language) : 'en';
  return {
    id: session.id,
    price: priceDocument(session.cents),
    ...(showsPlaces ? { remaining_places: placesLeft(session) } : {}),
    options: [{ id: `${session.id.slice(0, 8)}-wetsuit`, title: options[language], price: priceDocument(500) }],
    resources: [],
  };
}

export function placesLeft({ places, booked, gone }: SessionRecord): number {
  return gone ? 0 : Math.max(0, places - booked);
}

/** UTC, without a zone and without fractions, as the vendor writes `last_modified`. */
export function stamp(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19);
}

/** `1300` is `13.00`. */
export function decimal(cents: number): string {
  const text = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${text.slice(0, -2)}.${text.slice(-2)}`;
}

function priceDocument(cents: number): JsonObject {
  return { tax_excluded: decimal(Math.round(cents / 1.2)), tax_included: decimal(cents) };
}
