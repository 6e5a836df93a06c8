/** The part of the control API (control.ts) that is about what Yoplanning sells and what is booked there: what the team's staff do and see. */
import type { JsonObject } from '../systems/system.js';

/** A product as it stands in the database behind the API. */
export interface SandboxProduct {
  readonly id: string;
  readonly team: string;
  /** By language: `en`, `fr`, `de`. */
  readonly titles: Readonly<Record<string, string>>;
  readonly category: number;
  /** Decimal text, with tax. */
  readonly price: string;
}

export interface SandboxSession {
  /** Of the session group. */
  readonly id: string;
  readonly product: string;
  /** ISO 8601, UTC. */
  readonly startsAt: string;
  readonly endsAt: string;
  /** Negative where it is overbooked. */
  readonly placesLeft: number;
  readonly price: string;
  readonly gone: boolean;
}

export interface NewSandboxProduct {
  /** In English, and in French and German where these are given. */
  readonly title: string;
  readonly titles?: { readonly fr?: string; readonly de?: string };
  /** Of a team for which this one is a dealer; left out: the team itself. */
  readonly team?: string;
  /** Default: 302, sailing. */
  readonly category?: number;
  /** Default: 13.00. */
  readonly price?: string;
}

export interface NewSandboxSession {
  readonly product: string;
  /** ISO 8601. */
  readonly startsAt: string;
  /** Left out: two hours later. */
  readonly endsAt?: string;
  readonly places: number;
  /** Left out: the product's. */
  readonly price?: string;
}

export interface NewSandboxOrder {
  /** Sessions, a place in each; or vouchers of products. */
  readonly items: readonly { readonly session?: string; readonly voucherOf?: string; readonly price?: string }[];
  /** For whom; the client exists. */
  readonly client: string;
  readonly externalReference?: string;
  /** Paid at the desk. */
  readonly paid?: string;
}

export interface SandboxOrderEdit {
  readonly externalReference?: string | null;
  /** All items go to this session. */
  readonly session?: string;
  /** All items get this price. */
  readonly price?: string;
  /** Paid at the desk, besides what was paid before. */
  readonly paid?: string;
}

/** Who edits here does so as staff: when the call returns, the change is stored and its webhook is on its way. */
export interface BookingsControl {
  products(): Promise<readonly SandboxProduct[]>;
  /** By their start; of all products, or of one. Those that are gone, too. */
  sessions(product?: string): Promise<readonly SandboxSession[]>;
  /** As the API answers each when it is read, in the order in which they were placed. */
  orders(): Promise<readonly JsonObject[]>;
  /** @returns the new id */
  addProduct(product: NewSandboxProduct): Promise<string>;
  editProduct(id: string, changes: Partial<Omit<NewSandboxProduct, 'team'>>): Promise<void>;
  /** It is no longer sold; its sessions are gone. */
  removeProduct(id: string): Promise<void>;
  /** @returns the new id */
  addSession(session: NewSandboxSession): Promise<string>;
  /** So many places are left from now on. */
  setPlaces(session: string, left: number): Promise<void>;
  /** It does not take place. */
  removeSession(id: string): Promise<void>;
  /** Books at the desk, also where no place is left. @returns the order's id */
  book(order: NewSandboxOrder): Promise<string>;
  editOrder(id: string, edit: SandboxOrderEdit): Promise<void>;
  cancelOrder(id: string): Promise<void>;
  /** For good. */
  removeOrder(id: string): Promise<void>;
}

type Call = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) => Promise<unknown>;

/** @param call of the control API; throws where it refuses */
export function createBookingsControl(call: Call): BookingsControl {
  const get = async <T>(path: string) => (await call('GET', path)) as T;
  const make = async (path: string, body: unknown) => ((await call('POST', path, body)) as { id: string }).id;
  const perform = async (...asked: Parameters<Call>) => void (await call(...asked));
  return {
    products: () => get('/bookings/products'),
    sessions: (product) => get(`/bookings/sessions${product === undefined ? '' : `?product=${product}`}`),
    orders: () => get('/bookings/orders'),
    addProduct: (product) => make('/bookings/products', product),
    editProduct: (id, changes) => perform('PATCH', `/bookings/products/${id}`, changes),
    removeProduct: (id) => perform('DELETE', `/bookings/products/${id}`),
    addSession: (session) => make('/bookings/sessions', session),
    setPlaces: (session, left) => perform('PUT', `/bookings/sessions/${session}/places`, { left }),
    removeSession: (id) => perform('DELETE', `/bookings/sessions/${id}`),
    book: (order) => make('/bookings/orders', order),
    editOrder: (id, edit) => perform('PATCH', `/bookings/orders/${id}`, edit),
    cancelOrder: (id) => perform('POST', `/bookings/orders/${id}/cancellation`),
    removeOrder: (id) => perform('DELETE', `/bookings/orders/${id}`),
  };
}
