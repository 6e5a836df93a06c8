/**
 * Yoplanning's orders in memory, behind the one door that our code has to them (`HttpClient`): what reads and writes orders
 * (src/systems/yoplanning) is the real code. Places run out, answers are lost, and filters are ignored, as the setting says.
 */
import { randomUUID } from 'node:crypto';
import type { Answer, Ask, HttpClient, HttpRequest } from '../../../src/http/client.js';
import { effectOf, failureOf, type FailureContext, NoAnswer } from '../../../src/http/failures.js';
import type { Permit } from '../../../src/store/budget.js';
import type { Stopping } from '../engineModel/attempt.js';
import { Violation } from '../liveModel/world.js';

export interface ModelItem {
  id: string;
  session_group: string;
  price: { amount: string };
  client: string;
}

export interface ModelOrder {
  id: string;
  external_reference: string | null;
  status: 'active' | 'cancelled';
  creation_date: string;
  last_modified: string;
  items: ModelItem[];
  payments: { id: string; amount: string }[];
}

/** What is known of an order beside what it shows. */
interface Behind {
  /** We sent it. */
  readonly ours: boolean;
  /** Staff changed it, and no person has said since that this may be overwritten. */
  guarded: boolean;
}

export interface Manners {
  /** Else it shows all orders, whatever is asked. */
  readonly filters: boolean;
  /** Else the oldest come first. */
  readonly ordering: boolean;
  /** An order that comes too late: 400, or an answer in the form of a validation's. */
  readonly tooLate: 'refused' | 'told';
  /** Writes are answered without content. */
  readonly silent: boolean;
}

/** What becomes of the next write. */
export type Mishap = 'failsBefore' | 'failsAfter' | 'resetAfter' | 'unreadable' | 'refused';

interface Sent {
  readonly status: number;
  readonly body: unknown;
}

export class ModelYoplanning {
  readonly orders = new Map<string, ModelOrder>();
  readonly behind = new Map<string, Behind>();
  /** Places left, by session. */
  readonly places = new Map<string, number>();
  /** Names, by client: whom an order named. */
  readonly clients = new Map<string, string>();
  readonly mishaps: Mishap[] = [];
  /** `method path kind` of what arrived. */
  readonly requests: string[] = [];
  /** An order was changed: its webhook is on its way. */
  tells: (event: 'created' | 'updated' | 'deleted', id: string) => void = () => undefined;

  constructor(readonly manners: Manners) {}

  get writes(): readonly string[] {
    return this.requests.filter((one) => !one.startsWith('GET') && !one.includes('order-validation'));
  }

  active(reference: string): readonly ModelOrder[] {
    return [...this.orders.values()].filter((one) => one.external_reference === reference && one.status === 'active');
  }

  // --- what staff do ---

  /** Somebody else enters an order at the desk. */
  enter(reference: string | null, session: string, client: string): string {
    const order = this.add(reference, [
      { id: randomUUID(), session_group: session, price: { amount: '1.00' }, client },
    ]);
    this.behind.set(order.id, { ours: false, guarded: true });
    this.tells('created', order.id);
    return order.id;
  }

  reprice(id: string, amount: string): void {
    const order = this.orders.get(id);
    if (order?.status !== 'active') return;
    for (const item of order.items) item.price.amount = amount;
    this.touched(order);
  }

  cancel(id: string): void {
    const order = this.orders.get(id);
    if (order?.status !== 'active') return;
    order.status = 'cancelled';
    this.free(order);
    this.touched(order);
  }

  remove(id: string): void {
    const order = this.orders.get(id);
    if (order === undefined) return;
    if (order.status === 'active') this.free(order);
    this.orders.delete(id);
    this.tells('deleted', id);
  }

  private touched(order: ModelOrder): void {
    order.last_modified = new Date().toISOString();
    this.behind.get(order.id)!.guarded = true;
    this.tells('updated', order.id);
  }

  /** A person said that orders of this registration may be overwritten, whatever staff did to them. */
  mayOverwrite(reference: string): void {
    for (const { id } of this.active(reference)) this.behind.get(id)!.guarded = false;
  }

  // --- what we send ---

  /** The client of an attempt: before and after each request something else can happen. */
  http({ place }: Stopping): HttpClient {
    return {
      send: async (request: HttpRequest, ask: Ask): Promise<Answer> => {
        const context: FailureContext = {
          connection: 'model',
          system: 'yoplanning',
          access: request.access,
          method: request.method,
          path: request.path,
          ...(ask.record === undefined ? {} : { record: ask.record }),
        };
        const isWrite = request.access === 'create' || request.access === 'update';
        // What changes an order is sent on the heels of its read: nothing happens between the two (docs/how-it-works.md).
        if (request.access !== 'update')
          await place(() => new NoAnswer(context, 'none', 'ECONNREFUSED'), { sends: request.access === 'create' });
        this.requests.push(`${request.method} ${request.path}`);
        const mishap = isWrite ? this.mishaps.shift() : undefined;
        const sent = mishap === 'failsBefore' ? { status: 500, body: null } : this.answerTo(request, mishap);
        await place(() => new NoAnswer(context, effectOf({ context }), 'UND_ERR_SOCKET'));
        if (mishap === 'resetAfter') throw new NoAnswer(context, effectOf({ context }), 'ECONNRESET');
        const status = mishap === 'failsAfter' ? 500 : sent.status;
        const body = mishap === 'unreadable' ? { id: 7 } : sent.body;
        const incoming = { status, headers: {}, text: JSON.stringify(body), sentAtMs: 0, answeredAtMs: 0 };
        const refusing = { withoutSecrets: (text: string) => text, maxRetryAfterMs: 1_000 };
        const failure = failureOf(incoming, context, refusing);
        if (failure !== null) throw failure;
        return {
          status,
          headers: {},
          body,
          requestId: String(this.requests.length),
          sentAtMs: 0,
          answeredAtMs: 0,
          context,
        };
      },
      reserve: (n) => Promise.resolve(Array.from({ length: n }, () => undefined as unknown as Permit)),
      release: () => undefined,
      close: () => Promise.resolve(),
    };
  }

  private answerTo({ method, path, query = {}, body }: HttpRequest, mishap: Mishap | undefined): Sent {
    const [, resource, id] = /\/(orders|order-validation)(?:\/([^/]+))?$/.exec(path) ?? [];
    if (resource === 'order-validation')
      return { status: 200, body: this.refusalOf(body as ModelOrder) ?? { success: true } };
    if (resource !== 'orders') throw new TypeError(`the model has no ${path}`);
    if (mishap === 'refused') return { status: 400, body: { items: [{ price: { amount: ['not so'] } }] } };
    if (id === undefined) return method === 'POST' ? this.place(body as ModelOrder) : this.list(query);
    const order = this.orders.get(id);
    if (order === undefined) return { status: 404, body: { detail: 'Not found.' } };
    if (method === 'GET') return { status: 200, body: structuredClone(order) };
    if (this.behind.get(id)!.guarded) throw new Violation('what staff changed is overwritten, and nobody said so');
    if (method === 'PUT') return this.put(order, body as ModelOrder);
    this.remove(id);
    return { status: 204, body: null };
  }

  private place(draft: ModelOrder): Sent {
    const refusal = this.refusalOf(draft);
    if (refusal !== null) {
      if (this.manners.tooLate === 'told') return { status: 200, body: refusal };
      return { status: 400, body: { items: draft.items.map(() => ({ session_group: ['full'] })) } };
    }
    const twins = this.active(draft.external_reference!).filter(({ id }) => this.behind.get(id)!.ours);
    if (twins.length > 0) throw new Violation('a second order for one registration');
    const order = this.add(
      draft.external_reference,
      draft.items.map((item) => this.itemOf(item)),
    );
    order.payments = draft.payments.map(({ amount }) => ({ id: randomUUID(), amount }));
    this.behind.set(order.id, { ours: true, guarded: false });
    this.tells('created', order.id);
    return this.manners.silent ? { status: 201, body: null } : { status: 201, body: structuredClone(order) };
  }

  private put(order: ModelOrder, sent: ModelOrder): Sent {
    const before = { ...order };
    if (before.status === 'active') this.free(order);
    const wanted = sent.items.map((item) => this.itemOf(item));
    if (sent.status === 'active' && this.refusalOf({ ...sent, items: wanted }) !== null) {
      this.take(order.items);
      return { status: 400, body: { items: wanted.map(() => ({ session_group: ['full'] })) } };
    }
    Object.assign(order, { status: sent.status, items: wanted, last_modified: new Date().toISOString() });
    order.payments = sent.payments.map((one) => ({ id: one.id ?? randomUUID(), amount: one.amount }));
    if (order.status === 'active') this.take(order.items);
    this.tells('updated', order.id);
    return this.manners.silent ? { status: 204, body: null } : { status: 200, body: structuredClone(order) };
  }

  private list(query: NonNullable<HttpRequest['query']>): Sent {
    const { filters, ordering } = this.manners;
    const all = [...this.orders.values()].filter(
      (one) => !filters || one.external_reference === query['external_reference'],
    );
    if (ordering) all.sort((a, b) => (a.creation_date < b.creation_date ? 1 : -1));
    const [offset, limit] = [Number(query['offset']), Number(query['limit'])];
    const results = structuredClone(all.slice(offset, offset + limit));
    return { status: 200, body: { count: all.length, next: null, previous: null, results } };
  }

  /** What of these sessions there is no place for, in the form of a validation's answer. */
  private refusalOf({ items }: Pick<ModelOrder, 'items'>): object | null {
    const asked = new Map<string, number>();
    for (const { session_group: session } of items) asked.set(session, (asked.get(session) ?? 0) + 1);
    const full = [...asked].flatMap(([session, n]) => ((this.places.get(session) ?? 0) < n ? [session] : []));
    return full.length === 0 ? null : { success: false, unavailable_items: { group_ids: full } };
  }

  private itemOf(item: Omit<ModelItem, 'client'> & { client: unknown }): ModelItem {
    const { client } = item;
    const known = typeof client === 'string' ? client : (client as { id?: string }).id;
    return {
      id: item.id ?? randomUUID(),
      session_group: item.session_group,
      price: { ...item.price },
      client: known ?? this.makeClient(client),
    };
  }

  private makeClient(named: unknown): string {
    const id = randomUUID();
    this.clients.set(id, (named as { first_name: string }).first_name);
    return id;
  }

  private add(reference: string | null, items: ModelItem[]): ModelOrder {
    const now = new Date().toISOString();
    const order: ModelOrder = {
      id: randomUUID(),
      external_reference: reference,
      status: 'active',
      creation_date: now,
      last_modified: now,
      items,
      payments: [],
    };
    this.take(items);
    this.orders.set(order.id, order);
    return order;
  }

  private take(items: readonly ModelItem[]): void {
    for (const { session_group: session } of items) this.places.set(session, (this.places.get(session) ?? 0) - 1);
  }

  private free({ items }: ModelOrder): void {
    for (const { session_group: session } of items) this.places.set(session, (this.places.get(session) ?? 0) + 1);
  }
}
