/** A storm: a system tells of many changes of the same people within seconds. Nothing may be lost, and little may be spent. */
import { inParallel } from '../bareLoop.js';
import { deliverBoth, until, untilHandled, withLive, type LivePasserelle } from '../liveStage.js';
import { lineOf, type BenchLine } from '../results.js';
import type { Stage } from '../stage.js';

export interface StormOptions {
  readonly people: number;
  /** Of each person, one edit each. */
  readonly eventsEach: number;
  /** People at work in Yoplanning at once. */
  readonly editors: number;
}

/** Coprime with the number of events: each is met once, and nobody's stand side by side. */
const stride = 7_919;

export async function stormLines(
  stage: Stage,
  { people, eventsEach, editors }: StormOptions,
): Promise<readonly BenchLine[]> {
  return await withLive(stage, { name: 'storm', people }, async (passerelle) => {
    const { sandbox, receiver, connectionId } = passerelle;
    const { control } = sandbox;
    await deliverBoth(passerelle);
    await control.resetCounts();
    const events = people * eventsEach;
    const order = Array.from({ length: events }, (_, index) => (index * stride) % events);
    const began = performance.now();
    await inParallel(order, editors, async (nth) => {
      const { yoplanning } = passerelle.people[nth % people]!;
      await control.edit('yoplanning', yoplanning, { city: `Ville ${nth}` });
    });
    const edited = performance.now();
    const different = await differencesAtEnd(passerelle);
    const ended = performance.now();
    const handled = await untilHandled(passerelle);
    const { yapla, yoplanning } = await control.webhooks();
    const counts = await control.counts();
    const signals = await receiver.signalsSent(connectionId);
    const reads = counts.yoplanning.byKind.read;
    const lost = yapla.emitted + yoplanning.emitted - handled;
    const holds = lost === 0 && different === 0 && yoplanning.emitted === events;
    const note =
      `${yoplanning.emitted} edits within ${seconds(edited - began)} s, everybody the same in both systems after ${seconds(ended - began)} s; ` +
      `${lost} events lost, ${different} people different; besides ${yapla.emitted} echoes of our own ${counts.yapla.updated} writes`;
    return [
      lineOf({
        line: `storm of ${events} events, reads a person`,
        value: reads / people,
        unit: 'reads of Yoplanning',
        floor: 1,
        goal: 'value <= 2',
        holds,
        note,
      }),
      lineOf({
        line: `storm of ${events} events for ${people} people, signals`,
        value: signals,
        unit: 'signals',
        floor: people,
        // Half way between one for each person and one for each event.
        goal: `value <= ${(people + events) / 2}`,
        holds,
        note: `those of the ${yapla.emitted} echoes included`,
      }),
    ];
  });
}

/** Waits until both systems hold the same. @returns in how many people they do not */
async function differencesAtEnd(passerelle: LivePasserelle): Promise<number> {
  const { sandbox, people } = passerelle;
  return await until(
    'everybody is the same in both systems',
    async () => {
      await untilHandled(passerelle);
      const cities = { yapla: await citiesOf('yapla'), yoplanning: await citiesOf('yoplanning') };
      return people.filter((one) => cities.yapla.get(one.yapla) !== cities.yoplanning.get(one.yoplanning)).length;
    },
    (different) => different === 0,
  );

  async function citiesOf(system: 'yapla' | 'yoplanning'): Promise<Map<string, string | null>> {
    return new Map((await sandbox.control.records(system)).map(({ id, person }) => [id, person.city]));
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
