/** Requests of a whole bulk sync, beside the fewest that any could do with. */
import { systemNames, type SystemName } from '../../src/core/record.js';
import { applyBulk, planBulk } from '../bulkRun.js';
import { lineOf, type BenchLine } from '../results.js';
import { unlimited, withPasserelle, type Stage } from '../stage.js';

export interface RequestsLineOptions {
  /** People by where they are: `shared` and `differing` are in both systems. */
  readonly people: {
    readonly yapla: number;
    readonly yoplanning: number;
    readonly shared: number;
    readonly differing: number;
  };
}

/** Of both systems, by their documentation. */
const pageSize = 100;

export async function requestsLine(stage: Stage, { people }: RequestsLineOptions): Promise<BenchLine> {
  const setting = {
    name: 'requests',
    sandbox: { people, yapla: { limits: unlimited }, yoplanning: { limits: unlimited } },
    limits: { yapla: unlimited, yoplanning: unlimited },
  };
  return await withPasserelle(stage, setting, async (passerelle) => {
    const { control } = passerelle.sandbox;
    const pages = (await Promise.all(systemNames.map((system) => control.ids(system)))).map((ids) =>
      Math.ceil(ids.length / pageSize),
    );
    const { handle, plan } = await planBulk(passerelle);
    await applyBulk(handle, plan);
    const counts = await control.counts();
    const sum = (of: (system: SystemName) => number) => systemNames.reduce((total, system) => total + of(system), 0);
    const creations = sum((system) => plan.totals.creations[system]);
    const changes = sum((system) => plan.totals.changes[system]);
    const allPages = pages.reduce((total, n) => total + n, 0);
    const requests = sum((system) => counts[system].requests);
    return lineOf({
      line: `requests, ${people.yapla + people.shared + people.differing} + ${people.yoplanning + people.shared + people.differing} people`,
      value: requests,
      unit: 'requests',
      floor: allPages + creations + 2 * changes,
      goal: 'ratio <= 1.02',
      holds:
        sum((system) => counts[system].created) === creations && sum((system) => counts[system].updated) === changes,
      note: `fewest: ${allPages} full pages + ${creations} creations + 2 × ${changes} changes; both systems, sessions and overlaps of pages counted`,
    });
  });
}
