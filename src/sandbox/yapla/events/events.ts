/** Yapla's events with the webhooks that tell of them. */
import type { ResolvedSandboxOptions } from '../../options.js';
import { type Compose, Webhooks } from '../../webhooks/webhooks.js';
import type { Member } from '../members.js';
import { EventsAccount, type EventsKind } from './account.js';
import { eventsBody } from './documents.js';
import { populateEvents } from './population.js';

export interface YaplaEvents {
  readonly account: EventsAccount;
  readonly timeZone: string;
  /** A line for each kind: a person sets each up with an address of its own. */
  readonly webhooks: Readonly<Record<EventsKind, Webhooks>>;
  /** Makes what is there from the start. @param members some of whom take part */
  populate(members: readonly Member[]): void;
}

/** @param telling whether anybody is told: nobody is of what is there from the start */
export function createYaplaEvents(
  { events, timeZone }: ResolvedSandboxOptions['yapla'],
  telling: () => boolean,
): YaplaEvents {
  const compose =
    (kind: EventsKind): Compose =>
    ({ event, record }, earlier) => {
      // Only a registration ends so (account.ts), and whether a webhook tells of it is not public.
      if (event === 'deleted' && events.cancellation === 'nothing') return null;
      const word = event === 'deleted' ? events.cancellation : event;
      return eventsBody(kind, word, earlier ?? account.document(kind, record));
    };
  const line = (kind: EventsKind) =>
    new Webhooks({ webhooks: events.webhooks[kind], webhookFaults: events.webhookFaults[kind] }, compose(kind));
  const webhooks = { registration: line('registration'), donation: line('donation') };
  const account = new EventsAccount({ timeZone, currency: events.currency }, (kind, change, before) => {
    if (telling()) webhooks[kind].changed(change, before);
  });
  return {
    account,
    timeZone,
    webhooks,
    populate: (members) => {
      account.clear();
      populateEvents(account, members, events);
    },
  };
}
