import {
  type Doubt,
  type GroupResult,
  knowingApart,
  matchGroup,
  matchNameAlone,
  matchReferences,
  ruleName,
  saysItAll,
} from '../src/core/match.js';
import { linkIdOf } from '../src/core/linkId.js';
import { otherSystem, type SystemName, systemNames } from '../src/core/record.js';
import { apartPairs } from '../src/store/apart.js';
import {
  freeRecords,
  type Grouped,
  groupsByKey,
  type Matching,
  type RecordName,
  referencedCandidates,
  returnedRecords,
} from '../src/store/candidates.js';
import { refreshStatistics } from '../src/store/database.js';
import { returnedDoubt } from '../src/cases/doubt.js';
import { doubtedTwins } from '../src/store/cases.js';
import { dropProposals, type Proposal, proposeLinks, proposeUnmatched } from '../src/store/links.js';
import { keepNewcomers, takePlaces, type Taking } from '../src/store/openPlaces.js';
import { addItems, clearItems } from '../src/store/planItems.js';
import { attachUnreadable } from '../src/store/unreadable.js';
import { settleCreations } from '../src/link/settleCreations.js';
import { type Dependencies, scopeOfBulk } from './dependencies.js';
import { withHeartbeat } from './attempts.js';

/** Rows of one insert. */
const batchSize = 500;

/** So many newcomers are looked up by their ids, instead of by going through all records and links for each rule. */
const fewRecords = 2_000;

/**
 * Proposes a link for every record that has none: with its counterpart where a rule finds exactly one, of one side only where there
 * is none. Records in a doubt get no link; the doubts become the plan's first items. Starts over when it is repeated.
 */
export const matchRecords =
  ({ sql, claims, connection }: Dependencies) =>
  async ({
    connectionId,
    planId,
  }: {
    connectionId: string;
    planId: number;
  }): Promise<{ linked: number; doubts: number }> =>
    await withHeartbeat(async () => {
      const scope = scopeOfBulk({ connectionId });
      const open = await connection(scope);
      const { matchRules, matchSettings } = open;
      // A run that was cut off can leave creations whose effect nobody knows. Both lists were just read: what they show is recognised
      // now, or it would look like a person known to one system only, and be created in the other as well.
      await settleCreations({ sql, claims, connection: open }, { planId, giveUp: false });
      await dropProposals(sql, scope, 'all');
      await clearItems(sql, planId);

      const doubtful = { yapla: new Set<string>(), yoplanning: new Set<string>() };
      for (const { system, id } of await doubtedTwins(sql, scope)) doubtful[system].add(id);
      const found = await freeRecords(sql, scope, fewRecords + 1);
      const among = found.length > fewRecords ? null : found;
      // Where many are new, PostgreSQL may know nothing of them yet. Where few are, they are looked up by their names.
      const refresh = async (...tables: string[]) => {
        if (among === null) await refreshStatistics(sql, tables);
      };
      await refresh('shadow', 'reading');
      // A snapshot of who is doubtful: the queries stream, and a rule's own doubts concern other groups.
      const now = (): Matching => ({
        scope,
        doubtful: systemNames.flatMap((system) => [...doubtful[system]].map((id) => ({ system, id }))),
        among,
      });
      const told = knowingApart(await apartPairs(sql, scope));
      const doubts: Doubt[] = [];
      let linked = 0;
      let proposals: Proposal[] = [];
      // While these are stored, the next groups are looked at.
      let storing = Promise.resolve();
      const store = async (batch: readonly Proposal[]) => {
        linked += await proposeLinks(sql, scope, batch, planId);
      };
      const flush = async () => {
        await storing;
        storing = store(proposals);
        storing.catch(() => undefined);
        proposals = [];
      };
      // What asks next for records without a link must know how many this connection has by now: where PostgreSQL has seen another
      // connection's links only, it takes this one for empty, and compares each record with each link.
      const endRule = async () => {
        await flush();
        await storing;
        await refresh('link');
      };
      const newcomers: Taking[] = [];
      const take = async (by: string, group: readonly Grouped[], result: GroupResult) => {
        for (const pair of result.links) {
          const place = group.find((one) => one.standing === 'open' && pair[one.system] === one.id);
          if (place !== undefined) {
            // The same person entered again, in the place of a record that is gone, or that may be: until that is proven, nobody is made.
            const system = otherSystem(place.system);
            const taking = { linkId: place.linkId!, system, id: pair[system], matchedBy: by };
            if (place.isSuspected) newcomers.push(taking);
            else await sql.begin(async (tx) => await takePlaces(tx, scope, [taking]));
            doubtful[system].add(pair[system]);
            doubtful[place.system].add(place.id);
            continue;
          }
          proposals.push({
            linkId: linkIdOf('yapla', pair.yapla),
            yaplaId: pair.yapla,
            yoplanningId: pair.yoplanning,
            matchedBy: by,
          });
        }
        for (const doubt of result.doubts) {
          // Two records of one system that look alike are only a question where both would be created on the other side.
          if (doubt.kind === 'duplicate' && matchSettings.duplicates === 'create') continue;
          doubts.push(doubt);
          for (const system of systemNames) for (const id of doubt[system]) doubtful[system].add(id);
        }
        if (proposals.length >= batchSize) await flush();
      };

      if (found.length > 0) {
        for (const { system, id, instead } of await returnedRecords(sql, now())) {
          await take('returned', [], { links: [], doubts: [returnedDoubt(system, id, instead)] });
        }
        const referring = await referencedCandidates(sql, now());
        await take('reference', referring, matchReferences(told(referring)));
        await endRule();
        // Who looks like somebody linked is that person entered again, or somebody else: made in the other system it could be a twin.
        for (const [index, rule] of matchRules.entries()) {
          if (!saysItAll(rule)) continue;
          for await (const group of groupsByKey(sql, now(), index, 'linkedBefore')) {
            await take(ruleName(rule), group, matchGroup(rule, told(group)));
          }
          await endRule();
        }
        for (const [index, rule] of matchRules.entries()) {
          for await (const group of groupsByKey(sql, now(), index)) {
            await take(ruleName(rule), group, matchGroup(rule, told(group)));
          }
          await endRule();
        }
        if (matchSettings.nameAlone === 'ask') {
          for await (const group of groupsByKey(sql, now(), matchRules.length)) {
            await take('name', group, matchNameAlone(told(group)));
          }
        }
      }
      await keepNewcomers(sql, scope, newcomers);
      const idsOf = (records: readonly RecordName[], system: SystemName) =>
        records.flatMap((one) => (one.system === system ? [one.id] : []));
      await proposeUnmatched(
        sql,
        scope,
        { yapla: [...doubtful.yapla], yoplanning: [...doubtful.yoplanning] },
        among && { yapla: idsOf(among, 'yapla'), yoplanning: idsOf(among, 'yoplanning') },
        planId,
      );
      await refresh('link');
      await attachUnreadable(sql, scope);

      for (let at = 0; at < doubts.length; at += batchSize) {
        await addItems(
          sql,
          planId,
          'local',
          doubts.slice(at, at + batchSize).map((doubt, index) => ({
            n: at + index + 1,
            kind: 'doubt',
            linkId: null,
            decision: doubt,
            version: null,
          })),
        );
      }
      return { linked, doubts: doubts.length };
    });
