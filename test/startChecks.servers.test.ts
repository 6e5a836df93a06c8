/** What a worker looks at when it starts: documents of GraphQL are held against the account's schema before anything is to be written. */
import { afterEach, expect, test } from '@jest/globals';
import type { ConnectionConfig } from '../src/config/schema.js';
import { credentialsOf } from '../src/connection.js';
import { resumeConnection } from '../src/cli/resume.js';
import { linkedPerson, until, untilHolds } from './helpers/live.js';
import { graphqlOf } from './helpers/logIn.js';
import { startPasserelle, type TestPasserelle } from './helpers/passerelle.js';

let house: TestPasserelle;
afterEach(async () => await house.stop());

const schemaRequests = async () => (await house.sandbox.control.counts()).yapla.byKind.schema;

async function writesStopped(): Promise<string | null> {
  const { yapla } = await credentialsOf(house.sql, house.connection);
  const [row] = await house.sql<{ reason: string | null }[]>`
    select writes_stopped_reason as reason from budget where credential = ${yapla}`;
  return row?.reason ?? null;
}

/** A worker that has looked says so. */
const looked = async (n: number) =>
  void (await until(
    () =>
      Promise.resolve(
        house.logLines.filter((line) => line.includes(house.connectionId) && line.includes('what is configured'))
          .length,
      ),
    (lines) => lines >= n,
  ));

const withUpdate = (connection: ConnectionConfig, change: (document: string) => string): ConnectionConfig => {
  const write = graphqlOf(connection);
  const { update } = write;
  return {
    ...connection,
    yapla: { ...connection.yapla, write: { ...write, update: { ...update, document: change(update.document) } } },
  };
};

test('stops the writes by what does not fit, before anybody changes anything; asks once, and not again while that is fresh', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 3, shared: 2 } },
    connection: { write: 'graphql' },
    live: true,
  });
  await until(schemaRequests, (n) => n === 1);
  await looked(1);
  await (await house.startBulk()).result();
  const right = house.connection;

  // A restart costs nothing: what was told is kept.
  await house.reconfigure((connection) => connection);
  await looked(2);
  expect(await schemaRequests()).toBe(1);
  expect(await writesStopped()).toBeNull();

  // What does not fit is held against a fresh one.
  await house.reconfigure((connection) =>
    withUpdate(connection, (document) => document.replace('updateMember(', 'renameMember(')),
  );
  const reason = await until(writesStopped, (text) => text !== null);
  expect(reason).toContain('yapla.write.update.document');
  expect(reason).toContain('renameMember');
  expect(await schemaRequests()).toBe(2);
  expect((await house.sandbox.control.counts()).yapla.byKind).toMatchObject({ write: 0, create: 0 });

  // Yapla is read on, and Yoplanning is written.
  const { yapla, yoplanning } = await linkedPerson(house);
  await house.sandbox.control.edit('yapla', yapla, { city: 'Rennes' });
  await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
  await house.sandbox.control.edit('yoplanning', yoplanning, { postalCode: '29200' });

  await house.reconfigure(() => right);
  await resumeConnection(
    { client: house.client, sql: house.sql, connections: house.config.connections },
    house.connectionId,
  );
  await untilHolds(house, 'yapla', yapla, { city: 'Rennes', postalCode: '29200' });
  expect(await schemaRequests()).toBe(2);
});

test('where nobody is logged in nothing is asked and nothing is stopped', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 3, shared: 2 } },
    connection: { write: 'graphql' },
    loggedIn: false,
  });
  await looked(1);
  expect((await house.sandbox.control.counts()).yapla.requests).toBe(0);
  const { yapla } = await credentialsOf(house.sql, house.connection);
  const rows = await house.sql<{ stopped: string | null }[]>`
    select coalesce(stopped_reason, writes_stopped_reason) as stopped from budget where credential = ${yapla}`;
  expect(rows.map(({ stopped }) => stopped)).toEqual([null]);
});
