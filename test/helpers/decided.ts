/** What a link needs as its two records stand, by the real view and the real core: for tests that begin at a pair. */
import { decide, type Decision } from '../../src/core/decide.js';
import type { FieldDefinition } from '../../src/core/record.js';
import type { LinkedPair } from '../../src/store/links.js';
import type { LinkState } from '../../src/store/linkState.js';
import { viewOf } from '../../src/link/view.js';
import { scriptedConnection } from './scriptedSystem.js';

/** A link about which nobody asked, answered or sent anything. */
export function quietState(pair: LinkedPair): LinkState {
  const nothing = {
    cases: [],
    answers: [],
    guarded: [],
    intents: [],
    waiting: [],
    declined: new Set<string>(),
    rules: {},
  };
  return { ...nothing, pair, writes: { open: [], lately: [] } };
}

export function decideOn(pair: LinkedPair, fields: readonly FieldDefinition[]): Decision {
  const view = viewOf({ ...scriptedConnection('club'), fields }, quietState(pair), 'gone');
  return decide({ base: view.base, yapla: view.yapla, yoplanning: view.yoplanning, fields: view.fields });
}
