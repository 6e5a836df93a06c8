/** The events of one Yapla account, who registered for them, and the donations that it got. Changes are told as those of members are. */
import type { z } from 'zod';
import type { JsonObject } from '../../../systems/system.js';
import type { Change } from '../../registry.js';
import { donationDocument, registrationDocument, type ShownAs } from './documents.js';
import type {
  donationEditSchema,
  newDonationSchema,
  newEventSchema,
  newRegistrationSchema,
  Participant,
  registrationEditSchema,
} from './schema.js';

export type Status = 'validated' | 'waitingForPayment' | 'cancelled';

export interface Activity {
  readonly id: string;
  readonly title: string;
}

export interface SandboxEvent extends Omit<z.output<typeof newEventSchema>, 'activities'> {
  readonly id: string;
  readonly activities: readonly Activity[];
}

export interface SandboxRegistration {
  readonly id: string;
  readonly event: SandboxEvent;
  readonly activity: Activity | null;
  readonly rate: string | null;
  readonly participants: readonly Participant[];
  readonly status: Status;
  readonly paidAtMs: number | null;
  readonly updatedAtMs: number;
}

export interface SandboxDonation {
  readonly id: string;
  readonly donor: Participant;
  /** In cents. */
  readonly amount: number;
  readonly campaign: string;
  readonly status: Status;
  readonly madeAtMs: number;
  readonly updatedAtMs: number;
}

export type EventsKind = 'registration' | 'donation';

/** Called after each change, in the same turn. @param before the document before an update */
export type OnEventsChange = (kind: EventsKind, change: Change, before?: () => JsonObject) => void;

/** What was asked for does not exist: a mistake of the caller. */
export class NoSuchThing extends Error {
  override readonly name = 'NoSuchThing';
}

export class EventsAccount {
  readonly #events = new Map<string, SandboxEvent>();
  readonly #registrations = new Map<string, SandboxRegistration>();
  readonly #donations = new Map<string, SandboxDonation>();
  /** One counter for all: ids of an account repeat nowhere. */
  #lastId = 5_000;

  constructor(
    private readonly shownAs: ShownAs,
    private readonly onChange: OnEventsChange,
    private readonly now: () => number = Date.now,
  ) {}

  events(): readonly SandboxEvent[] {
    return [...this.#events.values()];
  }

  registrations(): readonly SandboxRegistration[] {
    return [...this.#registrations.values()];
  }

  donations(): readonly SandboxDonation[] {
    return [...this.#donations.values()];
  }

  /** The document as webhooks show it now. @throws {NoSuchThing} */
  document(kind: EventsKind, id: string): JsonObject {
    return kind === 'registration'
      ? registrationDocument(found(this.#registrations, kind, id), this.shownAs)
      : donationDocument(found(this.#donations, kind, id), this.shownAs);
  }

  /** @returns the new id */
  addEvent({ activities, ...event }: z.output<typeof newEventSchema>): string {
    const id = this.#nextId();
    const titled = activities.map((title) => ({ id: this.#nextId(), title }));
    this.#events.set(id, { ...event, id, activities: titled });
    return id;
  }

  /** @returns the new id @throws {NoSuchThing} */
  register(given: z.output<typeof newRegistrationSchema>): string {
    const event = found(this.#events, 'event', given.event);
    const id = this.#nextId();
    const isFree = (event.rates.find(({ name }) => name === given.rate)?.amount ?? 0) === 0;
    const status = given.status ?? (isFree ? 'validated' : 'waitingForPayment');
    const nowMs = this.now();
    this.#registrations.set(id, {
      id,
      event,
      activity: activityOf(event, given.activity),
      rate: rateOf(event, given.rate),
      participants: given.participants,
      status,
      paidAtMs: status === 'validated' && !isFree ? nowMs : null,
      updatedAtMs: nowMs,
    });
    this.onChange('registration', { system: 'yapla', record: id, event: 'created', by: 'desk' });
    return id;
  }

  /** @throws {NoSuchThing} */
  pay(id: string): void {
    this.#changeRegistration(id, () => ({ status: 'validated', paidAtMs: this.now() }));
  }

  /** @throws {NoSuchThing} */
  cancel(id: string): void {
    this.#changeRegistration(id, () => ({ status: 'cancelled' }), 'deleted');
  }

  /** @throws {NoSuchThing} */
  editRegistration(id: string, { activity, rate, participants }: z.output<typeof registrationEditSchema>): void {
    this.#changeRegistration(id, ({ event }) => ({
      ...(activity === undefined ? {} : { activity: activityOf(event, activity) }),
      ...(rate === undefined ? {} : { rate: rateOf(event, rate) }),
      ...(participants === undefined ? {} : { participants }),
    }));
  }

  /** @returns the new id */
  donate(given: z.output<typeof newDonationSchema>): string {
    const id = this.#nextId();
    const nowMs = this.now();
    this.#donations.set(id, { ...given, id, madeAtMs: nowMs, updatedAtMs: nowMs });
    this.onChange('donation', { system: 'yapla', record: id, event: 'created', by: 'desk' });
    return id;
  }

  /** @throws {NoSuchThing} */
  editDonation(id: string, { amount, status }: z.output<typeof donationEditSchema>): void {
    const before = found(this.#donations, 'donation', id);
    this.#donations.set(id, {
      ...before,
      amount: amount ?? before.amount,
      status: status ?? before.status,
      updatedAtMs: this.#later(before),
    });
    this.onChange('donation', { system: 'yapla', record: id, event: 'updated', by: 'desk' }, () =>
      donationDocument(before, this.shownAs),
    );
  }

  clear(): void {
    this.#events.clear();
    this.#registrations.clear();
    this.#donations.clear();
    this.#lastId = 5_000;
  }

  #changeRegistration(
    id: string,
    change: (before: SandboxRegistration) => Partial<SandboxRegistration>,
    event: 'updated' | 'deleted' = 'updated',
  ): void {
    const before = found(this.#registrations, 'registration', id);
    this.#registrations.set(id, { ...before, ...change(before), updatedAtMs: this.#later(before) });
    this.onChange('registration', { system: 'yapla', record: id, event, by: 'desk' }, () =>
      registrationDocument(before, this.shownAs),
    );
  }

  /** Times are shown by the second, and two changes within one are two versions all the same. */
  #later({ updatedAtMs }: { readonly updatedAtMs: number }): number {
    return Math.max(this.now(), updatedAtMs + 1_000);
  }

  #nextId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }
}

function found<T>(things: ReadonlyMap<string, T>, what: string, id: string): T {
  const thing = things.get(id);
  if (thing === undefined) throw new NoSuchThing(`yapla has no ${what} ${id}`);
  return thing;
}

function activityOf({ id, activities }: SandboxEvent, title: string | null): Activity | null {
  if (title === null) return null;
  const activity = activities.find((one) => one.title === title);
  if (activity === undefined) throw new NoSuchThing(`event ${id} has no such activity`);
  return activity;
}

function rateOf({ id, rates }: SandboxEvent, name: string | null): string | null {
  if (name === null) return null;
  if (!rates.some((one) => one.name === name)) throw new NoSuchThing(`event ${id} has no such rate`);
  return name;
}
