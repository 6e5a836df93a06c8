/** Random histories of single registrations, for a club on the real servers. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { BookingAnswer } from '../../../src/core/events/bookings.js';
import { answerCase } from '../../../src/cases/answers.js';
import { bookingKinds } from '../../../src/cases/bookings.js';
import { isQuestion } from '../../../src/link/bookings/state.js';
import { SandboxControlError } from '../../../src/sandbox/control.js';
import { CaseClosed } from '../../../src/store/cases.js';
import { lookAtLinks } from '../../../src/store/inbox.js';
import type { Entered, EventsClub, Occasion } from '../eventsClub.js';

/** A member by position, or somebody who is none. */
type Who = { readonly member: number } | { readonly guest: string };

export type RegistrationDeed =
  | { readonly do: 'edit'; readonly who: readonly Who[] }
  | { readonly do: 'rate'; readonly rate: string }
  | { readonly do: 'pay' | 'cancel' | 'staffCancel' | 'staffRemove' | 'staffPay' | 'staffEnter' }
  | { readonly do: 'staffReprice'; readonly price: string }
  /** So many are left of the event that has few, whoever it is about. */
  | { readonly do: 'places'; readonly left: number }
  /** A person answers the open question about it, if there is one. */
  | { readonly do: 'answer'; readonly take: number };

export interface RegistrationLife {
  /** Position of the event that it is for. */
  readonly occasion: number;
  readonly rate: string;
  readonly who: readonly Who[];
  readonly deeds: readonly (RegistrationDeed & { readonly afterMs: number })[];
}

/** Members that a club of lives has. */
export const livingMembers = 12;
/** Places of each of its events. */
export const livingPlaces = [4, 40, 400] as const;

const who = fc.uniqueArray(
  fc.oneof(
    { weight: 4, arbitrary: fc.nat(livingMembers - 1).map((member) => ({ member })) },
    { weight: 1, arbitrary: fc.constantFrom('Odile', 'Pierre').map((guest) => ({ guest })) },
  ),
  { minLength: 1, maxLength: 3, selector: (one) => JSON.stringify(one) },
);
const rate = fc.constantFrom('Membre', 'Gratuit');

const deed: fc.Arbitrary<RegistrationDeed> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('edit'), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rate'), rate }) },
  // Whoever cancelled may pay, and is registered again.
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('pay', 'pay', 'cancel') }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('staffCancel', 'staffRemove', 'staffPay', 'staffEnter') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('staffReprice'), price: fc.constantFrom('5.00', '7.50') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('places'), left: fc.nat(4) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('answer'), take: fc.nat(2) }) },
);

export const registrationLives: fc.Arbitrary<RegistrationLife> = fc.record({
  occasion: fc.nat(livingPlaces.length - 1),
  rate,
  who,
  deeds: fc.array(
    // Within one gathering, within the work on the deed before, and after it: what happens at once is what is hard.
    fc.tuple(deed, fc.constantFrom(0, 0, 15, 60, 250, 900)).map(([done, afterMs]) => ({ ...done, afterMs })),
    { minLength: 1, maxLength: 9 },
  ),
});

/** Lives one registration's life in the sandbox. */
export class LivingRegistration {
  #id = '';
  #changes = 0;
  #wasKept = false;

  /**
   * @param nth tells it from the others: nobody's guest is another's
   * @param people of the club's members, as Yapla shows them
   */
  constructor(
    private readonly club: EventsClub,
    private readonly occasions: readonly Occasion[],
    private readonly people: readonly Entered[],
    private readonly nth: number,
    private readonly life: RegistrationLife,
  ) {}

  /** Yapla's. */
  get id(): string {
    return this.#id;
  }

  /** What people did to it, or about it, in either system. */
  get changes(): number {
    return this.#changes;
  }

  /** A person once said to leave things as they are. */
  get wasKept(): boolean {
    return this.#wasKept;
  }

  async goOn(): Promise<void> {
    const { yaplaEvents } = this.club.house.sandbox.control;
    const { occasion, rate: name, who: people, deeds } = this.life;
    const { event } = this.occasions[occasion]!;
    this.#changes += 1;
    this.#id = await yaplaEvents.register({ event, rate: name, participants: this.enteredOf(people) });
    for (const { afterMs, ...done } of deeds) {
      await sleep(afterMs);
      await this.act(done);
    }
  }

  private async act(done: RegistrationDeed): Promise<void> {
    const { bookings, yaplaEvents } = this.club.house.sandbox.control;
    this.#changes += 1;
    switch (done.do) {
      case 'edit':
        return await yaplaEvents.edit(this.#id, { participants: this.enteredOf(done.who) });
      case 'rate':
        return await yaplaEvents.edit(this.#id, { rate: done.rate });
      case 'pay':
        return await yaplaEvents.pay(this.#id);
      case 'cancel':
        return await yaplaEvents.cancel(this.#id);
      case 'staffCancel':
        return await this.atOrders((id) => bookings.cancelOrder(id));
      case 'staffRemove':
        return await this.atOrders((id) => bookings.removeOrder(id));
      case 'staffPay':
        return await this.atOrders((id) => bookings.editOrder(id, { paid: '12.00' }));
      case 'staffReprice':
        return await this.atOrders((id) => bookings.editOrder(id, { price: done.price }));
      case 'staffEnter': {
        const { session } = this.occasions[this.life.occasion]!;
        const client = this.club.members[0]!.yoplanning;
        return void (await bookings.book({ items: [{ session }], client, externalReference: this.#id }));
      }
      case 'places':
        return await bookings.setPlaces(this.occasions[0]!.session, done.left);
      case 'answer':
        return await this.answer(done.take);
    }
  }

  /** At those of its orders that stand; we may take one away in the same moment. */
  private async atOrders(act: (id: string) => Promise<void>): Promise<void> {
    for (const { id } of await this.club.activeOrders(this.#id)) {
      try {
        await act(id);
      } catch (error) {
        if (!(error instanceof SandboxControlError) || error.status !== 404) throw error;
      }
    }
  }

  private async answer(take: number): Promise<void> {
    const { club } = this;
    const linkId = `yapla:${this.#id}`;
    const open = (await club.cases()).find(
      (one) => one.linkId === linkId && isQuestion(one.kind) && one.answeredBy === null,
    );
    if (open === undefined || !isQuestion(open.kind)) return;
    const takes: readonly BookingAnswer[] = bookingKinds[open.kind].answers.booking;
    const answer = takes[take % takes.length]!;
    try {
      await answerCase(club.house.sql, open.id, { take: answer }, 'tester');
    } catch (error) {
      // What happened meanwhile has answered it.
      if (error instanceof CaseClosed) return;
      throw error;
    }
    if (answer === 'keep') this.#wasKept = true;
    await lookAtLinks(club.house.sql, club.scope, [linkId]);
  }

  private enteredOf(people: readonly Who[]): Entered[] {
    return people.map((one) =>
      'member' in one ? this.people[one.member]! : { firstName: one.guest, lastName: `Invité ${wordOf(this.nth)}` },
    );
  }
}

/** A word of letters for each number. */
function wordOf(nth: number): string {
  return [...String(nth + 100)].map((digit) => `${'bcdfghjklm'.charAt(Number(digit))}o`).join('');
}
