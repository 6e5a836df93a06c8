/**
 * What is decided about a registration, driven as the workflow drives it over a world in which Yapla, staff and persons who answer do as they
 * like, places run out, and the answer to an order can be lost.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type AgreedBooking,
  type BookingAnswer,
  type BookingDecision,
  type BookingQuestion,
  bookingQuestionStands,
  type BookingView,
  nextBookingStep,
  wantsNone,
} from '../../../src/core/events/bookings.js';
import { bookingKinds } from '../../../src/cases/bookings.js';
import { checkProperty } from '../../helpers/property.js';

interface WorldOrder {
  active: boolean;
  /** What is booked, as the hash that stands for it: `<wants>` as we ordered it, `staff <n>` as staff left it. */
  booking: string;
  paid: boolean;
  /** We sent it. */
  ours: boolean;
}

interface OpenCase {
  readonly saw: string | null;
  answer?: BookingAnswer;
}

/** One registration, its order and what is stored about them. */
class World {
  status: 'validated' | 'waitingForPayment' | 'cancelled' = 'validated';
  wants = 'w0';
  paid = false;
  places = 1;
  orders: WorldOrder[] = [];
  /** The order that the link knows. */
  linked: WorldOrder | null = null;
  base: AgreedBooking | null = null;
  /** An order was sent, and nobody knows what became of it: what it was sent for. */
  intent: string | null = null;
  cases = new Map<BookingQuestion, OpenCase>();
  waits: 'now' | 'later' | null = null;
  loseNextAnswer = false;
  kept = new Set<string>();
  /** What was booked once: its client is known since. */
  private readonly known = new Set<string>();
  edits = 0;

  constructor(readonly rules: BookingView['rules']) {}

  /** Of `w1` a participant is nobody there before it is booked, and the rule is to ask. */
  get makesClients(): boolean {
    return this.wants === 'w1' && !this.known.has(this.wants);
  }

  get view(): BookingView {
    const entries = [...this.cases];
    return {
      state: 'linked',
      mergedInto: null,
      version: 1,
      openCases: entries.length,
      registration: {
        status: this.status,
        shown: `${this.status} ${this.wants} ${this.paid}`,
        wants: this.wants,
        hindrance: null,
        makesClients: this.makesClients,
        isPaid: this.paid,
        isOver: false,
        isReopened: false,
      },
      order:
        this.linked === null
          ? null
          : { booking: this.linked.booking, isCancelled: !this.linked.active, isPaid: this.linked.paid },
      base: this.base,
      rules: this.rules,
      awaiting: this.intent !== null,
      asked: entries.map(([question]) => question),
      answers: Object.fromEntries(
        entries.flatMap(([question, { answer }]) => (answer === undefined ? [] : [[question, answer]])),
      ),
      refused: this.cases.get('orderRefused')?.saw ?? null,
      full: this.cases.get('noPlace')?.saw ?? null,
      waits: this.waits,
    };
  }

  /** As the workflow: until the link rests. @returns how many decisions were carried out */
  settle(): number {
    for (let steps = 0; ; steps++) {
      expect(steps).toBeLessThan(12);
      for (const question of [...this.cases.keys()])
        if (!bookingQuestionStands(question, this.view)) this.cases.delete(question);
      const step = nextBookingStep(this.view);
      if (step.do === 'rest') return steps;
      this.carryOut(step.decision);
    }
  }

  private carryOut(decision: BookingDecision): void {
    switch (decision.kind) {
      case 'ask':
        expect(this.cases.has(decision.question)).toBe(false);
        this.cases.set(decision.question, { saw: this.wants });
        return;
      case 'wait':
        this.waits = 'later';
        break;
      case 'agree':
        this.base = this.asTheyAre();
        this.kept.add(this.key);
        break;
      case 'bookAgain':
        this.base = { ...this.asTheyAre(), wants: wantsNone, isCancelled: true };
        break;
      case 'find':
        this.find();
        return;
      case 'forget':
        // Here a search is always certain.
        throw new Error('nobody was asked about a search');
      case 'book':
        this.book();
        if (this.intent !== null) return;
        break;
      case 'change':
        // A person said to change it, or to make the client.
        if (this.makesClients) expect(decision.answers).not.toBeNull();
        this.linked!.booking = this.wants;
        this.agreeOn(this.linked!, this.wants);
        break;
      case 'pay':
        this.linked!.paid = true;
        this.agreeOn(this.linked!, this.wants);
        break;
      case 'cancel':
        this.linked!.active = false;
        this.places += 1;
        this.agreeOn(this.linked!, wantsNone);
        break;
      case 'reopen':
        break;
    }
    if ('answers' in decision && decision.answers !== null) this.cases.delete(decision.answers);
  }

  private find(): boolean {
    const found = this.orders.find((one) => one.active && one.ours && one !== this.linked);
    const sent = this.intent!;
    this.intent = null;
    if (found === undefined) return false;
    this.linked = found;
    this.agreeOn(found, sent);
    return true;
  }

  private book(): void {
    if (this.intent !== null && this.find()) return;
    if (this.places === 0) {
      if (this.waits === null) this.cases.set('noPlace', { saw: this.wants });
      else this.waits = 'later';
      return;
    }
    if (this.makesClients) expect(this.cases.get('newClient')?.answer).toBe('carryOut');
    // Whatever happens from here on, there must be no second one.
    expect(this.orders.filter(({ active, ours }) => active && ours)).toEqual([]);
    this.places -= 1;
    const order = { active: true, booking: this.wants, paid: this.paid, ours: true };
    this.orders.push(order);
    if (this.loseNextAnswer) {
      this.loseNextAnswer = false;
      this.intent = this.wants;
      return;
    }
    this.linked = order;
    this.waits = null;
    this.agreeOn(order, this.wants);
  }

  private agreeOn({ booking, active, paid }: WorldOrder, wants: string): void {
    this.known.add(wants);
    this.base = { wants, booking, isCancelled: !active, isPaid: paid || this.paid };
  }

  private asTheyAre(): AgreedBooking {
    return {
      wants: this.status === 'cancelled' ? wantsNone : this.wants,
      booking: this.linked?.booking ?? null,
      isCancelled: this.linked !== null && !this.linked.active,
      isPaid: this.paid,
    };
  }

  /** Names all that a person could have wanted to be left as it is. */
  get key(): string {
    const { linked } = this;
    const isCancelled = this.status === 'cancelled';
    // Of a cancelled one it is all the same what was wanted.
    return JSON.stringify([isCancelled, isCancelled ? null : this.wants, linked?.booking, linked?.active]);
  }

  act(deed: Deed): void {
    const { linked } = this;
    switch (deed.do) {
      case 'status':
        this.status = deed.status;
        return;
      case 'participants':
        this.wants = `w${deed.n}`;
        return;
      case 'paid':
        this.paid = true;
        if (this.status === 'waitingForPayment') this.status = 'validated';
        return;
      case 'staffEdits':
        if (linked?.active) linked.booking = `staff ${(this.edits += 1)}`;
        return;
      case 'staffCancels':
        if (linked?.active) {
          linked.active = false;
          this.places += 1;
        }
        return;
      case 'staffPutsBack':
        if (linked?.active && this.base?.booking) linked.booking = this.base.booking;
        return;
      case 'places':
        this.places = deed.n;
        if (this.waits === 'later' && deed.n > 0) this.waits = 'now';
        return;
      case 'loseAnswer':
        this.loseNextAnswer = true;
        return;
      case 'answer':
        for (const [question, one] of this.cases) {
          const possible = bookingKinds[question].answers.booking;
          one.answer = possible[deed.n % possible.length]!;
        }
        return;
    }
  }
}

type Deed =
  | { readonly do: 'status'; readonly status: World['status'] }
  | { readonly do: 'participants' | 'places' | 'answer'; readonly n: number }
  | { readonly do: 'paid' | 'staffEdits' | 'staffCancels' | 'staffPutsBack' | 'loseAnswer' };

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  fc
    .constantFrom<World['status']>('validated', 'waitingForPayment', 'cancelled')
    .map((status) => ({ do: 'status' as const, status })),
  fc.record({ do: fc.constantFrom('participants', 'places', 'answer'), n: fc.nat(2) }),
  fc.record({ do: fc.constantFrom('paid', 'staffEdits', 'staffCancels', 'staffPutsBack', 'loseAnswer') }),
);

const rules: fc.Arbitrary<BookingView['rules']> = fc
  .record({
    booksUnpaid: fc.boolean(),
    canChange: fc.boolean(),
    canCancelBy: fc.constantFrom<('delete' | 'put' | null)[]>('delete', 'put', null),
    change: fc.constantFrom('ask', 'put'),
    pay: fc.constantFrom('ask', 'put'),
    cancel: fc.constantFrom('ask', 'delete', 'put'),
  })
  // As the configuration allows them.
  .map((one) => ({
    ...one,
    change: one.canChange ? one.change : 'ask',
    pay: one.canChange ? one.pay : 'ask',
    cancel: one.canCancelBy === null || one.cancel === 'ask' ? 'ask' : one.canCancelBy,
  }));

const lives = fc.tuple(rules, fc.array(deeds, { maxLength: 14 }));

function lived(
  [given, history]: [BookingView['rules'], readonly Deed[]],
  each: (world: World) => void = () => undefined,
): World {
  const world = new World(given);
  world.settle();
  each(world);
  for (const deed of history) {
    world.act(deed);
    world.settle();
    each(world);
  }
  return world;
}

describe('whatever Yapla, staff and persons do', () => {
  test('a registration has at most one order of ours, and looking again does nothing', async () => {
    await checkProperty(
      fc.property(lives, (life) => {
        lived(life, (world) => {
          expect(world.orders.filter(({ active, ours }) => active && ours).length).toBeLessThanOrEqual(1);
          expect(world.settle()).toBe(0);
        });
      }),
      { numRuns: 800 },
    );
  });

  test('a cancelled registration has no order, or a question stands about it, or a person said to keep it', async () => {
    await checkProperty(
      fc.property(lives, (life) => {
        lived(life, (world) => {
          if (world.status !== 'cancelled' || !world.linked?.active) return;
          expect(world.cases.has('toCancel') || world.kept.has(world.key)).toBe(true);
        });
      }),
      { numRuns: 800 },
    );
  });

  test('a registration that stands has its order as it was left, or a question, or waits, or a person said to leave it', async () => {
    await checkProperty(
      fc.property(lives, (life) => {
        lived(life, (world) => {
          if (world.status !== 'validated' || world.cases.size > 0 || world.waits !== null || world.kept.has(world.key))
            return;
          expect(world.linked).toMatchObject({ active: true, booking: world.base!.booking });
          expect(world.base).toMatchObject({ wants: world.wants, isCancelled: false });
        });
      }),
      { numRuns: 800 },
    );
  });

  test('what staff changed is not overwritten unless a person says so', async () => {
    await checkProperty(
      fc.property(
        rules,
        fc.array(
          deeds.filter((one) => one.do !== 'answer'),
          { maxLength: 10 },
        ),
        (given, history) => {
          const world = lived([given, history]);
          const { linked } = world;
          if (linked === null || !linked.active) return;
          world.act({ do: 'staffEdits' });
          const theirs = linked.booking;
          for (const deed of [
            { do: 'participants', n: 9 },
            { do: 'paid' },
            { do: 'status', status: 'cancelled' },
          ] as const) {
            world.act(deed);
            world.settle();
            expect(linked).toMatchObject({ active: true, booking: theirs });
            expect(world.cases.size).toBe(1);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
