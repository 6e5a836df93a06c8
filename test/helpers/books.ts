/** What every bulk sync must leave behind, by the sandbox's own books. */
import { expect } from '@jest/globals';
import { proveWithSandbox } from '../../src/cli/proveWithSandbox.js';
import type { TestPasserelle } from './passerelle.js';

/** Nothing differs, nobody is linked wrongly, and a second run writes nothing. `refusals`: those that the test made itself. */
export async function expectProven(house: TestPasserelle, { refusals = 0 } = {}): Promise<void> {
  const before = await house.sandbox.control.counts();
  const again = await (await house.startBulk()).result();
  expect(again).toMatchObject({ outcome: 'applied', differences: 0, applied: { ended: 0 } });
  const proof = await proveWithSandbox(house.sandbox.control, house.sql, house.connectionId, house.connection, before);
  const broken = proof.lines.filter((line) => !line.holds && !(refusals > 0 && line.text.includes('refused')));
  expect(broken).toEqual([]);
}

/** No record was written twice. */
export async function expectOneWriteEach({ sandbox }: TestPasserelle): Promise<void> {
  for (const system of ['yapla', 'yoplanning'] as const) {
    const writes = Object.values(await sandbox.control.writes(system));
    expect(writes.filter((n) => n !== 1)).toEqual([]);
  }
}

/** Each person that was known to one system only was created once in the other: what the sandbox counted is what we linked. */
export async function expectNoTwin({ sandbox, sql, connectionId }: TestPasserelle): Promise<void> {
  const counts = await sandbox.control.counts();
  const rows = await sql<{ firstSeenIn: string; n: number }[]>`
    select split_part(link_id, ':', 1) as "firstSeenIn", count(*)::int as n from link
     where connection_id = ${connectionId} and matched_by = 'unmatched' and yapla_id is not null and yoplanning_id is not null
     group by 1`;
  const linked = Object.fromEntries(rows.map((row) => [row.firstSeenIn, row.n]));
  expect({ yapla: counts.yapla.created, yoplanning: counts.yoplanning.created }).toEqual({
    yapla: linked['yoplanning'] ?? 0,
    yoplanning: linked['yapla'] ?? 0,
  });
}
