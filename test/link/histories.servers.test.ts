/** The model's random histories through the real engine, on the real PostgreSQL: they end as docs/how-it-works.md says. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { besides, runEngineHistory, type Besides, type Crash } from '../helpers/engineModel.js';
import type { Fault } from '../helpers/engineModel/faults.js';
import { encounters, histories, plainSetting, Violation, type Action, type History } from '../helpers/liveModel.js';
import { checkProperty, wholeNumber } from '../helpers/property.js';
import { freshDatabase, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let keyed: Sql;
beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 8, applicationName: 'histories test' });
  keyed = sql.another({ plans: 'kept' });
});
afterAll(async () => {
  await keyed.end({ timeout: 5 });
  await sql.end({ timeout: 5 });
  await database.drop();
});

/** A history, and what it has no words for. */
interface Run {
  readonly history: History;
  readonly beside: Besides;
}

const runs: fc.Arbitrary<Run> = fc.record({
  history: fc.oneof({ weight: 3, arbitrary: histories }, { weight: 1, arbitrary: encounters }),
  beside: besides,
});

/** Each costs PostgreSQL a tenth of a second: fewer in the quick run, whose model draws a thousand of the same. */
const ordinarily = process.env['PASSERELLE_LONG'] === undefined ? 40 : 150;

const property = (fault: Fault | null) =>
  fc.asyncProperty(runs, ({ history, beside }) => runEngineHistory({ sql, keyed }, history, beside, fault));

test('whatever people do and whatever is lost, repeated, late or cut off, every history ends in sync or in a question, through the real engine', async () => {
  await checkProperty(property(null), { numRuns: wholeNumber('PASSERELLE_ENGINE_HISTORIES', ordinarily) });
});

describe('the property finds a fault that is put in on purpose', () => {
  /** A history of nobody but whom it enters, found by a search of some hundred and shortened by hand: the search would take minutes. */
  const example = (linkedPeople: number, crash: Crash, actions: readonly Action[]): Run => ({
    history: { setting: { ...plainSetting, linkedPeople }, actions },
    beside: { crashes: [crash], duringBulk: [] },
  });
  const enter: Action = { do: 'enter', system: 'yoplanning', person: 0 };
  const work: Action = { do: 'work', nth: 0, steps: 12 };
  const crash: Action = { do: 'crash', nth: 0 };
  const bring = (steps: number): Action => ({ do: 'bring', nth: 0, steps });

  /** Whether a fault is found must not depend on the day. */
  const seed = 1;
  test.each<readonly [Fault, RegExp, Run | null]>([
    ['events handled before what they told is recorded', /^8:/, null],
    ['writes not journalled', /^3:/, null],
    ['server forgets what is not mapped, and nobody looks', /^5:/, null],
    // A creation is about to be recorded, and somebody else takes over.
    ['claims that never hold', /^4:/, example(0, 'lapse', [enter, bring(6), crash, work])],
    // A creation took effect, and its worker dies before it is answered.
    ['creations forgotten', /^4:/, example(0, 'kill', [enter, bring(9), crash, work])],
    [
      'settled at a version that moved',
      /^1:/,
      example(1, 'kill', [
        { do: 'edit', system: 'yapla', person: 0, field: 'city', nth: 2 },
        { do: 'lose', nth: 0 },
      ]),
    ],
  ])('%s', async (fault, expected, found) => {
    const examples: [Run][] = found === null ? [] : [[found]];
    const details = await fc.check(property(fault), { seed, examples, numRuns: 40, endOnFailure: true });
    expect(details.errorInstance).toBeInstanceOf(Violation);
    expect((details.errorInstance as Violation).message).toMatch(expected);
  });

  test('but a server that forgets what is not mapped is told of: no history ends without the canary’s case', async () => {
    const { failed, errorInstance } = await fc.check(property('server forgets what is not mapped'), {
      seed,
      numRuns: 15,
    });
    expect({ failed, errorInstance }).toEqual({ failed: false, errorInstance: null });
  });

  test('and none in what of these examples is no fault', async () => {
    for (const steps of [5, 6, 7, 8, 9, 10]) {
      for (const how of ['lapse', 'kill', 'fail'] as const) {
        const { history, beside } = example(0, how, [enter, bring(steps), crash, work]);
        await runEngineHistory({ sql, keyed }, history, beside);
      }
    }
  });
});
