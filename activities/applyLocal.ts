import { conflictCases } from '../src/sync/linkWork.js';
import { doubtCase } from '../src/sync/doubts.js';
import { agreementOf } from '../src/sync/decideLink.js';
import type { Decision } from '../src/core/decide.js';
import type { Doubt } from '../src/core/match.js';
import { openCases, type NewCase } from '../src/store/cases.js';
import { agree, pairsByIds, type Agreement } from '../src/store/links.js';
import { endItems, nextPending, type PlanItem } from '../src/store/planItems.js';
import type { Dependencies } from './dependencies.js';
import { withHeartbeat } from './heartbeat.js';

/** Items applied in one transaction. */
const batchSize = 1_000;

/** Applies what needs no request: links that agree, bases that move, questions. Set-wise; repeats safely. */
export const applyLocal =
  ({ sql, connection }: Dependencies) =>
  async ({ connectionId, planId }: { connectionId: string; planId: number }): Promise<void> =>
    await withHeartbeat(async () => {
      const { fields } = await connection(connectionId);
      for (;;) {
        const items = await nextPending<Decision | Doubt>(sql, planId, 'local', batchSize);
        if (items.length === 0) return;
        const pairs = await pairsByIds(
          sql,
          connectionId,
          items.flatMap((item) => item.linkId ?? []),
          'values',
        );
        const agreements: Agreement[] = [];
        const cases: NewCase[] = [];
        for (const item of items) {
          const pair = item.linkId === null ? undefined : pairs.get(item.linkId);
          if (item.kind === 'doubt') cases.push(doubtCase(item.decision as Doubt));
          if (pair === undefined) continue;
          if (item.kind === 'create') cases.push({ kind: 'create', subject: pair.linkId, details: {} });
          else if (pair.shadows.yapla !== null && pair.shadows.yoplanning !== null) {
            agreements.push({ linkId: pair.linkId, ...agreementOf(pair, fields) });
            cases.push(...conflictCases(pair, (item.decision as Decision).conflicts));
          }
        }
        await sql.begin(async (tx) => {
          await agree(tx, connectionId, agreements);
          await openCases(tx, connectionId, planId, cases);
          await endItems(
            tx,
            planId,
            'local',
            items.map((item) => ({ n: item.n, status: 'done', outcome: outcomeOf(item) })),
          );
        });
      }
    });

function outcomeOf(item: PlanItem): string {
  return item.kind === 'link' || item.kind === 'adopt' ? 'agreed' : 'asked';
}
