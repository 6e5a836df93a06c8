/**
 * Random histories of a connection whose Yapla is read one by one and written by GraphQL (`yapla.write.mode: graphql`), through the real
 * engine, on the real PostgreSQL: the writer, its judge of answers and its session are the real ones. The server answers without the record,
 * with errors beside data or in its place, with an empty node, and lets tokens end, between the read and the write of an update, too.
 *
 * The properties read as by REST, except that a member whose answer was empty stands in a question until a list or an event shows it.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { besides, type EngineAction, graphqlHistories, runEngineHistory } from '../helpers/engineModel.js';
import type { Fault } from '../helpers/engineModel/faults.js';
import { plainSetting, Violation } from '../helpers/liveModel.js';
import type { GraphqlWays, Mishap } from '../helpers/liveModel/setting.js';
import { checkProperty, wholeNumber } from '../helpers/property.js';
import { freshDatabase, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let keyed: Sql;
beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 8, applicationName: 'graphql histories test' });
  keyed = sql.another({ plans: 'kept' });
});
afterAll(async () => {
  await keyed.end({ timeout: 5 });
  await sql.end({ timeout: 5 });
  await database.drop();
});

/** In the long run it is looked at more closely. */
const ordinarily = process.env['PASSERELLE_LONG'] === undefined ? 12 : 100;

const runs = fc.record({ history: graphqlHistories, beside: besides });

test('whatever GraphQL answers, every history ends in sync or in a question, through the real engine', async () => {
  await checkProperty(
    fc.asyncProperty(fc.noShrink(runs), ({ history, beside }) => runEngineHistory({ sql, keyed }, history, beside)),
    { numRuns: wholeNumber('PASSERELLE_GRAPHQL_HISTORIES', ordinarily) },
  );
});

describe('the property finds a fault that is put in on purpose', () => {
  const settle: EngineAction = { do: 'settle' };
  const edited: readonly EngineAction[] = [{ do: 'edit', system: 'yapla', person: 0, field: 'club', nth: 1 }, settle];
  const entered: readonly EngineAction[] = [{ do: 'enter', system: 'yoplanning', person: 1 }, settle];

  interface Example {
    readonly mishap: Mishap | null;
    readonly actions: readonly EngineAction[];
    readonly neverWithout?: boolean;
  }

  async function run({ mishap, actions, neverWithout = false }: Example, fault: Fault | null = null) {
    const mishaps = [mishap];
    const graphql: GraphqlWays = { renames: true, created: 'member', showsUpdated: true, neverWithout, mishaps };
    const setting = { ...plainSetting, yapla: { writes: 'graphql', reads: 'one', graphql } } as const;
    await runEngineHistory({ sql, keyed }, { setting, actions }, { crashes: ['kill'], duringBulk: [] }, fault);
  }

  const examples: readonly (readonly [Fault, RegExp, Example])[] = [
    ['errors beside data taken for success', /^[28]:/, { mishap: 'field fails', actions: edited }],
    ['an empty node taken for gone', /^[68]:/, { mishap: 'empty', actions: edited }],
    ['the id of a creation not taken over', /^[468]:/, { mishap: null, actions: entered }],
    ['a creation whose answer is an error is sent again', /^4:/, { mishap: 'fails after', actions: entered }],
  ];

  test.each(examples)('%s', async (fault, expected, example) => {
    const found = await run(example, fault).catch((error: unknown) => error);
    expect(found).toBeInstanceOf(Violation);
    expect((found as Violation).message).toMatch(expected);
  });

  test('and none where there is none', async () => {
    for (const [, , example] of examples) await run(example);
  });

  test('nor where something within a member is not found, read or made', async () => {
    for (const mishap of ['field not found', 'record not shown'] as const) {
      for (const neverWithout of [false, true]) {
        for (const actions of [edited, entered]) await run({ mishap, actions, neverWithout });
      }
    }
  });
});
