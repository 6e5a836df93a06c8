/** What keeps donations, and what has facts change by the passing of time: runs whose histories are kept. */
import { EventsClub } from '../helpers/eventsClub.js';
import { until } from '../helpers/live.js';
import { deriveFactsId } from '../../workflows/deriveFacts.messages.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import type { Scenario } from './scenario.js';

const people = { seed: 11, yapla: 0, yoplanning: 0, shared: 4, differing: 0 };

/** Three looks and the waits between them. */
const threeLooks = 30;

export const factsScenarios: readonly Scenario[] = [
  {
    name: 'syncDonation.edited',
    options: { sandbox: { people }, connection: { events: true, settings: { events: {}, live: { lingerMs: 5_000 } } } },
    run: async (house) => {
      const club = await EventsClub.open(() => Promise.resolve(house));
      const { yaplaEvents } = house.sandbox.control;
      const donor = { memberId: club.members[0]!.yapla, firstName: 'Prénom', lastName: 'Nom' };
      const id = await yaplaEvents.donate({ donor, amount: 1_000 });
      await club.untilQuiet();
      await yaplaEvents.editDonation(id, { amount: 2_000 });
      await club.untilQuiet();
      const scope = { ...club.scope, kind: 'donation' } as const;
      const handle = house.client.workflow.getHandle(syncRecordId(scope, `yapla:${id}`));
      await handle.result();
      return handle;
    },
  },
  {
    // It does not end: kept is what was done by then.
    name: 'deriveFacts.looked-three-times',
    options: {
      sandbox: { people },
      connection: {
        events: true,
        fields: { fact: { direction: 'toYapla', yapla: 'organization', yoplanning: { derived: 'nextSession' } } },
        settings: { events: { deriveEveryMs: 300 } },
      },
    },
    run: async (house) => {
      const handle = house.client.workflow.getHandle(deriveFactsId(house.connectionId));
      await until(
        async () => await handle.describe(),
        ({ historyLength }) => historyLength >= threeLooks,
      );
      return handle;
    },
  },
];
