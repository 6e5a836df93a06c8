/** Values that wait for an import, through the engine's own code and PostgreSQL's triggers. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CanonicalFields } from '../../src/core/record.js';
import { closeCase } from '../../src/cases/answers.js';
import { findLinkState, pairHashes } from '../../src/store/linkState.js';
import { listOpenCases } from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import { markDone, openBatches } from '../../src/store/importBatches.js';
import { agree } from '../../src/store/links.js';
import { upsertShadows } from '../../src/store/shadows.js';
import { judgeBatch, makeBatches } from '../../src/link/importBatches.js';
import { wholeStep } from '../../src/link/view.js';
import { done, importingConnection, see, valuesOf, work } from '../helpers/imports.js';
import { checkProperty } from '../helpers/property.js';
import type { ScriptedConnection } from '../helpers/scriptedSystem.js';
import { propose, scanAll } from '../helpers/seededStore.js';
import { uniqueName } from '../helpers/servers.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let connection: ScriptedConnection;
storeTest('waiting test', (store) => ({ sql } = store));

const base = { firstName: 'Zoé', phone: '+33612345678', city: 'Lyon' };
const linkId = 'yapla:a1';

/** One person in both systems, agreed on. */
async function person(options: Parameters<typeof importingConnection>[1] = {}): Promise<void> {
  connection = importingConnection(uniqueName('club'), options);
  connection.systems.yapla.put('a1', base);
  connection.systems.yoplanning.put('b1', base);
  await scanAll(sql, connection);
  await propose(sql, connection, [['a1', 'b1']]);
  await agree(sql, connection.scope, [{ linkId, base: connection.hash(base), baseFields: base }]);
}

const id = { yapla: 'a1', yoplanning: 'b1' } as const;
const shown = (system: 'yapla' | 'yoplanning') => connection.systems[system].records.get(id[system])!.fields;
async function edit(system: 'yapla' | 'yoplanning', change: CanonicalFields): Promise<void> {
  connection.systems[system].put(id[system], { ...shown(system), ...change });
  await see(sql, connection, system, id[system]);
}
const settled = async () => await work(sql, connection, linkId);
const state = async () => (await findLinkState(sql, connection.scope, linkId, { depth: 'values' }))!;
const makeFile = async () => (await makeBatches(sql, connection)).map(({ number }) => number);
/** The wizard takes the file: all of it, or but for some fields. */
async function importFile(number: number, lost: readonly string[] = []): Promise<void> {
  const taken = (await valuesOf(sql, connection, number)).filter(({ field }) => !lost.includes(field));
  const change = Object.fromEntries(taken.map(({ field, value }) => [field, value]));
  connection.systems.yapla.put('a1', { ...shown('yapla'), ...change });
}
const openFields = async () =>
  (await listOpenCases(sql, connection.scope)).map(({ kind, field }) => `${kind} ${field}`);
const journalled = async () =>
  (
    await sql<{ text: string }[]>`
      select j.system || ' ' || j.field || ': ' || (j.old_value #>> '{}') || ' -> ' || coalesce(j.new_value, '') || ' ' || coalesce(o.outcome, 'open') as text
        from journal j left join journal_outcome o on o.journal_id = j.id
       where j.connection_id = ${connection.scope.connectionId} and j.kind = ${connection.scope.kind} order by j.id`
  ).map(({ text }) => text);

describe('a change that waits', () => {
  beforeEach(async () => {
    await person();
    await edit('yoplanning', { city: 'Nantes' });
    await settled();
  });

  test('is sent nowhere, stands in the journal, and leaves nothing to do', async () => {
    expect(connection.systems.yapla.calls).toEqual([]);
    expect(await journalled()).toEqual(['yapla city: Lyon -> Nantes open']);
    const now = await state();
    expect(now.waiting).toMatchObject([{ field: 'city', batch: null }]);
    expect(wholeStep(connection, now)).toMatchObject({ step: { do: 'rest' }, settling: 'agreed' });
    expect(now.pair.settledVersion).toBe(now.pair.version);
    expect(now.pair.base).toEqual(connection.hash(base));
  });

  test('gives way to a newer one until it is in a file', async () => {
    await edit('yoplanning', { city: 'Rennes' });
    await settled();
    const [file] = await makeFile();
    expect(await valuesOf(sql, connection, file!)).toMatchObject([{ field: 'city', value: 'Rennes' }]);
    expect(await journalled()).toEqual(['yapla city: Lyon -> Nantes abandoned', 'yapla city: Lyon -> Rennes open']);
  });

  test('that is taken back waits no more', async () => {
    await edit('yoplanning', { city: 'Lyon' });
    await settled();
    expect((await state()).waiting).toEqual([]);
    expect(await makeFile()).toEqual([]);
    expect(wholeStep(connection, await state()).settling).toBe('agreed');
  });

  test('that is taken back while a file has it waits for the next file, which brings the old value back', async () => {
    const [first] = await makeFile();
    await edit('yoplanning', { city: 'Lyon' });
    await settled();
    await importFile(first!);
    await done(sql, connection, first!);
    await settled();
    const [second] = await makeFile();
    await importFile(second!);
    expect((await done(sql, connection, second!)).counts).toMatchObject({ confirmed: 1 });
    await settled();
    expect(shown('yapla')).toEqual(base);
    expect(wholeStep(connection, await state()).settling).toBe('agreed');
  });

  test('is confirmed by whatever shows it, and the base moves with it', async () => {
    const [file] = await makeFile();
    await importFile(file!);
    await see(sql, connection, 'yapla', 'a1');
    const now = await state();
    expect(now.waiting).toEqual([]);
    expect(now.pair.base).toEqual(connection.hash({ ...base, city: 'Nantes' }));
    expect(await journalled()).toEqual(['yapla city: Lyon -> Nantes written']);
    await settled();
    expect((await done(sql, connection, file!)).counts).toEqual({ confirmed: 1, edited: 0, notShown: 0, asked: 0 });
  });

  test('is no conflict where the other system moved on while the file was out', async () => {
    const [file] = await makeFile();
    await edit('yoplanning', { city: 'Rennes' });
    await settled();
    await importFile(file!);
    await see(sql, connection, 'yapla', 'a1');
    await settled();
    expect(await openFields()).toEqual([]);
    await done(sql, connection, file!);
    expect(await valuesOf(sql, connection, (await makeFile())[0]!)).toMatchObject([{ value: 'Rennes' }]);
  });

  test('that somebody edited in Yapla meanwhile is merged with what is really there', async () => {
    await makeFile();
    await edit('yapla', { city: 'Brest' });
    expect((await state()).waiting).toEqual([]);
    await settled();
    // The rule of the field is yapla.
    expect(shown('yoplanning').city).toBe('Brest');
  });

  test('that is imported over an edit is journalled, and what was agreed since is brought back', async () => {
    const [file] = await makeFile();
    await edit('yapla', { city: 'Brest' });
    await settled();
    await importFile(file!);
    await see(sql, connection, 'yapla', 'a1');
    expect(await journalled()).toContain('yapla city: Brest -> Nantes written');
    await settled();
    await done(sql, connection, file!);
    const [next] = await makeFile();
    expect(await valuesOf(sql, connection, next!)).toMatchObject([{ value: 'Brest' }]);
  });

  test('that a server shows in a form of its own is confirmed all the same', async () => {
    const [file] = await makeFile();
    await sql`
      update waiting set value_form = '~nantes'
       where connection_id = ${connection.scope.connectionId} and kind = ${connection.scope.kind}`;
    await importFile(file!);
    connection.systems.yapla.put('a1', { ...shown('yapla'), city: 'NANTES' });
    const row = connection.shadowOf(connection.systems.yapla.records.get('a1')!);
    await upsertShadows(sql, connection.scope, 'yapla', [{ ...row, forms: { city: '~nantes' } }]);
    await settled();
    expect(wholeStep(connection, await state()).settling).toBe('agreed');
    expect(shown('yoplanning').city).toBe('Nantes');
  });

  test('that is imported over another spelling of it, which somebody entered, is journalled', async () => {
    const [file] = await makeFile();
    await sql`
      update waiting set value_form = '~nantes'
       where connection_id = ${connection.scope.connectionId} and kind = ${connection.scope.kind}`;
    for (const city of ['NANTES', 'Nantes']) {
      connection.systems.yapla.put('a1', { ...shown('yapla'), city });
      const row = connection.shadowOf(connection.systems.yapla.records.get('a1')!);
      await upsertShadows(sql, connection.scope, 'yapla', [{ ...row, forms: { city: '~nantes' } }]);
      await settled();
    }
    expect((await done(sql, connection, file!)).counts).toMatchObject({ confirmed: 1 });
    expect(await journalled()).toEqual(['yapla city: Lyon -> Nantes written', 'yapla city: NANTES -> Nantes written']);
    expect(wholeStep(connection, await state()).settling).toBe('agreed');
  });

  test('that no import brings is in file after file, and then a question; closing it tries again', async () => {
    await person({ maxFiles: 2 });
    await edit('yoplanning', { city: 'Nantes' });
    await settled();
    const [first] = await makeFile();
    expect((await done(sql, connection, first!)).counts).toMatchObject({ notShown: 1 });
    const [second] = await makeFile();
    expect((await done(sql, connection, second!)).counts).toMatchObject({ asked: 1 });
    await settled();
    expect(await openFields()).toEqual(['notImported city']);
    expect(await makeFile()).toEqual([]);
    const [question] = await listOpenCases(sql, connection.scope);
    await closeCase(sql, question!.id, 'test', null);
    await settled();
    expect(await makeFile()).toHaveLength(1);
  });

  test('waits for whoever reads the record before it counts as not shown', async () => {
    const [file] = await makeFile();
    await markDone(sql, connection.scope, file!);
    expect(await judgeBatch(sql, connection, file!)).toEqual({ unread: 1, counts: null });
    await see(sql, connection, 'yapla', 'a1');
    expect((await judgeBatch(sql, connection, file!)).counts).toMatchObject({ notShown: 1 });
  });
});

test('a cleared field is a question, because no file clears one, and it ends when somebody clears it in Yapla', async () => {
  await person();
  await edit('yoplanning', { phone: null, city: 'Nantes' });
  await settled();
  expect(await openFields()).toEqual(['notImported phone']);
  expect((await state()).waiting).toMatchObject([{ field: 'city' }]);
  await edit('yapla', { phone: null });
  await settled();
  expect(await openFields()).toEqual([]);
});

test('a value that was cleared while a file had it is in no further file, and the question about it stands', async () => {
  await person();
  await edit('yoplanning', { phone: '+33699999999' });
  await settled();
  const [file] = await makeFile();
  await edit('yoplanning', { phone: null });
  await settled();
  expect((await done(sql, connection, file!)).counts).toMatchObject({ notShown: 1 });
  await settled();
  expect((await state()).waiting).toEqual([]);
  expect(await openFields()).toEqual(['notImported phone']);
  expect(await makeFile()).toEqual([]);
  await edit('yapla', { phone: null });
  await settled();
  expect(await openFields()).toEqual([]);
  expect(wholeStep(connection, await state()).settling).toBe('agreed');
});

test('what waits behind a file’s value stands in the journal against that value once it is shown', async () => {
  await person();
  await edit('yoplanning', { city: 'Nantes' });
  await settled();
  const [file] = await makeFile();
  await edit('yoplanning', { city: 'Rennes' });
  await settled();
  await importFile(file!);
  await see(sql, connection, 'yapla', 'a1');
  await done(sql, connection, file!);
  const [next] = await makeFile();
  await importFile(next!);
  await see(sql, connection, 'yapla', 'a1');
  expect(await journalled()).toEqual([
    'yapla city: Lyon -> Nantes written',
    'yapla city: Lyon -> Rennes abandoned',
    'yapla city: Nantes -> Rennes written',
  ]);
});

test('a file is out at a time, and to make one again finds it', async () => {
  await person();
  await edit('yoplanning', { city: 'Nantes' });
  await settled();
  const [first] = await makeFile();
  await edit('yoplanning', { phone: '+33699999999' });
  await settled();
  expect(await makeFile()).toEqual([first]);
  expect(await openBatches(sql, connection.scope)).toMatchObject([{ number: first, people: 1, state: 'handedOut' }]);
});

const cities = fc.constantFrom('Lyon', 'Nantes', 'Rennes', 'Brest');
const step = fc.oneof(
  fc.record({
    do: fc.constant('edit' as const),
    system: fc.constantFrom('yapla', 'yoplanning'),
    field: fc.constantFrom('city', 'phone'),
    value: cities,
  }),
  fc.record({ do: fc.constant('work' as const) }),
  fc.record({ do: fc.constant('make' as const) }),
  fc.record({ do: fc.constant('import' as const), lost: fc.subarray(['city', 'phone']) }),
  fc.record({ do: fc.constant('done' as const) }),
);

test('whatever is edited, handed out, imported, lost and told in whatever order, both end with the same, or a question', async () => {
  await checkProperty(
    fc.asyncProperty(
      fc.array(step, { maxLength: 14 }),
      fc.constantFrom('yapla', 'yoplanning', 'ask'),
      async (steps, rule) => {
        const fields = (['firstName', 'phone', 'city'] as const).map(
          (name) => ({ name, type: 'text', rule, direction: 'both' }) as const,
        );
        await person({ fields, maxFiles: 4 });
        const out = async () => (await openBatches(sql, connection.scope))[0]?.number;
        for (const one of steps) {
          if (one.do === 'edit') await edit(one.system, { [one.field]: one.value });
          else if (one.do === 'work') await settled();
          else if (one.do === 'make') await makeFile();
          else {
            const number = await out();
            if (number === undefined) continue;
            if (one.do === 'import') {
              await importFile(number, one.lost);
              await see(sql, connection, 'yapla', 'a1');
            } else await done(sql, connection, number);
          }
        }
        for (let round = 0; round < 6; round += 1) {
          await settled();
          const [number] = await makeFile();
          if (number === undefined) break;
          await importFile(number);
          await done(sql, connection, number);
        }
        await settled();
        const { pair, waiting } = await state();
        expect(waiting).toEqual([]);
        const hashes = pairHashes(pair);
        const asked = (await listOpenCases(sql, connection.scope)).map(({ field }) => field);
        for (const field of ['firstName', 'phone', 'city'].filter((name) => !asked.includes(name))) {
          expect(hashes.yapla![field]).toBe(hashes.yoplanning![field]);
          expect(pair.base![field]).toBe(hashes.yapla![field]);
        }
      },
    ),
    { numRuns: 40 },
  );
});
