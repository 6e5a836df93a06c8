/** What a bulk sync did, from the database alone: links, requests against the lower bound, refusals, differences, open cases. */
import { lowerBound } from '../core/plan.js';
import { personsOf, systemNames } from '../core/record.js';
import type { ConnectionConfig } from '../config/schema.js';
import { countOpenCases } from '../store/cases.js';
import { countLinkStates } from '../store/links.js';
import { linksByOutcome } from '../store/planItems.js';
import { credentialsOf } from '../connection.js';
import { requestsOf } from '../store/budgetState.js';
import type { Sql } from '../store/database.js';
import type { BulkRunEnd } from './applyPlan.js';
import { table, type Output } from './output.js';
import { visible } from './visible.js';

/** Links named that changed after the plan was drawn. */
const changedShown = 10;

export async function summaryText(
  sql: Sql,
  connectionId: string,
  config: ConnectionConfig,
  end: BulkRunEnd,
  output: Output,
): Promise<string> {
  const { bold, green, red } = output.colours;
  const scope = personsOf(connectionId);
  const { result, plan } = end;
  const rows: string[][] = [
    ['Links', String((await countLinkStates(sql, scope, { proposed: false })).linked)],
    [
      'Applied',
      Object.entries(result.applied.outcomes)
        .map(([outcome, n]) => outcomeText(outcome, n))
        .join(', ') || 'nothing had to be written',
    ],
  ];
  const changed = plan === null ? [] : await linksByOutcome(sql, plan.id, 'changed', changedShown + 1);
  if (changed.length > 0) {
    const more = changed.length > changedShown ? ', …' : '';
    rows.push([
      'Changed meanwhile',
      `${changed.slice(0, changedShown).map(visible).join(', ')}${more}: left to live work`,
    ]);
  }
  const scans = await sql<{ id: number }[]>`
    select id::int as id from scan
     where connection_id = ${connectionId} and kind = ${scope.kind} and run_id like ${`${end.handle.firstExecutionRunId}/%`}`;
  const purposes = [...scans.map((scan) => `scan/${scan.id}`), ...(plan === null ? [] : [`plan/${plan.id}`])];
  const credentials = await credentialsOf(sql, config);
  for (const system of systemNames) {
    const { sent, refused } = await requestsOf(sql, credentials[system], purposes);
    const ratio = plan === null ? '' : ratioText(sent, lowerBound(plan.totals, system));
    const refusals = refused === 0 ? green('0 refusals') : red(`${refused} refusals`);
    rows.push([`Requests, ${system}`, `${sent}${ratio}, ${refusals}`]);
  }
  const differences = result.differences;
  rows.push([
    'Differences',
    differences === null ? 'not verified' : differences === 0 ? green('0') : red(String(differences)),
  ]);
  const cases = Object.entries(await countOpenCases(sql, scope));
  rows.push(['Open cases', cases.length === 0 ? '0' : cases.map(([kind, n]) => `${n} ${visible(kind)}`).join(', ')]);
  return `${bold(`Bulk sync ${result.outcome}`)}\n${table(rows, { indent: 2 })}`;
}

/** An item's outcome, in words: nobody is removed by us, it is asked about. */
export function outcomeText(outcome: string, n: number): string {
  if (outcome === 'removed') return `${n} gone, a person is asked (nothing is deleted)`;
  if (outcome === 'deferred') return `${n} wait for the import file`;
  if (outcome === 'asked') return `${n} asked about`;
  return `${n} ${outcome}`;
}

/** Requests sent against the fewest that carry the whole plan out. Fewer were sent where not all of it was carried out, or a write needs no read. */
export function ratioText(sent: number, least: number): string {
  if (least === 0) return '';
  if (sent < least) return ` (fewer than the ${least} that the whole plan takes with a read before each write)`;
  return ` (${(sent / least).toFixed(2)} × the lower bound of ${least})`;
}
