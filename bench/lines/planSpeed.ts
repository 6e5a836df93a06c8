/** Records a second from the start of the workflow to its end, when both lists are equal and nothing needs writing. */
import { connectionSchema } from '../../src/config/schema.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { clientsPath, openBareClient, yoplanningHeaders } from '../bareLoop.js';
import { runBulk, BulkWentWrong } from '../bulkRun.js';
import { lineOf, type BenchLine } from '../results.js';
import { unlimited, withPasserelle, type Passerelle, type Stage } from '../stage.js';

export interface PlanSpeedOptions {
  /** People in both systems, the same: as many records on each side. */
  readonly people: number;
}

const pageSize = 100;

export async function planSpeedLine(stage: Stage, { people }: PlanSpeedOptions): Promise<BenchLine> {
  return await withEqualLists(stage, `plan-speed`, people, async (passerelle) => {
    const bareSeconds = await readBare(passerelle, people);
    const { seconds } = await linkEqualLists(passerelle, people);
    return lineOf({
      line: 'planned and linked, nothing to write',
      value: (2 * people) / seconds,
      unit: 'records/s',
      floor: (2 * people) / bareSeconds,
      goal: 'value >= 3000',
      note: `${people} people in each system, so ${2 * people} records: scanned, matched, planned, linked and verified in ${seconds.toFixed(1)} s; the floor only reads the same pages, both lists side by side`,
    });
  });
}

/** A sandbox with the same people in both systems around `action`. */
export async function withEqualLists<T>(
  stage: Stage,
  name: string,
  people: number,
  action: (passerelle: Passerelle) => Promise<T>,
): Promise<T> {
  const setting = {
    name,
    sandbox: { people: { shared: people }, yapla: { limits: unlimited }, yoplanning: { limits: unlimited } },
    limits: { yapla: unlimited, yoplanning: unlimited },
  };
  return await withPasserelle(stage, setting, action);
}

/** Links everybody, which must need no write. @throws {BulkWentWrong} when not everybody was linked */
export async function linkEqualLists(passerelle: Passerelle, people: number): Promise<{ readonly seconds: number }> {
  const { stage, connectionId, sandbox } = passerelle;
  const run = await runBulk(passerelle);
  const [row] = await stage.sql<{ n: number }[]>`
    select count(*)::int as n from link where connection_id = ${connectionId} and state = 'active'
       and yapla_id is not null and yoplanning_id is not null`;
  const { yapla, yoplanning } = await sandbox.control.counts();
  const writes = yapla.created + yapla.updated + yoplanning.created + yoplanning.updated;
  if (row!.n !== people || writes > 0) {
    throw new BulkWentWrong(`expected ${people} links and no write, found ${row!.n} links and ${writes} writes`);
  }
  return run;
}

/** Reads both lists page by page, one list beside the other, and parses what comes. */
async function readBare({ sandbox }: Passerelle, people: number): Promise<number> {
  const { yapla: config } = connectionSchema.parse(sandboxConnection(sandbox.addresses));
  const { membersPath, key, paging } = config.read;
  const listPath = `/api/1.0${membersPath.replace('{campaign}', config.campaign)}`;
  const yapla = openBareClient(sandbox.addresses.yapla, { [key!.name]: key!.prefix + key!.value }, 1);
  const yoplanning = openBareClient(sandbox.addresses.yoplanning, yoplanningHeaders, 1);
  const pages = Array.from({ length: Math.ceil(people / pageSize) }, (_, index) => index);
  const began = performance.now();
  await Promise.all([
    (async () => {
      for (const page of pages) {
        const query = `${paging.pageParameter}=${page + paging.firstPage}&${paging.sizeParameter}=${pageSize}`;
        JSON.parse(await yapla.send({ method: 'GET', path: `${listPath}?${query}` }));
      }
    })(),
    (async () => {
      for (const page of pages) {
        const query = `limit=${pageSize}&offset=${page * pageSize}`;
        JSON.parse(await yoplanning.send({ method: 'GET', path: `${clientsPath}?${query}` }));
      }
    })(),
  ]);
  const seconds = (performance.now() - began) / 1_000;
  await Promise.all([yapla.close(), yoplanning.close()]);
  return seconds;
}
