/**
 * Random histories of a club with events: registrations, edits on both sides, places that run out, webhooks that come late, twice, out of order
 * or, of Yapla, never, and work that is cut off between any two steps. At its end everything arrives, an export shows Yapla's registrations once more,
 * and what must hold is looked at.
 */
import fc from 'fast-check';
import type { BookingAnswer } from '../../../src/core/events/bookings.js';
import { answerCase } from '../../../src/cases/answers.js';
import { bookingKinds } from '../../../src/cases/bookings.js';
import { isQuestion } from '../../../src/link/bookings/state.js';
import type { Sql } from '../../../src/store/database.js';
import type { Crash } from '../engineModel/workflow.js';
import { checkClub } from './properties.js';
import { type Faulty, Registrations } from './workflow.js';
import { BookingWorld, type ClubSetting } from './world.js';
import type { Participant } from './yapla.js';
import type { Mishap } from './yoplanning.js';

export type Action =
  | { readonly do: 'register' | 'edit'; readonly of: number; readonly who: readonly Participant[] }
  | { readonly do: 'wait' | 'pay' | 'cancel' | 'comeBack' | 'staffCancel' | 'staffRemove'; readonly of: number }
  | { readonly do: 'staffReprice'; readonly of: number; readonly amount: number }
  | { readonly do: 'staffEnter'; readonly of: number }
  | { readonly do: 'places'; readonly n: number }
  | { readonly do: 'mishap'; readonly mishap: Mishap }
  | { readonly do: 'deliver'; readonly nth: number; readonly times: number }
  | { readonly do: 'lose' | 'answer'; readonly nth: number; readonly take: number }
  | { readonly do: 'forward'; readonly lost: boolean }
  | { readonly do: 'work'; readonly nth: number; readonly steps: number }
  | { readonly do: 'crash'; readonly nth: number; readonly how: Crash }
  | { readonly do: 'bring' | 'export' | 'settle' };

export interface ClubHistory {
  readonly setting: ClubSetting;
  readonly actions: readonly Action[];
}

const registrations = 3;
const of = fc.nat(registrations - 1);
const participant: fc.Arbitrary<Participant> = fc.oneof(
  { weight: 3, arbitrary: fc.nat(3).map((member) => ({ member })) },
  { weight: 1, arbitrary: fc.constantFrom('Odile', 'Pierre').map((guest) => ({ guest })) },
);
const who = fc.uniqueArray(participant, { minLength: 1, maxLength: 3, selector: (one) => JSON.stringify(one) });
const nth = fc.nat(5);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('register', 'edit'), of, who }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('wait', 'pay', 'cancel', 'cancel', 'comeBack', 'staffCancel', 'staffRemove', 'staffEnter'),
      of,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('staffReprice'), of, amount: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('places'), n: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('mishap'),
      mishap: fc.constantFrom<Mishap>('failsBefore', 'failsAfter', 'resetAfter', 'unreadable', 'refused'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('deliver'), nth, times: fc.integer({ min: 1, max: 2 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('lose', 'answer', 'answer'), nth, take: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('forward'), lost: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('work'), nth, steps: fc.integer({ min: 1, max: 12 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('crash'), nth, how: fc.constantFrom<Crash>('kill', 'fail', 'lapse') }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('bring', 'bring', 'bring', 'export', 'settle') }) },
);

const setting: fc.Arbitrary<ClubSetting> = fc
  .record({
    manners: fc.record({
      filters: fc.boolean(),
      ordering: fc.boolean(),
      tooLate: fc.constantFrom('refused', 'told'),
      silent: fc.boolean(),
    }),
    tellsTimes: fc.boolean(),
    places: fc.integer({ min: 0, max: 4 }),
    changeBy: fc.constantFrom('put', null),
    cancelBy: fc.constantFrom('put', 'delete', null),
    booksUnpaid: fc.boolean(),
    acts: fc.record({ change: fc.boolean(), pay: fc.boolean(), cancel: fc.boolean() }),
  })
  .map(({ booksUnpaid, acts, ...rest }) => ({
    ...rest,
    events: {
      booksUnpaid,
      change: acts.change && rest.changeBy !== null ? ('put' as const) : ('ask' as const),
      pay: acts.pay && rest.changeBy !== null ? ('put' as const) : ('ask' as const),
      cancel: acts.cancel && rest.cancelBy !== null ? rest.cancelBy : ('ask' as const),
    },
  }));

export const clubHistories: fc.Arbitrary<ClubHistory> = fc.record({
  setting,
  actions: fc.array(action, { minLength: 4, maxLength: 30 }),
});

class ClubRun {
  private readonly workflows: Registrations;

  constructor(
    readonly world: BookingWorld,
    faulty: Faulty,
  ) {
    this.workflows = new Registrations(world, faulty);
  }

  async act(action: Action): Promise<void> {
    const { world, workflows } = this;
    const { yapla, yoplanning, underWay } = world;
    switch (action.do) {
      case 'register':
        if (!yapla.registrations.has(idOf(action.of))) yapla.register(idOf(action.of), action.who);
        return;
      case 'edit':
        return yapla.change(idOf(action.of), { participants: action.who });
      case 'wait':
        return yapla.change(idOf(action.of), { status: 'waiting for payment', paid: false });
      case 'pay':
        return yapla.change(idOf(action.of), { status: 'validated', paid: true });
      case 'cancel':
        return yapla.change(idOf(action.of), { status: 'cancelled' });
      case 'comeBack':
        return yapla.change(idOf(action.of), { status: 'validated' });
      case 'staffCancel':
        return this.atOrders(action.of, (id) => yoplanning.cancel(id));
      case 'staffRemove':
        return this.atOrders(action.of, (id) => yoplanning.remove(id));
      case 'staffReprice':
        return this.atOrders(action.of, (id) => yoplanning.reprice(id, `${action.amount}.50`));
      case 'staffEnter':
        return void yoplanning.enter(idOf(action.of), world.session, 'c0');
      case 'places':
        return void yoplanning.places.set(world.session, action.n);
      case 'mishap':
        return void yoplanning.mishaps.push(action.mishap);
      case 'deliver':
        return await this.deliver(action.nth, action.times);
      case 'lose': {
        // Of orders nobody tells a second time.
        const lost = underWay.findIndex(({ system }) => system === 'yapla');
        if (lost >= 0) underWay.splice(lost, 1);
        return;
      }
      case 'answer':
        return await this.answer(action.nth, action.take);
      case 'forward':
        return await workflows.forward({ lost: action.lost });
      case 'work': {
        const working = workflows.working();
        const workflow = working[action.nth % working.length];
        for (let step = 0; step < action.steps && workflow?.canWork; step++) await workflows.step(workflow);
        return;
      }
      case 'crash': {
        const working = workflows.working();
        return await working[action.nth % working.length]?.crash(action.how);
      }
      case 'bring':
        while (underWay.length > 0) await this.deliver(0, 1);
        await workflows.forward();
        return await this.act({ do: 'work', nth: 0, steps: 12 });
      case 'export':
        return await this.export();
      case 'settle':
        return await workflows.settle();
    }
  }

  private atOrders(nth: number, act: (id: string) => void): void {
    for (const { id } of this.world.yoplanning.active(idOf(nth))) act(id);
  }

  private async deliver(nth: number, times: number): Promise<void> {
    const { underWay } = this.world;
    if (underWay.length === 0) return;
    const [delivery] = underWay.splice(nth % underWay.length, 1);
    for (let time = 0; time < times; time++) await this.world.receive(delivery!);
  }

  private async answer(nth: number, take: number): Promise<void> {
    const { world } = this;
    const open = (await world.cases()).filter(({ kind, answeredBy }) => isQuestion(kind) && answeredBy === null);
    const question = open[nth % open.length];
    if (question === undefined || !isQuestion(question.kind)) return;
    const takes: readonly BookingAnswer[] = bookingKinds[question.kind].answers.booking;
    const answer = takes[take % takes.length]!;
    await answerCase(world.sql, question.id, { take: answer }, 'tester');
    const registration = question.linkId!.replace('yapla:', '');
    if (answer === 'keep') world.kept.add(registration);
    if (answer === 'carryOut') world.yoplanning.mayOverwrite(registration);
    this.workflows.of(question.linkId!).answered();
  }

  /** The export of registrations shows what no webhook may have. */
  private async export(): Promise<void> {
    const { yapla } = this.world;
    for (const one of yapla.registrations.values())
      await this.world.receive({ system: 'yapla', event: 'updated', id: one.id, body: yapla.bodyOf(one) });
  }

  async end(): Promise<void> {
    this.world.yoplanning.mishaps.splice(0);
    await this.workflows.settle();
    await this.export();
    await this.workflows.settle();
    await checkClub(this.world);
    const before = this.world.yoplanning.writes.length;
    await this.export();
    await this.workflows.settle();
    await checkClub(this.world, before);
  }
}

const idOf = (nth: number) => `r${nth}`;

/**
 * Runs a history to its end.
 *
 * @throws {Violation} where something does not hold
 */
export async function runClubHistory(
  sql: Sql,
  { setting: given, actions }: ClubHistory,
  faulty: Faulty = {},
): Promise<void> {
  const world = await BookingWorld.begin(sql, given);
  try {
    const run = new ClubRun(world, faulty);
    for (const one of actions) await run.act(one);
    await run.end();
  } finally {
    await world.end();
  }
}
