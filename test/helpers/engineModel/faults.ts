/** Faults that are put in on purpose around the real engine, to show that the properties find them. */
import { LinkClaims, type Claim } from '../../../src/link/claims.js';
import type { Scope } from '../../../src/core/record.js';
import type { Sql } from '../../../src/store/database.js';
import type { CreateResult, System } from '../../../src/systems/system.js';
import type { EngineWorld, Worker } from './world.js';

export type Fault =
  | 'events handled before what they told is recorded'
  | 'claims that never hold'
  | 'settled at a version that moved'
  | 'writes not journalled'
  | 'creations forgotten'
  /** The server alone is at fault here: the engine must tell of it. */
  | 'server forgets what is not mapped'
  | 'server forgets what is not mapped, and nobody looks'
  /** Of GraphQL (graphqlSystem.ts). */
  | 'errors beside data taken for success'
  | 'an empty node taken for gone'
  | 'the id of a creation not taken over'
  | 'a creation whose answer is an error is sent again';

/** Of live work: bulk runs are to repair what they can. */
const inLiveWorkOnly: readonly Fault[] = [
  'events handled before what they told is recorded',
  'claims that never hold',
  'creations forgotten',
];

/** A worker that has this fault. */
export function withFault(world: EngineWorld, fault: Fault, worker: Worker, work: 'live' | 'bulk'): Worker {
  if (work === 'bulk' && inLiveWorkOnly.includes(fault)) return worker;
  const { sql, connectionId } = world;
  switch (fault) {
    case 'events handled before what they told is recorded':
      return before(worker, async () => {
        await sql`
          update inbox set handled_at = now()
           where connection_id = ${connectionId} and link_id is not null and handled_at is null`;
      });
    case 'claims that never hold':
      return { ...worker, claims: new NoClaims(sql) };
    case 'settled at a version that moved':
      return after(worker, async () => {
        await sql`update link set settled_version = version where connection_id = ${connectionId} and state = 'active'`;
      });
    case 'writes not journalled':
      return after(worker, async () => {
        await sql`
          delete from journal j where j.connection_id = ${connectionId}
             and not exists (select 1 from journal_outcome o where o.journal_id = j.id)`;
      });
    case 'creations forgotten':
      return after(worker, async () => {
        await sql`delete from intent where connection_id = ${connectionId}`;
      });
    case 'server forgets what is not mapped':
    case 'errors beside data taken for success':
    case 'an empty node taken for gone':
      return worker;
    case 'the id of a creation not taken over':
      return withCreate(worker, async (create) => {
        // The new record is known under the id that it was made from: the other system's.
        const { record, ...rest } = await create();
        return { ...rest, record: record && { ...record, id: record.externalReference! } };
      });
    case 'a creation whose answer is an error is sent again':
      return withCreate(worker, (create) => create().catch(create));
    case 'server forgets what is not mapped, and nobody looks': {
      const { yapla, yoplanning } = worker.connection.systems;
      const systems = { yapla: blind(yapla), yoplanning: blind(yoplanning) };
      return { ...worker, connection: { ...worker.connection, systems } };
    }
  }
}

function before(worker: Worker, act: () => Promise<void>): Worker {
  return withBegin(worker, async (begin) => {
    await act();
    return await begin();
  });
}

function after(worker: Worker, act: () => Promise<void>): Worker {
  return withBegin(worker, async (begin) => {
    const result = await begin();
    await act();
    return result;
  });
}

/** Something else happens around each transaction. */
function withBegin(worker: Worker, around: <T>(begin: () => Promise<T>) => Promise<T>): Worker {
  const begin: Sql['begin'] = (work) => around(() => worker.sql.begin(work));
  const sql = new Proxy(worker.sql, {
    get: (target, key) => (key === 'begin' ? begin : (Reflect.get(target, key) as unknown)),
  });
  return { ...worker, sql };
}

class NoClaims extends LinkClaims {
  override claim(_: Scope, linkIds: readonly string[]): Promise<Claim> {
    const nothing = () => Promise.resolve();
    return Promise.resolve({ linkIds: new Set(linkIds), verify: nothing, release: nothing });
  }
}

function blind(system: System): System {
  const update: System['update'] = async (...asked) => {
    const result = await system.update(...asked);
    return result.outcome === 'written' ? { ...result, unmappedChanged: [] } : result;
  };
  return new Proxy(system, {
    get: (target, key) => (key === 'update' ? update : (Reflect.get(target, key) as unknown)),
  });
}

/** Creations in Yapla happen otherwise. */
function withCreate(worker: Worker, around: (create: () => Promise<CreateResult>) => Promise<CreateResult>): Worker {
  const { connection } = worker;
  const { systems } = connection;
  const create: System['create'] = (request, ask) => around(() => systems.yapla.create(request, ask));
  const yapla = new Proxy(systems.yapla, {
    get: (target, key) => (key === 'create' ? create : (Reflect.get(target, key) as unknown)),
  });
  return { ...worker, connection: { ...connection, systems: { ...systems, yapla } } };
}
