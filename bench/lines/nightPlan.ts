/** How long a plan takes to be drawn, once both lists are read, in a night in which few people changed. */
import { BulkWentWrong, planBulk } from '../bulkRun.js';
import { lineOf, type BenchLine } from '../results.js';
import type { Passerelle, Stage } from '../stage.js';
import { cancelUpdate } from '../../workflows/bulkSync.messages.js';
import { linkEqualLists, withEqualLists } from './planSpeed.js';

export interface NightPlanOptions {
  /** People in both systems, linked. */
  readonly people: number;
  /** Of them, so many were edited in Yapla since. */
  readonly changed: number;
}

export async function nightPlanLine(stage: Stage, { people, changed }: NightPlanOptions): Promise<BenchLine> {
  return await withEqualLists(stage, 'night-plan', people, async (passerelle) => {
    await linkEqualLists(passerelle, people);
    const members = await passerelle.sandbox.control.records('yapla');
    for (const { id } of members.slice(0, changed)) {
      await passerelle.sandbox.control.edit('yapla', id, { city: 'Rennes' });
    }
    const { handle, plan } = await planBulk(passerelle);
    const { events } = await handle.fetchHistory();
    await handle.executeUpdate(cancelUpdate);
    await handle.result();
    if (plan.totals.changedPeople > changed || plan.totals.changedPeople === 0) {
      throw new BulkWentWrong(`expected some ${changed} people to be changed, found ${plan.totals.changedPeople}`);
    }
    return lineOf({
      line: `a plan over ${people} people, ${changed} of them changed`,
      value: drawnIn(events ?? []),
      unit: 's',
      floor: await onePass(passerelle),
      goal: 'value <= 2',
      note: 'from the end of the last page’s activity to the end of the planning; the floor joins each link once with its two records, in PostgreSQL alone',
    });
  });
}

type Event = NonNullable<
  Awaited<ReturnType<Awaited<ReturnType<typeof planBulk>>['handle']['fetchHistory']>>['events']
>[number];

/** Seconds between the end of reading and the end of planning, by the workflow's history. */
function drawnIn(events: readonly Event[]): number {
  const names = new Map<string, string>();
  let scanned = 0;
  let planned = 0;
  for (const event of events) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) names.set(String(event.eventId), scheduled.activityType?.name ?? '');
    const completed = event.activityTaskCompletedEventAttributes;
    if (!completed) continue;
    const at = Number(event.eventTime?.seconds ?? 0) + (event.eventTime?.nanos ?? 0) / 1e9;
    const name = names.get(String(completed.scheduledEventId));
    if (name === 'scanPages' || name === 'endScan') scanned = at;
    if (name === 'makePlan') planned = at;
  }
  if (planned === 0) throw new BulkWentWrong('the history has no planning');
  return planned - scanned;
}

/** Seconds for one look at every link and both of its records. */
async function onePass({ stage, connectionId }: Passerelle): Promise<number> {
  const began = performance.now();
  await stage.sql`
    select count(*) from link l
      join shadow a on a.connection_id = l.connection_id and a.kind = l.kind and a.system = 'yapla' and a.external_id = l.yapla_id
      join shadow b on b.connection_id = l.connection_id and b.kind = l.kind and b.system = 'yoplanning' and b.external_id = l.yoplanning_id
     where l.connection_id = ${connectionId} and a.hashes is distinct from b.hashes`;
  return (performance.now() - began) / 1_000;
}
