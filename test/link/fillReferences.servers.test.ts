import { expect, test } from '@jest/globals';
import { answerCase } from '../../src/cases/answers.js';
import { fillReferences } from '../../src/link/fillReferences.js';
import { LinkClaims } from '../../src/link/claims.js';
import { pairHashes } from '../../src/link/view.js';
import { listOpenCases, openCases } from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import { agree, pairsByIds } from '../../src/store/links.js';
import type { System } from '../../src/systems/system.js';
import { scriptedConnection } from '../helpers/scriptedSystem.js';
import { propose, scanAll } from '../helpers/seededStore.js';
import { uniqueName } from '../helpers/servers.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
storeTest('references test', (store) => ({ sql } = store));

const zoe = { firstName: 'Zoé', phone: '+33612345678', city: 'Lyon' };

test('a form of the server’s own is nobody’s change, also where a person answers while the reference is stored', async () => {
  const connection = scriptedConnection(uniqueName('club'));
  const limits = { requestsPerDay: null };
  Object.assign(connection.config, { yapla: { limits }, yoplanning: { limits } });
  Object.assign(connection.config.bulk, { chunkItems: 10 });
  const { yapla, yoplanning } = connection.systems;
  yapla.put('a1', zoe, 'b1');
  yoplanning.put('b1', zoe);
  await scanAll(sql, connection);
  const [linkId] = (await propose(sql, connection, [['a1', 'b1']])) as [string];
  await agree(sql, connection.scope, [{ linkId, base: connection.hash(zoe), baseFields: zoe }]);
  await openCases(sql, connection.scope, null, [
    { kind: 'frozen', subject: linkId, field: 'phone', linkId, details: {} },
  ]);

  const update: System['update'] = async (id, merge, _ask, reference) => {
    const before = yoplanning.records.get(id)!;
    merge(before);
    const [one] = await listOpenCases(sql, connection.scope);
    await answerCase(sql, one!.id, { take: 'yapla' }, 'ann');
    const after = yoplanning.put(id, { ...before.fields, city: 'LYON' }, reference);
    return { outcome: 'written', before, after, answered: true, gapMs: 0, unmappedChanged: [], requestId: 'request' };
  };
  Object.assign(yoplanning, { update });
  const claims = new LinkClaims(sql);
  expect(await fillReferences({ sql, claims, connection, cancelled: () => false })).toBe(1);
  await claims.close();
  const pair = (await pairsByIds(sql, connection.scope, [linkId])).get(linkId)!;
  expect(pair.shadows.yoplanning!.fields['city']).toBe('LYON');
  expect(pairHashes(pair).yoplanning).toEqual(connection.hash(zoe));
});
