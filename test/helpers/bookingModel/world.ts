/** A club of the model: Yapla's registrations, Yoplanning's orders, webhooks that are under way, and the real store and engine in between. */
import type { z } from 'zod';
import { configSchema, type connectionSchema, type ConnectionConfig } from '../../../src/config/schema.js';
import { openConnection, type OpenConnection } from '../../../src/connection.js';
import { personsOf, type Scope, type SystemName } from '../../../src/core/record.js';
import { eventsOf, type OpenEvents } from '../../../src/link/bookings/open.js';
import { approveBookings, planBookings } from '../../../src/link/bookings/plan.js';
import { type BookingState, loadBooking } from '../../../src/link/bookings/state.js';
import { LinkClaims } from '../../../src/link/claims.js';
import { savePlace } from '../../../src/store/bookings.js';
import { listOpenCases, type OpenCase } from '../../../src/store/cases.js';
import type { Sql } from '../../../src/store/database.js';
import { addEvents, addressEvents, takeDueSignals } from '../../../src/store/inbox.js';
import { addLink, agree } from '../../../src/store/links.js';
import { findPlan } from '../../../src/store/plans.js';
import { openBookings } from '../../../src/systems/yoplanning/bookings.js';
import { ClaimsOfAttempt, type Stopping, withPlaces } from '../engineModel/attempt.js';
import { uniqueName } from '../servers.js';
import { ModelYapla } from './yapla.js';
import { type Manners, ModelYoplanning } from './yoplanning.js';

/** How a club works. */
export interface ClubSetting {
  readonly manners: Manners;
  /** Yapla's bodies tell when they were last changed. */
  readonly tellsTimes: boolean;
  readonly places: number;
  readonly events: z.input<typeof connectionSchema>['events'];
  readonly changeBy: 'put' | null;
  readonly cancelBy: 'delete' | 'put' | null;
}

export const plainSetting: ClubSetting = {
  manners: { filters: true, ordering: true, tooLate: 'refused', silent: false },
  tellsTimes: true,
  places: 10,
  events: {},
  changeBy: null,
  cancelBy: null,
};

/** Members, each with a client. */
export const members = [0, 1, 2, 3].map((n) => ({ memberId: `m${n}`, clientId: `c${n}` }));

export interface Delivery {
  readonly system: SystemName;
  readonly event: 'created' | 'updated' | 'deleted';
  readonly id: string;
  readonly body: object;
}

export interface BookingWorker {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly events: OpenEvents;
}

/** Stops nowhere. */
export const unstopped: Stopping = {
  place: () => Promise.resolve(),
  holds: (claim) => claim,
  streams: () => () => undefined,
};

const limit = 1_000;

export class BookingWorld {
  readonly connectionId = uniqueName('club');
  readonly scope: Scope = { connectionId: this.connectionId, kind: 'registration' };
  readonly session = 'session-1';
  readonly otherSession = 'session-2';
  readonly underWay: Delivery[] = [];
  /** Registrations about which a person once said to leave things as they are. */
  readonly kept = new Set<string>();
  readonly yapla: ModelYapla;
  readonly yoplanning: ModelYoplanning;
  private open!: OpenConnection;
  private readonly claims: LinkClaims;

  private constructor(
    readonly sql: Sql,
    readonly setting: ClubSetting,
  ) {
    this.claims = new LinkClaims(sql);
    this.yoplanning = new ModelYoplanning(setting.manners);
    this.yapla = new ModelYapla(setting.tellsTimes, (id, body) =>
      this.underWay.push({ system: 'yapla', event: 'updated', id, body }),
    );
    this.yoplanning.tells = (event, id) =>
      this.underWay.push({ system: 'yoplanning', event, id, body: { resource: 'order', id } });
  }

  static async begin(sql: Sql, setting: ClubSetting = plainSetting, { mapped = true } = {}): Promise<BookingWorld> {
    const world = new BookingWorld(sql, setting);
    const { connectionId, scope, session } = world;
    world.open = await openConnection(sql, personsOf(connectionId), configurationOf(setting));
    world.yoplanning.places.set(session, setting.places);
    world.yoplanning.places.set(world.otherSession, setting.places);
    await sql.begin(async (tx) => {
      for (const { memberId, clientId } of members)
        await addLink(tx, personsOf(connectionId), {
          linkId: `yapla:${memberId}`,
          yaplaId: memberId,
          yoplanningId: clientId,
          matchedBy: 'test',
        });
      const agreed = members.map(({ memberId }) => ({ linkId: `yapla:${memberId}`, base: {}, baseFields: {} }));
      await agree(tx, personsOf(connectionId), agreed);
    });
    if (mapped) await world.map(session);
    const plan = await planBookings(sql, world.events, 'run');
    await approveBookings(sql, world.events, (await findPlan(sql, scope, plan.number))!.id, 'tester');
    return world;
  }

  /** Says where the event, or a part of it, goes. */
  async map(session: string | null, { activity = '', rate = '' } = {}): Promise<void> {
    const place = { event: `id ${this.yapla.event}`, activity, rate, productId: 'product-1', sessionId: session };
    await savePlace(this.sql, this.scope, place, { title: 'Sailing', by: 'tester' });
  }

  async end(): Promise<void> {
    await this.claims.close();
    await this.open.close();
  }

  /** For looking, and for what no crash interrupts. */
  get events(): OpenEvents {
    return this.workerFor(unstopped).events;
  }

  /** A worker of one attempt. */
  workerFor(stopping: Stopping): BookingWorker {
    const { sql, open } = this;
    const bookings = openBookings(this.yoplanning.http(stopping), open.config.yoplanning);
    return {
      sql: withPlaces(sql, stopping),
      claims: new ClaimsOfAttempt(sql, this.claims, stopping),
      events: eventsOf({ ...open, bookings }),
    };
  }

  /** A webhook arrives, or a row of an export. */
  async receive({ system, event, id, body }: Delivery): Promise<void> {
    await addEvents(this.sql, [{ ...this.scope, system, event, externalId: id, body: JSON.stringify(body) }]);
  }

  /** Links whose workflows are to be told now. @param again those, too, that were told before and did not look yet */
  async due(again: boolean): Promise<readonly { linkId: string; gathered: Readonly<Record<SystemName, number>> }[]> {
    const rules = [{ connectionId: this.connectionId, debounceMs: 0, resignalMs: again ? 0 : 3_600_000 }];
    await addressEvents(this.sql, rules, limit, ['registration']);
    // Whoever waits for a place is woken one behind the other.
    await this
      .sql`update link_signal set due_at = now() where connection_id = ${this.connectionId} and kind = ${this.scope.kind}`;
    const due = await takeDueSignals(this.sql, rules, limit);
    return due.filter(({ scope }) => scope.kind === this.scope.kind).sort((a, b) => (a.linkId < b.linkId ? -1 : 1));
  }

  async cases(): Promise<readonly OpenCase[]> {
    return await listOpenCases(this.sql, this.scope);
  }

  async caseKinds(): Promise<readonly string[]> {
    return (await this.cases()).map(({ kind }) => kind).sort();
  }

  async state(registration: string): Promise<BookingState | null> {
    return await loadBooking(this.sql, this.events, `yapla:${registration}`);
  }
}

function configurationOf({ events, changeBy, cancelBy, tellsTimes }: ClubSetting): ConnectionConfig {
  const input: z.input<typeof connectionSchema> = {
    yapla: {
      read: { baseUrl: 'http://127.0.0.1:9/', key: { value: 'key' } },
      write: { mode: 'none' },
      events: { registration: { modified: tellsTimes ? 'updated_at' : null } },
    },
    yoplanning: {
      baseUrl: 'http://127.0.0.1:9/',
      token: 'token',
      team: '8d23503e-0000-4000-8000-000000000000',
      pageSize: 2,
      events: { order: { changeBy, cancelBy } },
    },
    fields: {
      firstName: { type: 'name', yapla: 'first_name', yoplanning: 'first_name' },
      lastName: { type: 'name', yapla: 'last_name', yoplanning: 'last_name' },
    },
    defaultCountry: 'FR',
    create: 'yoplanning',
    events: events ?? {},
  };
  const { connections } = configSchema.parse({
    database: { url: 'postgres://127.0.0.1/none' },
    connections: { model: input },
  });
  return connections['model']!;
}
