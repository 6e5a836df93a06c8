import { nextStep } from '../src/core/live.js';
import { kindsThat } from '../src/cases/index.js';
import { countInQuestion } from '../src/store/cases.js';
import { signalledLinks } from '../src/store/inbox.js';
import { countLinkStates } from '../src/store/links.js';
import { unsettledLinks } from '../src/store/linkState.js';
import { settle, viewOf } from '../src/link/view.js';
import { type Dependencies, scopeOfBulk } from './dependencies.js';
import { withHeartbeat } from './attempts.js';

export interface Verification {
  /** Links of which both records are known. */
  readonly links: number;
  /** Links that would still need something, open cases apart. Must be 0. */
  readonly differences: number;
  /** Of links that need something, those that live work was told to look at: they changed while the plan was applied. */
  readonly underWay: number;
  /** Links with an open case. */
  readonly inQuestion: number;
}

const batchSize = 1_000;

/** Kinds of cases that ask about a link or one of its fields. */
const asking = kindsThat(({ about }) => about === 'link' || about === 'field');

/**
 * A second pass over every link that is not settled, from the shadows that the answers to our writes refreshed: costs no request, and must
 * find nothing but what stands in an open case. Cases whose question answered itself are closed.
 */
export const verify =
  ({ sql, connection }: Dependencies) =>
  async (input: { connectionId: string }): Promise<Verification> =>
    await withHeartbeat(async () => {
      const scope = scopeOfBulk(input);
      const open = await connection(scope);
      let differences = 0;
      let underWay = 0;
      for (let after = ''; ;) {
        const states = await unsettledLinks(sql, scope, { depth: 'hashes', after, limit: batchSize });
        if (states.length === 0) break;
        after = states.at(-1)!.pair.linkId;
        const unsettled = (await settle(sql, open, states)).filter(
          ({ state, settling }) => settling === 'open' && nextStep(viewOf(open, state, 'gone'), []).do === 'apply',
        );
        const told = await signalledLinks(
          sql,
          scope,
          unsettled.map(({ state }) => state.pair.linkId),
        );
        underWay += told.size;
        differences += unsettled.length - told.size;
      }
      const { linked: links } = await countLinkStates(sql, scope, { proposed: false });
      return { links, differences, underWay, inQuestion: await countInQuestion(sql, scope, asking) };
    });
