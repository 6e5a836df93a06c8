/** A club with events: members who are linked, one session of one product, and one event of Yapla that goes there. */
import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import type { BookingAnswer } from '../../src/core/events/bookings.js';
import type { Scope } from '../../src/core/record.js';
import { answerCase } from '../../src/cases/answers.js';
import { openConnection } from '../../src/connection.js';
import { eventsOf } from '../../src/link/bookings/open.js';
import { approveBookings, type BookingPlan, planBookings } from '../../src/link/bookings/plan.js';
import { savePlace } from '../../src/store/bookings.js';
import { forwardAnswer, listOpenCases, type OpenCase } from '../../src/store/cases.js';
import { findPlan } from '../../src/store/plans.js';
import { sandboxWebhookUrl } from '../../src/sandbox/connections.js';
import type { PasserelleOptions, TestPasserelle } from './passerelle.js';
import { untilQuiet } from './live.js';

const hourMs = 3_600_000;

export type StartHouse = (options?: Omit<PasserelleOptions, 'worker'>) => Promise<TestPasserelle>;

export interface Member {
  readonly yapla: string;
  readonly yoplanning: string;
}

/** What an order of the sandbox shows, as far as tests look at it. */
export interface ShownOrder {
  readonly id: string;
  readonly status: string;
  readonly external_reference: string | null;
  readonly items: readonly {
    readonly session_group: string;
    readonly price: { readonly amount: unknown };
    readonly client: unknown;
  }[];
  readonly payments: readonly { readonly amount: unknown }[];
}

export class EventsClub {
  private constructor(
    readonly house: TestPasserelle,
    /** Linked people. */
    readonly members: readonly Member[],
    readonly product: string,
    readonly session: string,
    /** Id in Yapla. */
    readonly event: string,
    /** Where Yapla's webhooks go. */
    private readonly address: string,
  ) {}

  /**
   * @param places that the session has @param options laid over the house's own
   * @param begins whether bookings were approved, and the event is mapped
   */
  static async open(
    start: StartHouse,
    {
      places = 10,
      options = {},
      begins = true,
    }: { places?: number; options?: Omit<PasserelleOptions, 'worker'>; begins?: boolean } = {},
  ): Promise<EventsClub> {
    const { connection, ...rest } = options;
    const house = await start({
      sandbox: { people: { seed: 11, yapla: 0, yoplanning: 0, shared: 4, differing: 0 } },
      ...rest,
      connection: { events: true, ...connection, settings: { events: {}, ...connection?.settings } },
    });
    await (await house.startBulk()).result();
    const receiver = await house.startReceiver();
    const yapla = sandboxWebhookUrl(receiver.address, house.connectionId, 'yapla');
    const { yaplaEvents, bookings } = house.sandbox.control;
    await yaplaEvents.setWebhooks('registration', { url: `${yapla}/registrations` });
    await yaplaEvents.setWebhooks('donation', { url: `${yapla}/donations` });
    const startsAt = new Date(Date.now() + 48 * hourMs).toISOString();
    const endsAt = new Date(Date.now() + 50 * hourMs).toISOString();
    const product = await bookings.addProduct({ title: 'Sailing day', titles: { fr: 'Journée de voile' } });
    const session = await bookings.addSession({ product, startsAt, endsAt, places });
    const event = await yaplaEvents.addEvent({
      title: 'Journée de voile',
      start: startsAt,
      end: endsAt,
      activities: [],
      rates: [
        { name: 'Membre', amount: 1_200 },
        { name: 'Gratuit', amount: 0 },
      ],
    });
    const rows = await house.sql<Member[]>`
      select yapla_id as yapla, yoplanning_id as yoplanning from link
       where connection_id = ${house.connectionId} and kind = 'person' and yapla_id is not null and yoplanning_id is not null order by link_id`;
    const club = new EventsClub(house, rows, product, session, event, yapla);
    if (begins) {
      await club.approve();
      await club.map();
    }
    await house.sandbox.control.resetCounts();
    return club;
  }

  /** Where the receiver is reached, `http://host:port`. */
  get receiver(): string {
    return new URL(this.address).origin;
  }

  get scope(): Scope {
    return { connectionId: this.house.connectionId, kind: 'registration' };
  }

  /** Says that the event goes to the session, or to another. */
  async map(session = this.session): Promise<void> {
    const place = { event: `id ${this.event}`, activity: '', rate: '', productId: this.product, sessionId: session };
    await savePlace(this.house.sql, this.scope, place, { title: 'Journée de voile', by: 'tester' });
  }

  /** A plan of bookings is drawn, and a person approves it. */
  async approve(): Promise<BookingPlan> {
    const { sql, connection, scope } = this.house;
    const open = await openConnection(sql, scope, connection);
    try {
      const events = eventsOf(open);
      const plan = await planBookings(sql, events, randomUUID());
      const { id } = (await findPlan(sql, this.scope, plan.number))!;
      await approveBookings(sql, events, id, 'tester');
      return plan;
    } finally {
      await open.close();
    }
  }

  /** Somebody registers a member, or several. @returns the registration's id */
  async register(members: readonly Member[] = [this.members[0]!], rate = 'Gratuit'): Promise<string> {
    return await this.house.sandbox.control.yaplaEvents.register({
      event: this.event,
      rate,
      participants: members.map(({ yapla }, nth) => ({ memberId: yapla, firstName: `Prénom${nth}`, lastName: 'Nom' })),
    });
  }

  /** Yapla tells of something in words that it never uses: a document of a test's own. */
  async tell(kind: 'registration' | 'donation', document: object): Promise<void> {
    const body = JSON.stringify({ event: `${kind}.updated`, data: document });
    const { statusCode } = await request(`${this.address}/${kind}s`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    if (statusCode >= 300) throw new Error(`the receiver answered ${statusCode}`);
  }

  /** Orders of the sandbox for a registration, those that are cancelled included. */
  async orders(registration?: string): Promise<readonly ShownOrder[]> {
    const all = (await this.house.sandbox.control.bookings.orders()) as unknown as readonly ShownOrder[];
    return registration === undefined ? all : all.filter((one) => one.external_reference === registration);
  }

  async activeOrders(registration?: string): Promise<readonly ShownOrder[]> {
    return (await this.orders(registration)).filter(({ status }) => status !== 'cancelled');
  }

  async cases(): Promise<readonly OpenCase[]> {
    return await listOpenCases(this.house.sql, this.scope);
  }

  async caseKinds(): Promise<readonly string[]> {
    return (await this.cases()).map(({ kind }) => kind).sort();
  }

  /** A person answers the open case of this kind. */
  async answer(kind: string, take: BookingAnswer): Promise<void> {
    const { sql } = this.house;
    const { id, linkId } = (await this.cases()).find((one) => one.kind === kind)!;
    await answerCase(sql, id, { take }, 'tester');
    await forwardAnswer(sql, this.scope, linkId!);
  }

  async untilQuiet(): Promise<void> {
    await untilQuiet(this.house);
  }

  /** Requests of Yoplanning that were counted since the house was opened, by method and resource. */
  async stop(): Promise<void> {
    await this.house.stop();
  }
}
