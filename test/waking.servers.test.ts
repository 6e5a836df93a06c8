/** When those who wait for a credential are told to look again; what they do then is asked on the whole (workflows/syncRecord.waiting). */
import { WorkflowNotFoundError } from '@temporalio/client';
import { beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { configSchema } from '../src/config/schema.js';
import { openConnection } from '../src/connection.js';
import { personsOf } from '../src/core/record.js';
import { sandboxConnection } from '../src/sandbox/connections.js';
import { liftStop, seenStops } from '../src/store/budgetStops.js';
import type { Sql } from '../src/store/database.js';
import { Waking, type WakingOptions } from '../src/waking.js';
import { uniqueName } from './helpers/servers.js';
import { storeTest } from './helpers/storeTest.js';

let sql: Sql;
storeTest('waking test', (store) => ({ sql } = store));

const nowhere = 'http://127.0.0.1:9';
const addresses = { yapla: nowhere, yoplanning: nowhere, control: nowhere };

/** How often somebody was looked for, to be told. */
let told: number;
const client = {
  workflow: {
    async *list() {
      told += 1;
    },
    getHandle: (id: string) => ({ signal: () => Promise.reject(new WorkflowNotFoundError('none', id, undefined)) }),
  },
} as unknown as WakingOptions['client'];
beforeEach(() => {
  told = 0;
});

/** How often a look told somebody. */
async function look(waking: Waking): Promise<boolean> {
  const before = told;
  await waking.look();
  return told > before;
}

test('a credential that is read again wakes those who wait, though its writes are still stopped; and once more when they are not', async () => {
  const { connections } = configSchema.parse({
    connections: { club: sandboxConnection(addresses, { credentials: { yaplaKey: uniqueName('key') } }) },
  });
  const open = await openConnection(sql, personsOf('club'), connections['club']!);
  const { yapla } = open.credentials;
  const waking = new Waking({ sql, client, connections, log: pino({ level: 'silent' }) });
  try {
    expect(await look(waking)).toBe(false);
    await open.budgets.yapla.stop('403 on PUT /members/1', 'writes');
    expect(await look(waking)).toBe(false);
    await open.budgets.yapla.stop('401 on GET /members');
    expect(await look(waking)).toBe(false);
    const [all, writes] = await seenStops(sql, yapla);
    await liftStop(sql, yapla, all!);
    expect([await look(waking), await look(waking), await look(waking)]).toEqual([true, true, false]);
    await liftStop(sql, yapla, writes!);
    expect([await look(waking), await look(waking), await look(waking)]).toEqual([true, true, false]);
  } finally {
    await open.close();
  }
});
