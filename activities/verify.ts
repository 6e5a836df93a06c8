import { systemNames } from '../src/core/record.js';
import { questionsOf, settledCases } from '../src/cases/index.js';
import { closeSettled, openCasesOf } from '../src/store/linkCases.js';
import { pairsAfter } from '../src/store/links.js';
import { decideLink, isTombstone } from '../src/sync/decideLink.js';
import type { Dependencies } from './dependencies.js';
import { withHeartbeat } from './heartbeat.js';

export interface Verification {
  /** Links of which both records are known. */
  readonly links: number;
  /** Links that would still need something, open cases apart. Must be 0. */
  readonly differences: number;
  /** Links with an open case. */
  readonly inQuestion: number;
}

const batchSize = 1_000;

/**
 * A second pass over every link, from the shadows that the answers to our writes refreshed: costs no request, and must find
 * nothing but what stands in an open case. Cases whose question answered itself are closed.
 */
export const verify =
  ({ sql, connection }: Dependencies) =>
  async ({ connectionId }: { connectionId: string }): Promise<Verification> =>
    await withHeartbeat(async () => {
      const { fields, allowed } = await connection(connectionId);
      let links = 0;
      let differences = 0;
      let inQuestion = 0;
      for (let after = ''; ;) {
        const pairs = await pairsAfter(sql, connectionId, after, batchSize, 'hashes');
        if (pairs.length === 0) return { links, differences, inQuestion };
        after = pairs.at(-1)!.linkId;
        const open = await openCasesOf(
          sql,
          connectionId,
          pairs.map((pair) => pair.linkId),
        );
        const asked = new Map(
          [...open].flatMap(([linkId, cases]) => {
            const questions = questionsOf(cases);
            return questions.length === 0 ? [] : [[linkId, questions] as const];
          }),
        );
        await closeSettled(
          sql,
          pairs.flatMap((pair) => settledCases(asked.get(pair.linkId) ?? [], decideLink(pair, fields))),
        );
        for (const pair of pairs) {
          if (pair.ids.yapla !== null && pair.ids.yoplanning !== null) links += 1;
          const questions = asked.get(pair.linkId);
          if (questions !== undefined) inQuestion += 1;
          if (isTombstone(pair) || questions?.some(({ field }) => field === '')) continue;
          const decision = allowed(decideLink(pair, fields));
          const differing = [
            ...systemNames.flatMap((system) => decision.write[system]),
            ...decision.adopt,
            ...decision.conflicts,
          ];
          const differs =
            decision.create !== null ||
            decision.gone !== null ||
            differing.some((field) => !questions?.some((one) => one.field === field));
          if (differs) differences += 1;
        }
      }
    });
