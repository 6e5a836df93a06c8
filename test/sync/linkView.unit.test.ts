import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { heldBy, kinds, questionsOf, withoutHeld, type CaseKind } from '../../src/cases/index.js';
import { decideLive } from '../../src/core/live.js';
import { systemNames } from '../../src/core/record.js';
import type { LinkState } from '../../src/store/linkState.js';
import type { LinkedPair } from '../../src/store/links.js';
import { decideLink, pairHashes } from '../../src/sync/decideLink.js';
import { viewOf } from '../../src/sync/linkView.js';
import { scriptedConnection } from '../helpers/scriptedSystem.js';

const connection = scriptedConnection('club');
const every = Object.keys(kinds) as CaseKind[];

const value = fc.constantFrom(null, 'a', 'b');
const record = fc.record({ firstName: value, phone: value, city: value });
const hashes = fc.record({ yapla: fc.option(record), yoplanning: fc.option(record) });
const open = fc.record({
  kind: fc.constantFrom(...every),
  field: fc.constantFrom('phone', 'city'),
  // As it is now, or as it was at another time.
  saw: fc.constantFrom('now', 'another time', 'nothing'),
});

/** In both systems, or in one of them only. */
const people = hashes.filter(({ yapla, yoplanning }) => yapla !== null || yoplanning !== null);

test('live work and bulk hold the same back, whatever cases are open', () => {
  fc.assert(
    fc.property(people, fc.option(record), fc.array(open, { maxLength: 4 }), hashes, (now, base, cases, then) => {
      const ids = { yapla: now.yapla && '1', yoplanning: now.yoplanning && 'x' };
      const shadow = (system: 'yapla' | 'yoplanning') => {
        const id = ids[system];
        if (id === null) return null;
        return connection.shadowOf(connection.systems[system].put(id, now[system]!));
      };
      const pair: LinkedPair = {
        linkId: 'yapla:1',
        ids,
        state: 'active',
        base: base && connection.hash(base),
        baseFields: base,
        equal: {},
        shadows: { yapla: shadow('yapla'), yoplanning: shadow('yoplanning') },
        unseen: { yapla: false, yoplanning: false },
      };
      const another = {
        yapla: then.yapla && connection.hash(then.yapla),
        yoplanning: then.yoplanning && connection.hash(then.yoplanning),
      };
      const saw = { now: pairHashes(pair), 'another time': another, nothing: null };
      const state: LinkState = {
        pair,
        at: '',
        cases: cases.map((one, id) => ({
          id,
          kind: one.kind,
          field: kinds[one.kind].about === 'field' ? one.field : '',
          saw: saw[one.saw],
          take: null,
        })),
        answers: [],
        intents: [],
        declined: new Set(),
        rules: {},
        wasIntended: false,
      };

      const view = viewOf(connection, state);
      const live = decideLive(view, ['yapla', 'yoplanning']);
      const bulk = withoutHeld(
        connection.allowed(decideLink(pair, connection.fields)),
        heldBy(state.cases, pairHashes(pair)),
      );
      for (const system of systemNames) expect([...live.write[system]].sort()).toEqual([...bulk.write[system]].sort());
      expect([...live.conflicts].sort()).toEqual([...bulk.conflicts].sort());
      expect([live.create, live.gone]).toEqual([bulk.create, bulk.gone]);
      expect(view.openCases).toBe(questionsOf(state.cases).length);
    }),
    { seed: 20_261_129, numRuns: 500 },
  );
});
