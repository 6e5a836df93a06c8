/** A club with one event, which goes to one session with so many places: registrations travel, and orders are told of. */
import { parseConfig } from '../src/config/load.js';
import { openConnection } from '../src/connection.js';
import { untilQuiet } from '../src/cli/recordWorkflows.js';
import { personsOf, type Scope } from '../src/core/record.js';
import { eventsOf } from '../src/link/bookings/open.js';
import { approveBookings, planBookings } from '../src/link/bookings/plan.js';
import { sandboxWebhookUrl } from '../src/sandbox/connections.js';
import { savePlace } from '../src/store/bookings.js';
import { findPlan } from '../src/store/plans.js';
import { withLive, type LinkedPerson, type LivePasserelle, type LiveSetting } from './liveStage.js';
import type { Passerelle } from './stage.js';

const hourMs = 3_600_000;

/** Deliveries that Yapla has under way at once. */
const deliveries = 20;

/** What is still going on then is no measurement any more. */
const patienceMs = 300_000;

export interface EventsPasserelle extends LivePasserelle {
  /** Of registrations. */
  readonly scope: Scope;
  /** Somebody registers a member for the event, at no cost. */
  register(person: LinkedPerson): Promise<void>;
  /** Until every registration is booked, or is a question, and every order's webhook was looked into. */
  untilDone(): Promise<void>;
}

/** Counts begin anew before `action`. */
export async function withEvents<T>(
  setting: Omit<LiveSetting, 'events'> & { readonly places: number },
  stage: Passerelle['stage'],
  action: (passerelle: EventsPasserelle) => Promise<T>,
): Promise<T> {
  return await withLive(stage, { ...setting, events: {} }, async (passerelle) => {
    const { sandbox, receiver, connectionId } = passerelle;
    const { control } = sandbox;
    const scope = { connectionId, kind: 'registration' } as const;
    const url = sandboxWebhookUrl(receiver.address, connectionId, 'yapla');
    const target = { url: `${url}/registrations`, parallel: deliveries };
    await control.yaplaEvents.setWebhooks('registration', target);
    await control.setWebhooks('yoplanning', {
      url: sandboxWebhookUrl(receiver.address, connectionId, 'yoplanning'),
      parallel: deliveries,
    });
    const [startsAt, endsAt] = [48, 50].map((hours) => new Date(Date.now() + hours * hourMs).toISOString());
    const productId = await control.bookings.addProduct({ title: 'Sailing day' });
    const sessionId = await control.bookings.addSession({
      product: productId,
      startsAt: startsAt!,
      endsAt: endsAt!,
      places: setting.places,
    });
    const rate = 'Gratuit';
    const event = await control.yaplaEvents.addEvent({
      title: 'Journée de voile',
      start: startsAt!,
      end: endsAt!,
      rates: [{ name: rate, amount: 0 }],
    });
    const place = { event: `id ${event}`, activity: '', rate: '', productId, sessionId };
    await savePlace(stage.sql, scope, place, { title: 'Journée de voile', by: 'bench' });
    await approve(passerelle, scope);
    await control.resetCounts();
    return await action({
      ...passerelle,
      scope,
      register: async ({ yapla }) => {
        const participants = [{ memberId: yapla, firstName: 'Prénom', lastName: 'Nom' }];
        await control.yaplaEvents.register({ event, rate, participants });
      },
      untilDone: () => untilQuiet({ client: stage.client, sql: stage.sql, connectionId }, control, patienceMs),
    });
  });
}

/** A person has seen the plan, in which nothing is to be booked yet. */
async function approve({ stage, config, env, connectionId }: Passerelle, scope: Scope): Promise<void> {
  const { sql, run } = stage;
  const parsed = parseConfig(JSON.stringify(config), 'the configuration of the bench', env);
  const open = await openConnection(sql, personsOf(connectionId), parsed.config.connections[connectionId]!);
  try {
    const events = eventsOf(open);
    const { number } = await planBookings(sql, events, run);
    await approveBookings(sql, events, (await findPlan(sql, scope, number))!.id, 'bench');
  } finally {
    await open.close();
  }
}
