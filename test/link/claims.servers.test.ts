import { personsOf } from '../../src/core/record.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { ClaimLost, LinkClaims, type Claim } from '../../src/link/claims.js';
import { freshDatabase, type FreshDatabase } from '../helpers/servers.js';
import { waitFor } from '../embedded/waitFor.js';

let database: FreshDatabase;
let admin: Sql;
let here: { sql: Sql; claims: LinkClaims };
let there: { sql: Sql; claims: LinkClaims };

/** One process: a pool of its own. */
function process(name: string) {
  const sql = openDatabase(database.url, { maxConnections: 2, applicationName: name });
  return { sql, claims: new LinkClaims(sql) };
}

beforeAll(async () => {
  database = await freshDatabase();
  admin = openDatabase(database.url, { maxConnections: 1, applicationName: 'admin' });
});
beforeEach(() => {
  here = process('here');
  there = process('there');
});
afterEach(async () => {
  for (const { sql, claims } of [here, there]) {
    await claims.close();
    await sql.end({ timeout: 5 });
  }
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

/** Cuts the connection that holds the claims of a process. */
async function cut(name: string): Promise<void> {
  await admin`
    select pg_terminate_backend(a.pid, 5000) from pg_stat_activity a
     where a.application_name = ${name} and exists (select 1 from pg_locks l where l.pid = a.pid and l.locktype = 'advisory')`;
}

describe('a claim on a link', () => {
  test('is given to one process only, until it is released', async () => {
    const mine = await here.claims.claim(personsOf('club'), ['yapla:1', 'yapla:2']);
    expect([...mine.linkIds]).toEqual(['yapla:1', 'yapla:2']);
    expect([...(await there.claims.claim(personsOf('club'), ['yapla:2', 'yapla:3'])).linkIds]).toEqual(['yapla:3']);
    await mine.release();
    expect([...(await there.claims.claim(personsOf('club'), ['yapla:2'])).linkIds]).toEqual(['yapla:2']);
  });

  test('is refused a second time within one process, where Postgres alone would grant it', async () => {
    const first = await here.claims.claim(personsOf('club'), ['yapla:1']);
    const second = await here.claims.claim(personsOf('club'), ['yapla:1', 'yapla:1']);
    expect(second.linkIds.size).toBe(0);
    await second.release();
    expect((await there.claims.claim(personsOf('club'), ['yapla:1'])).linkIds.size).toBe(0);
    await first.release();
    expect((await here.claims.claim(personsOf('club'), ['yapla:1'])).linkIds.size).toBe(1);
  });

  test('concerns one connection: the same id in another is another link', async () => {
    await here.claims.claim(personsOf('club'), ['yapla:1']);
    expect((await there.claims.claim(personsOf('other'), ['yapla:1'])).linkIds.size).toBe(1);
  });
});

describe('the question whether claims still stand', () => {
  /** Calls back at each statement that is made for the session that will hold the claims of a process: it is sent at once. */
  function watch({ sql }: { sql: Sql }, onSent: (statement: string) => void): void {
    const { openSession } = sql;
    Object.assign(sql, {
      openSession: async () => {
        const session = await openSession();
        return new Proxy(session, {
          apply: (tag, _, [strings, ...values]: [TemplateStringsArray, ...string[]]) => {
            onSent(strings.join('?'));
            return tag(strings, ...values);
          },
        });
      },
    });
  }

  test('is asked once for all who ask at the same time', async () => {
    const sent: string[] = [];
    watch(here, (statement) => sent.push(statement));
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, n) => here.claims.claim(personsOf('club'), [`yapla:${n}`])),
    );
    sent.length = 0;
    await Promise.all([...claims, ...claims].map((claim) => claim.verify()));
    expect(sent).toEqual(['select 1']);
  });

  test('is asked again for whoever comes after it was sent: an answer to an earlier question says nothing of now', async () => {
    let sent = 0;
    let claim: Claim | null = null;
    const later: Promise<void>[] = [];
    watch(here, () => {
      sent += 1;
      if (claim !== null && later.length === 0) later.push(claim.verify());
    });
    claim = await here.claims.claim(personsOf('club'), ['yapla:1']);
    sent = 0;
    await claim.verify();
    await Promise.all(later);
    expect(sent).toBe(2);
    await claim.verify();
    expect(sent).toBe(3);
  });

  test('is answered with no to all who asked together, where the session is gone', async () => {
    const claims = await Promise.all(
      ['1', '2', '3'].map((id) => here.claims.claim(personsOf('club'), [`yapla:${id}`])),
    );
    await cut('here');
    const answers = await Promise.allSettled(claims.map((claim) => claim.verify()));
    for (const answer of answers) expect(answer).toMatchObject({ reason: expect.any(ClaimLost) });
  });
});

describe('when the connection that holds the claims breaks', () => {
  test('they are free for others at once, and their holder finds out before it writes', async () => {
    const lost = await here.claims.claim(personsOf('club'), ['yapla:1']);
    await expect(lost.verify()).resolves.toBeUndefined();
    await cut('here');
    const taken = await there.claims.claim(personsOf('club'), ['yapla:1']);
    expect(taken.linkIds.size).toBe(1);
    await expect(lost.verify()).rejects.toBeInstanceOf(ClaimLost);
    await expect(taken.verify()).resolves.toBeUndefined();
  });

  test('a claim made afterwards does not make a lost one good again, and the loser releases nothing of it', async () => {
    const lost = await here.claims.claim(personsOf('club'), ['yapla:1', 'yapla:2']);
    await cut('here');
    await expect(lost.verify()).rejects.toBeInstanceOf(ClaimLost);
    const again = await here.claims.claim(personsOf('club'), ['yapla:1']);
    expect(again.linkIds.size).toBe(1);
    await expect(lost.verify()).rejects.toBeInstanceOf(ClaimLost);
    await lost.release();
    await expect(again.verify()).resolves.toBeUndefined();
    expect((await there.claims.claim(personsOf('club'), ['yapla:1'])).linkIds.size).toBe(0);
  });

  test('no lock is left behind on a connection that the client re-opened by itself', async () => {
    await here.claims.claim(personsOf('club'), ['yapla:1']);
    await cut('here');
    // Nobody has noticed yet: the first to ask is the next to claim.
    await expect(here.claims.claim(personsOf('club'), ['yapla:2'])).rejects.toBeInstanceOf(ClaimLost);
    expect((await there.claims.claim(personsOf('club'), ['yapla:1', 'yapla:2'])).linkIds.size).toBe(2);
    await there.claims.close();
    // PostgreSQL gives a session's locks back a moment after its connection is closed.
    await waitFor('the lock is given back', async () => {
      const { linkIds } = await here.claims.claim(personsOf('club'), ['yapla:1']);
      return linkIds.size === 1;
    });
  });
});
