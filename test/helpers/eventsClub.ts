/** A club with events: members who are linked, one session of one product, and one event of Yapla that goes there. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { request } from 'undici';
import type { BookingAnswer } from '../../src/core/events/bookings.js';
import { fold } from '../../src/core/fold.js';
import type { Scope } from '../../src/core/record.js';
import { answerCase } from '../../src/cases/answers.js';
import { openConnection } from '../../src/connection.js';
import { eventsOf, type OpenEvents } from '../../src/link/bookings/open.js';
import { approveBookings, type BookingPlan, planBookings } from '../../src/link/bookings/plan.js';
import { type BookingState, loadBooking } from '../../src/link/bookings/state.js';
import { importRegistrations } from '../../src/importRegistrations.js';
import { savePlace } from '../../src/store/bookings.js';
import { listOpenCases, type OpenCase } from '../../src/store/cases.js';
import { lookAtLinks } from '../../src/store/inbox.js';
import { stageExport } from '../../src/stageExport.js';
import { stagedRegistrations } from '../../src/stagedKinds.js';
import { findPlan } from '../../src/store/plans.js';
import { sandboxWebhookUrl } from '../../src/sandbox/connections.js';
import type { PasserelleOptions, TestPasserelle } from './passerelle.js';
import { parseTimestamp } from '../../src/systems/time.js';
import { until, untilQuiet } from './live.js';

const hourMs = 3_600_000;

/** What each participant pays, in cents. */
const rates = [
  { name: 'Membre', amount: 1_200 },
  { name: 'Gratuit', amount: 0 },
];

export type StartHouse = (options?: Omit<PasserelleOptions, 'worker'>) => Promise<TestPasserelle>;

export interface Member {
  readonly yapla: string;
  readonly yoplanning: string;
}

/** What is entered for a participant. */
export interface Entered {
  readonly memberId?: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email?: string;
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

/** An event of Yapla that goes to a session of Yoplanning. */
export interface Occasion {
  readonly title: string;
  /** Id in Yapla. */
  readonly event: string;
  readonly session: string;
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
      rates,
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

  /** Another event, which goes to a session of its own. @param title no other event's, because a file shows no ids */
  async addOccasion(title: string, places: number): Promise<Occasion> {
    const { yaplaEvents, bookings } = this.house.sandbox.control;
    const startsAt = new Date(Date.now() + 72 * hourMs).toISOString();
    const endsAt = new Date(Date.now() + 74 * hourMs).toISOString();
    const session = await bookings.addSession({ product: this.product, startsAt, endsAt, places });
    const event = await yaplaEvents.addEvent({ title, start: startsAt, end: endsAt, rates });
    const place = { event: `id ${event}`, activity: '', rate: '', productId: this.product, sessionId: session };
    await savePlace(this.house.sql, this.scope, place, { title, by: 'tester' });
    return { title, event, session };
  }

  /**
   * Somebody exports the registrations, and gives the file to `passerelle import-registrations`; events that it knows by their titles only go
   * where those of the titles do.
   */
  async importExport(occasions: readonly Occasion[]): Promise<void> {
    const { sql, connection, sandbox } = this.house;
    const directory = mkdtempSync(path.join(tmpdir(), 'passerelle-export-'));
    // Yapla shows seconds, and two changes within one as if they were two seconds: what it shows may be still to come.
    await until(
      () => this.latestChangeMs(),
      (latestMs) => latestMs < Date.now(),
    );
    const exportedAt = new Date();
    try {
      const { name, content } = await sandbox.control.yaplaEvents.exportRegistrations({ at: exportedAt.toISOString() });
      const file = path.join(directory, name);
      writeFileSync(file, content);
      const events = connection.yapla.events!;
      const staged = await stageExport({
        sql,
        scope: this.scope,
        config: connection,
        kind: stagedRegistrations(connection, events),
        file,
        given: { exportedAt, whole: false },
        dateOrder: null,
        onProgress: () => undefined,
      });
      await importRegistrations(sql, this.scope, { events, timeZone: connection.yapla.timeZone }, staged.file);
    } finally {
      rmSync(directory, { recursive: true });
    }
    await this.untilQuiet();
    for (const { kind, subject } of await this.cases()) {
      const key = subject.replace(/^event /, '');
      const occasion = occasions.find(({ title }) => key.startsWith(`title ${fold(title)} `));
      if (kind !== 'eventNotMapped' || occasion === undefined) continue;
      const place = { event: key, activity: '', rate: '', productId: this.product, sessionId: occasion.session };
      await savePlace(sql, this.scope, place, { title: occasion.title, by: 'tester' });
    }
    await this.untilQuiet();
  }

  private async latestChangeMs(): Promise<number> {
    const shown = await this.house.sandbox.control.yaplaEvents.documents('registration');
    const { timeZone } = this.house.connection.yapla;
    return Math.max(...shown.map((one) => parseTimestamp(one['updated_at'] as string, timeZone)!.last));
  }

  /** What the store holds of registrations, by their ids in Yapla; those that it does not know are left out. */
  async states(ids: readonly string[]): Promise<ReadonlyMap<string, BookingState>> {
    const { sql } = this.house;
    return await this.withEvents(async (events) => {
      const found = new Map<string, BookingState>();
      for (const id of ids) {
        const state = await loadBooking(sql, events, `yapla:${id}`);
        if (state !== null) found.set(id, state);
      }
      return found;
    });
  }

  private async withEvents<T>(work: (events: OpenEvents) => Promise<T>): Promise<T> {
    const { sql, connection, scope } = this.house;
    const open = await openConnection(sql, scope, connection);
    try {
      return await work(eventsOf(open));
    } finally {
      await open.close();
    }
  }

  /** A plan of bookings is drawn, and a person approves it. */
  async approve(): Promise<BookingPlan> {
    const { sql } = this.house;
    return await this.withEvents(async (events) => {
      const plan = await planBookings(sql, events, randomUUID());
      const { id } = (await findPlan(sql, this.scope, plan.number))!;
      await approveBookings(sql, events, id, 'tester');
      return plan;
    });
  }

  /** A member as Yapla knows them, for a registration: an export shows the name and the address, and no number. */
  async asKnown({ yapla }: Member): Promise<Entered> {
    const { firstName, lastName, email } = (await this.house.sandbox.control.record('yapla', yapla))!.person;
    return { memberId: yapla, firstName, lastName, ...(email === null ? {} : { email }) };
  }

  /** Somebody registers a member, or several. @returns the registration's id */
  async register(members: readonly Member[] = [this.members[0]!], rate = 'Gratuit'): Promise<string> {
    return await this.house.sandbox.control.yaplaEvents.register({
      event: this.event,
      rate,
      participants: members.map(({ yapla }, nth) => ({ memberId: yapla, firstName: `Prénom${nth}`, lastName: 'Nom' })),
    });
  }

  /** Yapla tells of something in words that it never uses: a document of a test's own. @throws the receiver's sentence, where it refuses */
  async tell(kind: 'registration' | 'donation', document: object): Promise<void> {
    const body = JSON.stringify({ event: `${kind}.updated`, data: document });
    const { statusCode, body: answer } = await request(`${this.address}/${kind}s`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const said = await answer.text();
    if (statusCode >= 300) throw new Error(`the receiver answered ${statusCode}: ${said}`);
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
    await lookAtLinks(sql, this.scope, [linkId!]);
  }

  async untilQuiet(): Promise<void> {
    await untilQuiet(this.house);
  }

  /** Requests of Yoplanning that were counted since the house was opened, by method and resource. */
  async stop(): Promise<void> {
    await this.house.stop();
  }
}
