/** A connection that writes to Yapla by GraphQL, whole: bulk, live, and a token that ends meanwhile. */
import { afterEach, expect, test } from '@jest/globals';
import { expectProven } from '../helpers/books.js';
import { linkedPerson, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';
import { createTokenStore, type StoredToken } from '../../src/store/oauthTokens.js';
import { graphqlOf, logInto } from '../helpers/logIn.js';

const startPasserelle = neighbours();
const people = { seed: 11, yapla: 5, yoplanning: 6, shared: 10, differing: 6, duplicates: { yapla: 1, yoplanning: 1 } };

let house: TestPasserelle;
afterEach(async () => await house.stop());

const stored = async () =>
  (await createTokenStore(house.sql, house.connectionId, graphqlOf(house.connection).oauth).read()) as StoredToken;

test('both sides agree after a bulk sync, a change travels each way, and none of it by REST 2.0', async () => {
  house = await startPasserelle({ sandbox: { people }, connection: { write: 'graphql' } });
  const first = await (await house.startBulk()).result();
  expect(first).toMatchObject({ outcome: 'applied', differences: 0 });
  await expectProven(house);

  await house.startReceiver();
  const { yapla, yoplanning } = await linkedPerson(house);
  const { control } = house.sandbox;
  await control.edit('yapla', yapla, { city: 'Rennes' });
  await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
  await control.expireSessions();
  await control.edit('yoplanning', yoplanning, { city: 'Brest', email: null });
  await untilHolds(house, 'yapla', yapla, { city: 'Brest', email: null });
  const newcomer = await control.add('yoplanning', { firstName: 'Noor', lastName: 'Toute-Neuve', city: 'Douarnenez' });
  const all = await until(
    () => control.records('yapla'),
    (records) => records.some(({ person }) => person.lastName === 'Toute-Neuve'),
  );
  expect(all.filter(({ person }) => person.lastName === 'Toute-Neuve')).toHaveLength(1);
  expect(newcomer).toBeTruthy();
  await untilQuiet(house);
  const token = await stored();
  expect(token.version).toBe(2);
  const log = await house.sql<{ kind: string }[]>`
    select distinct kind from request_log where method in ('POST', 'PUT', 'PATCH') and kind not like '/teams%'`;
  expect(log.map(({ kind }) => kind).filter((kind) => !kind.startsWith('graphql') && kind !== '/oauth/token')).toEqual(
    [],
  );
  const secrets = [token.accessToken, token.refreshToken!];
  const logged = house.logLines.join('\n');
  for (const secret of secrets) expect(logged).not.toContain(secret);
});

test('whose login ends is stopped with the command that mends it, and goes on after it', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 3, shared: 2 } },
    connection: { write: 'graphql' },
  });
  await (await house.startBulk()).result();
  await house.startReceiver();
  const { yapla, yoplanning } = await linkedPerson(house);
  const { control } = house.sandbox;
  await control.endLogins();
  await control.edit('yoplanning', yoplanning, { city: 'Brest' });
  const reason = async () => {
    const [row] = await house.sql<{ reason: string | null }[]>`
      select stopped_reason as reason from budget where ${house.connectionId} = any(connections) and credential like 'yapla:%'`;
    return row?.reason ?? null;
  };
  const told = await until(reason, (text) => text !== null);
  expect(told).toContain(`passerelle login ${house.connectionId}`);
  // A person mends it later: what was under way has come to its end by then.
  const stopped = `PasserelleConnection = '${house.connectionId}' AND ExecutionStatus = 'Running' AND PasserelleState = 'stopped'`;
  await until(
    async () => (await house.client.workflow.count(stopped)).count,
    (n) => n === 1,
  );
  await logInto(house.sql, house.connectionId, house.connection);
  await untilHolds(house, 'yapla', yapla, { city: 'Brest' });
});
