/**
 * Random registrations of a club on the real servers: all lived at once, while webhooks go astray, answers are lost and, where it is asked for,
 * the worker dies. At their end an export shows Yapla's registrations once more, and what must hold is looked at.
 */
import fc from 'fast-check';
import type { SandboxConnectionOptions } from '../../../src/sandbox/connections.js';
import { Random } from '../../../src/sandbox/random.js';
import { EventsClub, type Occasion } from '../eventsClub.js';
import { MortalWorker } from '../mortalWorker.js';
import { startPasserelle } from '../passerelle.js';
import { complaintsOf } from './judge.js';
import { OrderLedger } from './ledger.js';
import { livingMembers, livingPlaces, LivingRegistration, registrationLives } from './lives.js';

/** What a connection does by itself. */
export const clubManners = {
  /** Nothing but to book: a person is asked about all else, and what she says is carried out. */
  asks: {
    bookings: { order: { changeBy: 'put', cancelBy: 'put' } },
    settings: { events: { booksUnpaid: false } },
  },
  /** All that it can. */
  acts: {
    bookings: { order: { changeBy: 'put', cancelBy: 'delete' } },
    settings: { events: { booksUnpaid: true, change: 'put', pay: 'put', cancel: 'delete' } },
  },
} as const satisfies Readonly<Record<string, SandboxConnectionOptions>>;

export interface LivingClub {
  readonly manners: keyof typeof clubManners;
  readonly lives: number;
  readonly seed: number;
  /** How often the worker dies of kill -9. */
  readonly deaths: number;
}

/** What came of the lives. */
export interface Lived {
  /** With the life that it is about: the smallest history that shows it. */
  readonly complaints: readonly unknown[];
  /** Registrations for which two orders of ours stood at once. */
  readonly twice: readonly string[];
  /** Requests other than reads and validations that the last look sent, at which nothing was new. */
  readonly writtenAtLast: number;
  readonly placed: number;
  /** Deeds of people, by which orders can come about. */
  readonly changes: number;
  readonly struck: number;
  readonly webhooks: { readonly dropped: number; readonly stale: number; readonly reordered: number };
  readonly openCases: readonly string[];
}

/** Of Yapla's webhooks of registrations; of orders nobody tells a second time, so none of theirs is lost. */
const webhookFaults = {
  duplicate: 0.2,
  early: 0.2,
  delayed: 0.3,
  delayMs: 50,
  delayJitterMs: 400,
  reorder: { window: 3, waitMs: 60 },
} as const;

export async function liveRegistrations({ manners, lives, seed, deaths }: LivingClub): Promise<Lived> {
  const ledger = new OrderLedger();
  let worker: MortalWorker | null = null;
  const club = await EventsClub.open(
    async (options) => {
      const house = await startPasserelle({ ...options, ...(deaths > 0 ? { worker: false } : {}) });
      if (deaths === 0) return house;
      worker = new MortalWorker(house);
      await worker.start();
      return house;
    },
    {
      options: {
        hooks: ledger.hooks,
        sandbox: {
          people: { seed: 11, yapla: 0, yoplanning: 0, shared: livingMembers, differing: 0, respelledShare: 0 },
          yapla: { events: { cancellation: manners === 'asks' ? 'updated' : 'cancelled' } },
        },
        connection: clubManners[manners],
      },
    },
  );
  try {
    return await new Lives(club, ledger, worker, { manners, lives, seed, deaths }).run();
  } finally {
    await (worker as MortalWorker | null)?.kill();
    await club.stop();
  }
}

class Lives {
  constructor(
    private readonly club: EventsClub,
    private readonly ledger: OrderLedger,
    private readonly worker: MortalWorker | null,
    private readonly asked: LivingClub,
  ) {}

  async run(): Promise<Lived> {
    const { club, ledger } = this;
    const { lives, seed, deaths } = this.asked;
    const { control } = club.house.sandbox;
    const occasions: Occasion[] = [];
    for (const [nth, places] of livingPlaces.entries())
      occasions.push(await club.addOccasion(`Sortie ${'ABC'.charAt(nth)}`, places));
    const people = await Promise.all(club.members.map((member) => club.asKnown(member)));
    const drawn = fc.sample(registrationLives, { seed, numRuns: lives });
    const living = drawn.map((life, nth) => new LivingRegistration(club, occasions, people, nth, life));
    await control.yaplaEvents.setWebhookFaults('registration', {
      ...webhookFaults,
      seed,
      drop: 0.1,
      stale: 0.15,
      staleVersions: 2,
    });
    await control.setWebhookFaults('yoplanning', { ...webhookFaults, seed: seed + 1 });
    await this.armFaults(seed);

    let isOver = false;
    const over = Promise.all(living.map((one) => one.goOn())).finally(() => (isOver = true));
    await this.worker?.dieAndRiseAgain({ deaths, seed, isOver: () => isOver });
    await over;
    await club.untilQuiet();
    const struck = (await control.faults()).reduce((sum, one) => sum + one.struck, 0);
    const { dropped, stale, reordered } = (await control.yaplaEvents.webhooks()).registration;

    await control.clearFaults();
    await control.yaplaEvents.setWebhookFaults('registration', {});
    await control.setWebhookFaults('yoplanning', {});
    await club.importExport(occasions);
    const before = await this.writes();
    await club.importExport(occasions);

    const kept = new Set(living.filter(({ wasKept }) => wasKept).map(({ id }) => id));
    const complaints = await complaintsOf(club, occasions, ledger, kept);
    return {
      complaints: [...complaints].map(([id, complaint]) => {
        const nth = living.findIndex((one) => one.id === id);
        return { seed, ...complaint, registration: id, life: nth, history: drawn[nth] ?? null };
      }),
      twice: ledger.twice,
      writtenAtLast: (await this.writes()) - before,
      placed: ledger.placed,
      changes: living.reduce((sum, one) => sum + one.changes, 0),
      struck,
      webhooks: { dropped, stale, reordered },
      openCases: await club.caseKinds(),
    };
  }

  /** Servers that fail before and after what was asked took effect, and answers that are lost. */
  private async armFaults(seed: number): Promise<void> {
    const { control } = this.club.house.sandbox;
    const random = new Random(seed);
    const faults = [
      ['check', { do: 'status', status: 503 }],
      ['check', { do: 'reset' }],
      ['create', { do: 'status', status: 500 }],
      ['create', { do: 'status', status: 502, effect: 'applied' }],
      ['create', { do: 'reset' }],
      ['create', { do: 'reset', effect: 'applied' }],
      ['write', { do: 'status', status: 500, effect: 'applied' }],
      ['write', { do: 'reset' }],
      ['delete', { do: 'reset', effect: 'applied' }],
      ['read', { do: 'status', status: 500 }],
    ] as const;
    for (const [kind, action] of faults)
      await control.addFault({
        system: 'yoplanning',
        resource: 'order',
        kind,
        probability: 0.08,
        seed: random.below(1_000_000),
        action,
      });
  }

  /** Of the API that change anything. */
  private async writes(): Promise<number> {
    const { created, updated, removed } = (await this.club.house.sandbox.control.counts()).yoplanning;
    return created + updated + removed;
  }
}
