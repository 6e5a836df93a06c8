/** Live work that would change far too much at once: held by the guard, asked about in one case, and carried out after the answer. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { listOpenCases, type OpenCase } from '../../src/store/cases.js';
import type { SystemName } from '../../src/core/record.js';
import type { PersonField } from '../../src/sandbox/person.js';
import { until, untilHolds, untilQuiet } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

let house: TestPasserelle;
afterEach(async () => await house.stop());

/** As many of a kind pass within an hour, whatever the share: the people are few, and two hundred of three hundred would be slow. */
const few = (max: number) => ({ maxPerHour: max, maxPerDay: max, maxSharePerHour: 0, maxSharePerDay: 0 });

async function start(people: number, guard: object): Promise<{ yapla: string; yoplanning: string }[]> {
  house = await startPasserelle({
    sandbox: { people: { seed: 31, yapla: 0, yoplanning: 0, shared: people, differing: 0 } },
    connection: { settings: process.env["OLD"] ? {} : { guard } },
  });
  await (await house.startBulk()).result();
  await house.startReceiver();
  return await house.sql<{ yapla: string; yoplanning: string }[]>`
    select yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId} and yapla_id is not null and yoplanning_id is not null order by link_id`;
}

const openCases = async () => await listOpenCases(house.sql, house.connectionId);

/** Of these records of one system, those that hold nothing in a field. */
async function lacking(system: SystemName, ids: readonly string[], field: PersonField): Promise<number> {
  const records = await Promise.all(ids.map((id) => house.sandbox.control.record(system, id)));
  return records.filter((record) => record!.person[field] === null).length;
}

async function withValue<Link extends { yapla: string }>(links: readonly Link[], field: PersonField): Promise<Link[]> {
  const records = await Promise.all(links.map((one) => house.sandbox.control.record('yapla', one.yapla)));
  return links.filter((_, at) => records[at]!.person[field] !== null);
}

describe('phone numbers of two thirds of the club, blanked in one system', () => {
  test('are not blanked in the other without a question, and everything else goes on', async () => {
    const links = await withValue(await start(20, { blanked: few(4) }), 'phone');
    const blanked = links.slice(0, 12);
    await Promise.all(blanked.map(({ yapla }) => house.sandbox.control.edit('yapla', yapla, { phone: null })));
    await untilQuiet(house);
    const theirs = blanked.map((one) => one.yoplanning);
    expect(await lacking('yoplanning', theirs, 'phone')).toBe(4);
  });
});
