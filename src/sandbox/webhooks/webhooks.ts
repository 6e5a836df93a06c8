/**
 * The webhooks of one system: of each change, no matter who made it, the target is told once, after the answer of the write that caused
 * it, in the order of the changes. Each of these can be made to go wrong (options.ts).
 */
import type { JsonObject } from '../../systems/system.js';
import type { HeldBack, Outbox } from '../door.js';
import type { Change } from '../registry.js';
import { Draw, type Fate } from './draw.js';
import { DeliveryLine, type Delivery } from './line.js';
import {
  keptVersions,
  type ResolvedWebhookFaults,
  type ResolvedWebhookTarget,
  type WebhookCounts,
  webhookFaultsSchemas,
} from './options.js';

/**
 * The body of an event; `null`: the system has no such event.
 *
 * @param earlier the record's document to send instead of the present one; `null`: the present one.
 */
export type Compose = (change: Change, earlier: JsonObject | null) => JsonObject | null;

type Faults = Partial<ResolvedWebhookFaults>;
type Numbers = { -readonly [K in keyof Omit<WebhookCounts, 'pending'>]: WebhookCounts[K] };

/** What is to be sent once the answer has left. */
interface Held {
  readonly delivery: Delivery;
  readonly delayMs: number;
}

export class Webhooks implements Outbox {
  #target: ResolvedWebhookTarget | null;
  #faults: ResolvedWebhookFaults;
  #draw: Draw;
  #numbers = noNumbers();
  readonly #line = new DeliveryLine();
  readonly #pending = new Set<Delivery>();
  #whenSettled: (() => void)[] = [];
  /** Of the request that is being answered. */
  #held: Held[] = [];
  #early: Promise<void>[] = [];
  /** Deliveries that wait to be reordered. */
  #gathered: Delivery[] = [];
  #gathering: NodeJS.Timeout | null = null;
  readonly #delays = new Set<NodeJS.Timeout>();
  /** Earlier documents by record id, the latest last. */
  readonly #versions = new Map<string, JsonObject[]>();

  constructor(
    options: { readonly webhooks: ResolvedWebhookTarget | null; readonly webhookFaults: Faults },
    private readonly compose: Compose,
  ) {
    this.#target = options.webhooks;
    this.#faults = complete(options.webhookFaults);
    this.#draw = new Draw(this.#faults);
  }

  setTarget(target: ResolvedWebhookTarget | null): void {
    this.#target = target;
    if (target === null) this.#versions.clear();
  }

  setFaults(faults: Faults): void {
    this.#flush();
    this.#faults = complete(faults);
    this.#draw = new Draw(this.#faults);
  }

  counts(): WebhookCounts {
    return { ...this.#numbers, pending: this.#pending.size };
  }

  resetCounts(): void {
    this.#numbers = noNumbers();
  }

  /** Resolves when nothing waits to be sent or answered. */
  settled(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenSettled.push(resolve));
  }

  /** Forgets everything that is not sent yet, and every earlier version. */
  discard(): void {
    for (const timer of this.#delays) clearTimeout(timer);
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    this.#delays.clear();
    this.#gathering = null;
    this.#gathered = [];
    this.#held = [];
    this.#line.clear();
    this.#versions.clear();
    this.#pending.clear();
    this.#tellSettled();
  }

  /** Cuts what is under way, too. */
  async stop(): Promise<void> {
    this.#target = null;
    this.discard();
    await this.#line.stop();
  }

  /** Called in the turn in which a change took effect. @param before see `OnChange`. */
  changed(change: Change, before?: () => JsonObject): void {
    const target = this.#target;
    if (target === null) return;
    if (before !== undefined) this.#remember(change.record, before());
    const present = this.compose(change, null);
    if (present === null) return;
    this.#numbers.emitted += 1;
    const fate = this.#draw.next();
    if (fate.drop) {
      this.#numbers.dropped += 1;
      return;
    }
    const body = JSON.stringify(fate.stale ? this.#stale(change, present) : present);
    this.#send(change, fate, () => this.#delivery(target, body));
  }

  take(): HeldBack | undefined {
    if (this.#held.length === 0 && this.#early.length === 0) return undefined;
    const held = this.#held;
    const early = this.#early;
    this.#held = [];
    this.#early = [];
    return {
      early: early.length === 0 ? null : Promise.all(early),
      release: () => {
        for (const { delivery, delayMs } of held) this.#delay(delivery, delayMs);
      },
    };
  }

  #send({ by }: Change, { early, duplicate, delayMs }: Fate, delivery: () => Delivery): void {
    let copies = 1;
    if (duplicate) {
      this.#numbers.duplicated += 1;
      copies += 1;
    }
    if (early && by === 'api') {
      this.#numbers.early += 1;
      this.#early.push(this.#line.deliver(delivery()));
      copies -= 1;
    }
    if (copies > 0 && delayMs > 0) this.#numbers.delayed += copies;
    for (let i = 0; i < copies; i += 1) {
      if (by === 'api') this.#held.push({ delivery: delivery(), delayMs });
      else this.#delay(delivery(), delayMs);
    }
  }

  #delivery(target: ResolvedWebhookTarget, body: string): Delivery {
    const numbers = this.#numbers;
    const delivery: Delivery = {
      target,
      body,
      done: ({ failure }) => {
        if (failure === null) numbers.delivered += 1;
        else {
          numbers.failed += 1;
          numbers.lastFailure = failure;
        }
        this.#pending.delete(delivery);
        this.#tellSettled();
      },
    };
    this.#pending.add(delivery);
    return delivery;
  }

  #delay(delivery: Delivery, delayMs: number): void {
    // Discarded while the answer was on its way.
    if (!this.#pending.has(delivery)) return;
    if (delayMs === 0) return this.#gather(delivery);
    const timer = setTimeout(() => {
      this.#delays.delete(timer);
      this.#gather(delivery);
    }, delayMs);
    this.#delays.add(timer);
  }

  #gather(delivery: Delivery): void {
    const { reorder } = this.#faults;
    if (reorder === null) return this.#line.push([delivery]);
    this.#gathered.push(delivery);
    if (this.#gathered.length >= reorder.window) this.#flush();
    else this.#gathering ??= setTimeout(() => this.#flush(), reorder.waitMs);
  }

  #flush(): void {
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    this.#gathering = null;
    const gathered = this.#gathered;
    this.#gathered = [];
    if (gathered.length === 0) return;
    const order = this.#draw.shuffled(gathered);
    this.#numbers.reordered += order.filter((delivery, index) => delivery !== gathered[index]).length;
    this.#line.push(order);
  }

  #remember(record: string, document: JsonObject): void {
    const versions = this.#versions.get(record) ?? [];
    versions.push(document);
    if (versions.length > keptVersions) versions.shift();
    this.#versions.set(record, versions);
  }

  /** The body with an earlier version, the oldest there is if there are fewer. */
  #stale(change: Change, present: JsonObject): JsonObject {
    const versions = this.#versions.get(change.record) ?? [];
    const earlier = versions.at(-this.#faults.staleVersions) ?? versions[0];
    if (earlier === undefined || change.event === 'created') return present;
    this.#numbers.stale += 1;
    return this.compose(change, earlier) ?? present;
  }

  #tellSettled(): void {
    if (this.#pending.size > 0) return;
    const waiting = this.#whenSettled;
    this.#whenSettled = [];
    for (const resolve of waiting) resolve();
  }
}

/** With what only the other system can have wrong. */
function complete(faults: Faults): ResolvedWebhookFaults {
  return { ...webhookFaultsSchemas.yapla.parse({}), ...faults };
}

function noNumbers(): Numbers {
  return {
    emitted: 0,
    delivered: 0,
    failed: 0,
    dropped: 0,
    duplicated: 0,
    early: 0,
    stale: 0,
    delayed: 0,
    reordered: 0,
    lastFailure: null,
  };
}
