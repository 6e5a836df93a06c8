/** What one event costs Temporal: workflow tasks and history, from the signal to the end of lingering. */
import { personsOf } from '../../src/core/record.js';
import type { WorkflowHandle } from '@temporalio/client';
import { sandboxWebhookUrl } from '../../src/sandbox/connections.js';
import { syncRecordId, type RecordResult } from '../../workflows/syncRecord.messages.js';
import { openBareClient } from '../bareLoop.js';
import { withBareRecords } from '../bareRecord.js';
import { untilHandled, withLive, withRelay, type LinkedPerson, type LivePasserelle } from '../liveStage.js';
import { lineOf, type BenchLine } from '../results.js';
import { sendAll } from '../senders.js';
import type { Stage } from '../stage.js';
import { clientUpdated } from './receiver.js';

export interface CostOptions {
  /** People for each of the kinds of event; the dearest counts. */
  readonly people: number;
}

/** The echo comes well before the lingering ends, on a busy machine too. */
const lingerMs = 4_000;
const live = { debounceMs: 100, lingerMs };

interface Cost {
  readonly workflowTasks: number;
  readonly events: number;
  readonly bytes: number;
}

export async function costLines(stage: Stage, { people }: CostOptions): Promise<readonly BenchLine[]> {
  return await withLive(stage, { name: 'cost', people: 3 * people, live }, async (passerelle) => {
    const groups = [0, 1, 2].map((nth) => passerelle.people.slice(nth * people, (nth + 1) * people));
    const written = await writtenChanges(passerelle, groups[0]!, false);
    const withEcho = await writtenChanges(passerelle, groups[1]!, true);
    const told = await loneEchoes(passerelle, groups[2]!);
    const [bareEcho, bareChange, bareBoth] = await withBareRecords(stage, 'cost', async (bare) =>
      Promise.all(
        [1, 2, 3].map(async (activities) => {
          const handle = await bare.start({ activities, lingerMs });
          await handle.result();
          return await costOf(handle);
        }),
      ),
    );
    const floorNote = (activities: number) =>
      `the floor: the bare workflow with ${activities} empty activities, lingering`;
    const line = (text: string, of: keyof Cost, unit: string, costs: readonly Cost[], floor: Cost, goal: string) => ({
      line: text,
      value: Math.max(...costs.map((one) => one[of])),
      unit,
      floor: floor[of],
      goal,
    });
    return [
      lineOf({
        ...line('an echo', 'workflowTasks', 'workflow tasks', told.costs, bareEcho!, 'value <= 3'),
        holds: told.holds,
        note: `an event that tells nothing new, in a workflow of its own, the dearest of ${people}; one that meets the workflow of its write costs fewer; ${floorNote(1)}`,
      }),
      lineOf({
        ...line('a written change', 'workflowTasks', 'workflow tasks', written.costs, bareChange!, 'value <= 5'),
        holds: written.holds,
        note: `the dearest of ${people}; ${floorNote(2)}`,
      }),
      lineOf({
        ...line('a change and its echo, history', 'events', 'events', withEcho.costs, bareBoth!, 'value <= 40'),
        holds: withEcho.holds,
        note: `the longest of ${people}, in ${Math.max(...withEcho.costs.map((one) => one.workflowTasks))} workflow tasks; ${floorNote(3)}`,
      }),
      lineOf({
        ...line(
          'a change and its echo, history in bytes',
          'bytes',
          'bytes',
          withEcho.costs,
          bareBoth!,
          'value <= 16384',
        ),
        holds: withEcho.holds,
        note: `the largest of ${people}; ${floorNote(3)}`,
      }),
    ];
  });
}

interface Group {
  readonly costs: readonly Cost[];
  /** Whether each workflow did what its kind of event asks for, and nothing else. */
  readonly holds: boolean;
}

/** Somebody is edited in Yapla; their workflow writes to Yoplanning, whose echo reaches it, or goes nowhere. */
async function writtenChanges(
  passerelle: LivePasserelle,
  people: readonly LinkedPerson[],
  echoes: boolean,
): Promise<Group> {
  return await withRelay(passerelle, echoes, async (relay) => {
    await Promise.all(
      people.map(async ({ yapla, yoplanning }) => {
        const done = relay.next(yoplanning);
        await passerelle.sandbox.control.edit('yapla', yapla, { city: `Ville ${yapla}` });
        await done;
      }),
    );
    return await groupOf(
      passerelle,
      people,
      ({ counts }) => counts.written.yoplanning === 1 && counts.echoes === (echoes ? 1 : 0),
    );
  });
}

/** Yoplanning tells of people who are as they were. */
async function loneEchoes(passerelle: LivePasserelle, people: readonly LinkedPerson[]): Promise<Group> {
  const { receiver, sandbox, connectionId } = passerelle;
  const client = openBareClient(receiver.address, {}, people.length);
  const path = new URL(sandboxWebhookUrl(receiver.address, connectionId, 'yoplanning')).pathname;
  const webhooks = people.map(({ yoplanning }) => ({
    path,
    body: JSON.stringify(clientUpdated(sandbox.addresses.yoplanning, yoplanning)),
  }));
  await sendAll(client, webhooks, people.length);
  await client.close();
  await untilHandled(passerelle);
  return await groupOf(passerelle, people, ({ counts, lastOutcome }) => lastOutcome === 'echo' && counts.echoes === 1);
}

/** Waits until their workflows have completed. */
async function groupOf(
  { stage, connectionId }: LivePasserelle,
  people: readonly LinkedPerson[],
  isAsMeant: (result: RecordResult) => boolean,
): Promise<Group> {
  const ended = await Promise.all(
    people.map(async ({ linkId }) => {
      const handle = stage.client.workflow.getHandle(syncRecordId(personsOf(connectionId), linkId));
      const result = (await handle.result()) as RecordResult;
      return { cost: await costOf(handle), asMeant: isAsMeant(result) };
    }),
  );
  return { costs: ended.map((one) => one.cost), holds: ended.every((one) => one.asMeant) };
}

async function costOf(handle: WorkflowHandle): Promise<Cost> {
  const { events } = await handle.fetchHistory();
  const { historyLength, historySize } = await handle.describe();
  const workflowTasks = (events ?? []).filter((one) => Boolean(one.workflowTaskCompletedEventAttributes)).length;
  return { workflowTasks, events: historyLength, bytes: historySize! };
}
