/** The commands about cases, as a person types them, on a real database and a real Temporal. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { run } from '../../src/cli/main.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import type { CanonicalFields, SystemName } from '../../src/core/record.js';
import { answerCase, closeCase } from '../../src/cases/answers.js';
import { massChangeCase } from '../../src/cases/massChange.js';
import { closeCarriedOut, findCase, listOpenCases, type NewCase, openCases } from '../../src/store/cases.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { fieldRules } from '../../src/store/fieldRules.js';
import { heldByGuard, holdWrites } from '../../src/store/guard.js';
import { recordIntended, recordOutcomes } from '../../src/store/journal.js';
import { agree } from '../../src/store/links.js';
import { markGone } from '../../src/store/shadows.js';
import { ensureSearchAttributes } from '../../src/temporal.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import { collectedOutput } from '../helpers/collectedOutput.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { propose, scanAll } from '../helpers/seededStore.js';
import { freshDatabase, type FreshDatabase, temporalAddress, uniqueName } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let temporal: Connection;
let client: Client;
let directory: string;
let club: ScriptedConnection;

beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 4, applicationName: 'cases command test' });
  temporal = await Connection.connect({ address: temporalAddress() });
  client = new Client({ connection: temporal });
  await ensureSearchAttributes(temporal, 'default');
});
afterAll(async () => {
  delete process.env['PASSERELLE_CASES_SECRET'];
  delete process.env['PASSERELLE_CASES_DATABASE'];
  await Promise.all([sql.end(), temporal.close()]);
  await database.drop();
});

/** The configuration names its secrets, as a person's must. */
const environment = () => ({
  PASSERELLE_CASES_SECRET: 'a-secret-of-nobody-which-is-long-enough',
  PASSERELLE_CASES_DATABASE: database.url,
});

const base = { firstName: 'Zoé', phone: '+33612345678', city: 'Lyon' };

/** One person in both systems, linked, who agreed on `base` and differs in the city now. */
beforeEach(async () => {
  club = scriptedConnection(uniqueName('club'));
  show('yapla', '1', { ...base, city: 'Nantes' });
  show('yoplanning', 'x', { ...base, city: 'Brest' });
  await scanAll(sql, club);
  await propose(sql, club, [['1', 'x']]);
  await agree(sql, club.scope, [{ linkId: 'yapla:1', base: club.hash(base), baseFields: base }]);
});

const show = (system: SystemName, id: string, fields: CanonicalFields) => club.systems[system].put(id, fields);

async function ask(one: Partial<NewCase> & Pick<NewCase, 'kind'>): Promise<number> {
  const about = { subject: 'yapla:1', linkId: 'yapla:1', details: {}, ...one };
  await openCases(sql, club.scope, null, [about]);
  return (await listOpenCases(sql, club.scope)).at(-1)!.id;
}

const askCity = () =>
  ask({ kind: 'conflict', field: 'city', details: { yapla: 'Nantes', yoplanning: 'Brest', base: 'Lyon' } });

/** Runs one command. @param temporalReachable false: the configuration knows no Temporal, and none was announced */
async function passerelle(words: readonly string[], temporalReachable = true) {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-cases-'));
  try {
    Object.assign(process.env, environment());
    const secret = '${PASSERELLE_CASES_SECRET}';
    const credentials = {
      yaplaKey: secret,
      yoplanningToken: secret,
      yaplaWebhookSecret: secret,
      yoplanningWebhookSecret: secret,
    };
    const nowhere = 'http://127.0.0.1:9';
    const connection = sandboxConnection({ yapla: nowhere, yoplanning: nowhere, control: nowhere }, { credentials });
    const file = path.join(directory, 'passerelle.config.json');
    // No worker listens to this queue: what is signalled stays to be looked at.
    const queue = { liveTaskQueue: uniqueName('live') };
    const config = {
      dataDirectory: directory,
      database: { url: '${PASSERELLE_CASES_DATABASE}' },
      temporal: temporalReachable ? { address: temporalAddress(), ...queue } : queue,
      connections: { [club.scope.connectionId]: connection },
    };
    writeFileSync(file, JSON.stringify(config));
    const output = collectedOutput();
    const status = await run(['node', 'passerelle', '--config', file, ...words], output);
    return { status, printed: output.printed.join('\n'), noted: output.noted.join('\n') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Names and arguments of the signals that the link's workflow was sent; the workflow is ended, so that none is left behind. */
async function signalsOf(linkId: string): Promise<unknown[]> {
  const handle = client.workflow.getHandle(syncRecordId(club.scope, linkId));
  const { events } = await handle.fetchHistory();
  await handle.terminate('the test has seen enough');
  const signals = events!.flatMap((event) => event.workflowExecutionSignaledEventAttributes ?? []);
  return signals.map(({ signalName, input }) => [
    signalName,
    JSON.parse(Buffer.from(input!.payloads![0]!.data!).toString('utf8')) as unknown,
  ]);
}

describe('passerelle cases', () => {
  test('lists open cases with ids, fields and the next step, and no value', async () => {
    const conflict = await askCity();
    const refused = await ask({ kind: 'refused', details: { words: 'Nantes is too far' } });
    const closed = await ask({ kind: 'canary' });
    await closeCase(sql, closed, 'ann', null);
    const { status, printed } = await passerelle(['cases', club.scope.connectionId]);
    expect(status).toBe(0);
    expect(printed.split('\n')).toHaveLength(3);
    expect(printed).toMatch(new RegExp(`${conflict} +conflict +yapla:1 +city .*resolve ${conflict} --take yapla`));
    expect(printed).toMatch(new RegExp(`${refused} +refused +yapla:1 .*resolve ${refused} --close`));
    for (const value of ['Nantes', 'Brest', 'Lyon', 'Zoé']) expect(printed).not.toContain(value);
    const json = JSON.parse((await passerelle(['cases', club.scope.connectionId, '--json'])).printed) as {
      id: number;
    }[];
    expect(json.map(({ id }) => id)).toEqual([conflict, refused]);
  });

  test('says where there are none', async () => {
    expect(await passerelle(['cases', club.scope.connectionId])).toMatchObject({
      status: 0,
      noted: `${club.scope.connectionId} has no open cases.`,
    });
  });
});

describe('passerelle case', () => {
  test('shows both values as they are now, the base, our last write, and what changed since', async () => {
    const id = await askCity();
    await recordIntended(sql, club.scope, [
      {
        linkId: 'yapla:1',
        system: 'yapla',
        externalId: '1',
        field: 'city',
        oldValue: 'LYON',
        newValue: 'Lyon',
        origin: 'yoplanning',
        reason: 'changedInYoplanning',
        writeId: 'w',
      },
    ]);
    await recordOutcomes(sql, club.scope, [
      { linkId: 'yapla:1', writeId: 'w', system: 'yapla', outcome: 'written', requestId: 'r-77' },
    ]);
    expect((await passerelle(['case', String(id)])).printed).toContain('No value has changed since this was asked.');
    show('yapla', '1', { ...base, city: 'Rennes' });
    await scanAll(sql, club);
    const { status, printed } = await passerelle(['case', String(id)]);
    expect(status).toBe(0);
    expect(printed).toMatch(/Yapla 1: "Rennes", changed\n +read \d{4}-/);
    expect(printed).toMatch(/we wrote "LYON" → "Lyon" on .* from Yoplanning \(changedInYoplanning, request r-77\)/);
    expect(printed).toContain('Yoplanning x: "Brest", changed');
    expect(printed).toContain('Base (both agreed last): "Lyon"');
    expect(printed).toContain('Changed since this was asked: Yapla held "Nantes".');
    expect(printed).toContain(`Next: passerelle resolve ${id} --take yapla`);
  });

  test('shows the words of a refusal, with nothing in them that steers the terminal, and where the records differ', async () => {
    const id = await ask({
      kind: 'refused',
      details: {
        system: 'yoplanning',
        failure: 'InvalidRecord',
        method: 'PUT',
        path: '/c/x',
        fields: ['city'],
        words: 'bad\u001b[2Jcity',
      },
      saw: { yapla: club.hash({ ...base, city: 'Nantes' }), yoplanning: club.hash({ ...base, city: 'Brest' }) },
    });
    const { printed } = await passerelle(['case', String(id)]);
    expect(printed).toContain('Yoplanning: InvalidRecord (PUT /c/x)');
    expect(printed).toContain('Its words: bad\\u{1b}[2Jcity');
    expect(printed).toMatch(/city +"Nantes" +"Brest"/);
    expect(printed).not.toContain('Zoé');
    expect(printed).toContain('No value has changed');
    show('yoplanning', 'x', { ...base, city: 'Brest', phone: '+33699999999' });
    await scanAll(sql, club);
    expect((await passerelle(['case', String(id)])).printed).toContain(
      'Changed since this was asked: phone in Yoplanning.',
    );
  });

  test('shows the candidates of a doubt by id, with their names', async () => {
    show('yoplanning', 'y', { firstName: 'Zoe', lastName: 'Petit' });
    await scanAll(sql, club);
    const id = await ask({
      kind: 'doubt',
      subject: 'yapla:1 yoplanning:y',
      field: 'several',
      linkId: undefined as never,
      details: { kind: 'several', by: 'email', yapla: ['1'], yoplanning: ['y'] },
    });
    const { printed } = await passerelle(['case', String(id)]);
    expect(printed).toContain('Found by: email');
    expect(printed).toContain('Yapla 1: Zoé, +33612345678');
    expect(printed).toContain('Yoplanning y: Zoe Petit');
  });

  test('shows what a write changed beside what is mapped', async () => {
    const details = {
      requestId: 'r-9',
      changed: ['notes.0.text', 'vip'],
      before: { notes: [{ text: 'a' }], vip: true },
      after: { notes: [{ text: 'b' }] },
    };
    const id = await ask({ kind: 'canary', subject: 'yoplanning:x', details });
    const { printed } = await passerelle(['case', String(id)]);
    expect(printed).toContain('notes.0.text: "a" → "b"');
    expect(printed).toContain('vip: true → (nothing)');
  });

  test('shows a record that is gone, with what it held last', async () => {
    await markGone(sql, club.scope, 'yoplanning', 'x');
    const id = await ask({ kind: 'removal', subject: 'yoplanning:x', details: { system: 'yoplanning' } });
    const { printed } = await passerelle(['case', String(id)]);
    expect(printed).toMatch(/Yoplanning x: read .*, gone since \d{4}/);
    expect(printed).toMatch(/city +"Nantes" +"Brest"/);
  });

  test.each([['0'], ['12a'], ['-3']])('refuses what is no number of a case: %s', async (id) => {
    expect((await passerelle(['case', id])).status).toBe(2);
  });

  test('says that there is none with that number', async () => {
    const { status, noted } = await passerelle(['case', '987654321']);
    expect({ status, noted }).toMatchObject({ status: 2, noted: expect.stringContaining('no case 987654321') });
  });
});

describe('passerelle resolve', () => {
  test('stores the answer, then signals the workflow of the link with the number of the case', async () => {
    const id = await askCity();
    const { status, noted } = await passerelle(['resolve', String(id), '--take', 'yapla', '--by', 'ann']);
    expect({ status, noted }).toMatchObject({
      status: 0,
      noted: expect.stringContaining('by the workflow of yapla:1'),
    });
    expect(await findCase(sql, id)).toMatchObject({ answer: { take: 'yapla' }, answeredBy: 'ann', closedAt: null });
    expect(await signalsOf('yapla:1')).toEqual([['answered', { caseId: id }]]);
    expect((await passerelle(['cases', club.scope.connectionId])).printed).toContain(
      'answered by ann, not carried out yet',
    );
  });

  test('with a value stores it normalised, and lets it leave the database nowhere', async () => {
    const id = await ask({ kind: 'frozen', field: 'phone' });
    await passerelle(['resolve', String(id), '--take', '06 99 99 99 99', '--by', 'ann']);
    expect(await findCase(sql, id)).toMatchObject({ answer: { take: 'value', value: '+33699999999' } });
    expect(await signalsOf('yapla:1')).toEqual([['answered', { caseId: id }]]);
    const { status, noted } = await passerelle(['resolve', String(id), '--take', 'her old one']);
    expect({ status, noted }).toMatchObject({ status: 2, noted: expect.stringContaining('expected a phone number') });
    expect(await findCase(sql, id)).toMatchObject({ answer: { value: '+33699999999' }, answeredBy: 'ann' });
  });

  test('leaves an answer that cannot be signalled to the forwarder, and says so', async () => {
    const id = await askCity();
    const { status, noted } = await passerelle(['resolve', String(id), '--take', 'yoplanning'], false);
    expect({ status, noted }).toMatchObject({
      status: 0,
      noted: expect.stringContaining('Temporal cannot be reached'),
    });
    expect(await findCase(sql, id)).toMatchObject({ answer: { take: 'yoplanning' } });
    expect(await sql`select link_id from link_signal where connection_id = ${club.scope.connectionId}`).toEqual([
      { link_id: 'yapla:1' },
    ]);
  });

  test('--remember makes the rule of the field, which is listed and can be forgotten', async () => {
    const id = await askCity();
    await ask({ kind: 'conflict', subject: 'yapla:2', linkId: 'yapla:2', field: 'city' });
    const { noted } = await passerelle(['resolve', String(id), '--take', 'yapla', '--remember', '--by', 'ann'], false);
    expect(noted).toContain('1 more open case about city');
    expect(await fieldRules(sql, club.scope)).toEqual({ city: 'yapla' });
    const listed = await passerelle(['cases', club.scope.connectionId, '--rules']);
    expect(listed.printed).toMatch(new RegExp(`city +yapla +by ann .* case ${id}`));
    expect((await passerelle(['forget-rule', club.scope.connectionId, 'city'])).noted).toContain('Forgotten.');
    expect((await passerelle(['forget-rule', club.scope.connectionId, 'city'])).noted).toContain(
      'No rule is remembered',
    );
    expect((await passerelle(['forget-rule', club.scope.connectionId, 'nonsense'])).status).toBe(2);
    expect(await fieldRules(sql, club.scope)).toEqual({});
  });

  test('--close keeps who and why, and a case that held writes back lets the workflow try again', async () => {
    const id = await ask({ kind: 'refused' });
    const { status, noted } = await passerelle(['resolve', String(id), '--close', '--why', 'mended', '--by', 'ann']);
    expect({ status, noted }).toMatchObject({ status: 0, noted: expect.stringContaining('tried again') });
    expect(await findCase(sql, id)).toMatchObject({ closedBy: 'ann', answer: { take: 'close', why: 'mended' } });
    expect(await signalsOf('yapla:1')).toEqual([['answered', { caseId: id }]]);
    expect((await passerelle(['case', String(id)])).printed).toMatch(/Closed .* by ann: mended\./);
  });

  test('of a closed case says when and by whom it was closed', async () => {
    const id = await askCity();
    await answerCase(sql, id, { take: 'yapla' }, 'bob');
    await closeCarriedOut(sql, [{ caseId: id, kind: 'conflict', field: 'city', take: 'yapla' }]);
    const { status, noted } = await passerelle(['resolve', String(id), '--take', 'yapla']);
    expect({ status, noted }).toMatchObject({ status: 1, noted: expect.stringMatching(/closed on \d{4}-.* by bob/) });
  });

  test('sends the question of a plan to approve and reject', async () => {
    await sql`insert into plan (id, connection_id, kind, number, run_id) overriding system value
              values (${Date.now()}, ${club.scope.connectionId}, ${club.scope.kind}, 7, 'run')`;
    const [plan] = await sql<{ id: number }[]>`select id from plan where connection_id = ${club.scope.connectionId}`;
    const trip = { code: 'tooManyChanged', count: 9, of: 10, share: 0.9, maxShare: 0.3 };
    await openCases(sql, club.scope, plan!.id, [
      { kind: 'guard', subject: `plan/${plan!.id}`, field: trip.code, details: trip },
    ]);
    const { id } = (await listOpenCases(sql, club.scope))[0]!;
    expect((await passerelle(['case', String(id)])).printed).toContain(
      `passerelle approve ${club.scope.connectionId} 7`,
    );
    const { status, noted } = await passerelle(['resolve', String(id), '--close']);
    expect({ status, noted }).toMatchObject({
      status: 2,
      noted: expect.stringContaining(`approve ${club.scope.connectionId} 7`),
    });
  });

  test('about a mass change says how much waits, and is answered with go-on', async () => {
    const trip = { kind: 'blanked', system: 'yoplanning', window: 'hour', count: 16, allowed: 15, of: 300 } as const;
    const hold = { name: 'blanked/yoplanning', system: 'yoplanning', field: 'phone' } as const;
    await holdWrites(
      sql,
      club.scope,
      [massChangeCase(trip)],
      ['yapla:1', 'yapla:2'].map((linkId) => ({ ...hold, linkId })),
    );
    const { id } = (await listOpenCases(sql, club.scope))[0]!;
    expect((await passerelle(['cases', club.scope.connectionId])).printed).toContain(`resolve ${id} --take go-on`);
    const { printed } = await passerelle(['case', String(id)]);
    expect(printed).toContain(
      '16 values cleared in Yoplanning within an hour (linked people: 300; allowed without a person: 15)',
    );
    expect(printed).toContain('2 values of 2 people');
    expect(await passerelle(['resolve', String(id), '--take', 'go-on'])).toMatchObject({ status: 0 });
    expect(await listOpenCases(sql, club.scope)).toEqual([]);
    expect(await heldByGuard(sql, club.scope, ['yapla:1', 'yapla:2'])).toEqual([]);
  });
});
