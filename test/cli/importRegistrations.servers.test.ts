/** `passerelle import-registrations`: what an export shows anew goes into the inbox. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RegistrationsExportOptions } from '../../src/sandbox/yapla/events/exportFile.js';
import { addEvents, lastTold } from '../../src/store/inbox.js';
import { lastWebhooks, webhookUse } from '../../src/store/webhookUse.js';
import { registrationOf } from '../../src/systems/yapla/events.js';
import { commandsOn } from '../helpers/commands.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

let house: TestPasserelle;
const passerelle = commandsOn(() => house);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-registrations-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const noPeople = { yapla: 0, yoplanning: 0, shared: 0, differing: 0 };
const scope = () => ({ connectionId: house.connectionId, kind: 'registration' }) as const;

beforeEach(async () => {
  house = await startPasserelle({
    sandbox: { people: noPeople, yapla: { events: { events: 2, registrations: 20 } } },
    connection: { events: true },
  });
});

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

/** Presses the button in Yapla, saves the file, and gives it. */
async function importing(options: RegistrationsExportOptions = {}, ...more: readonly string[]) {
  const { name, content } = await house.sandbox.control.yaplaEvents.exportRegistrations(options);
  const file = path.join(directory, name);
  writeFileSync(file, content);
  return await passerelle('import-registrations', house.connectionId, file, ...more);
}

async function told() {
  return await house.sql<{ id: string; event: string; kind: string; link: string | null }[]>`
    select external_id as id, event, kind, link_id as link from inbox where connection_id = ${house.connectionId} order by id`;
}

const idOf = (document: object) => String((document as { id: number }).id);
const exported = async () => (await house.sandbox.control.yaplaEvents.documents('registration')).map(idOf);

describe('an export of registrations', () => {
  test('says what was recognised, and takes each registration once, however often it is given', async () => {
    const looked = await importing({ at: hoursAgo(2), form: 'xlsx', dates: 'typed' }, '--check');
    expect(looked).toMatchObject({ status: 0 });
    expect(looked.said).toContain('20 registrations in');
    expect(looked.said).toMatch(/A {2}Inscription - # inscription +registrationNumber/);
    expect(await told()).toEqual([]);

    const first = await importing({ at: hoursAgo(2) });
    expect(first).toMatchObject({ status: 0 });
    expect(first.said).toContain('20 new or changed');
    const events = await told();
    expect(events.map(({ id }) => id).sort()).toEqual((await exported()).sort());
    expect(new Set(events.map(({ event, kind }) => `${kind} ${event}`))).toEqual(new Set(['registration updated']));
    for (const file of [{ at: hoursAgo(2) }, { at: hoursAgo(1) }, { at: hoursAgo(1), form: 'xlsx' as const }]) {
      const again = await importing(file);
      expect(again.said).toContain('0 new or changed');
      expect(again.said).toContain('20 as they are known');
    }
    expect(await told()).toHaveLength(20);
  });

  test('repairs what no webhook told: a registration that was changed, and no other', async () => {
    await importing({ at: hoursAgo(3) });
    const [id = ''] = await exported();
    await house.sandbox.control.yaplaEvents.edit(id, { participants: [{ firstName: 'Cleo', lastName: 'Quist' }] });
    const second = await importing({ at: hoursAgo(2) });
    expect(second.said).toContain('1 new or changed');
    const last = (await lastTold(house.sql, scope(), 'yapla', [id])).get(id)!;
    const { events, timeZone } = house.connection.yapla;
    expect(registrationOf({ events: events!, timeZone }, last.body)).toMatchObject({
      value: { id, participants: [{ firstName: 'Cleo' }], modifiedAt: Math.floor(last.receivedAtMs) },
    });
  });

  test('undoes nothing that Yapla told of since it was exported', async () => {
    await importing({ at: hoursAgo(3) });
    const [id = ''] = await exported();
    const [{ body }] = await house.sql<[{ body: string }]>`
      select body::text as body from inbox where connection_id = ${house.connectionId} and external_id = ${id}`;
    const webhook = body.replace(/"status":"[^"]*"/, '"status":"cancelled"');
    await addEvents(house.sql, [{ ...scope(), system: 'yapla', event: 'updated', externalId: id, body: webhook }]);
    const old = await importing({ at: hoursAgo(1) });
    expect(old.said).toContain('0 new or changed');
    expect(old.said).toContain('1 of which Yapla told since');
  });

  test('spends nothing of what webhooks may cost, and does not pass for one', async () => {
    await importing({ at: hoursAgo(0) }, '--date', new Date(Date.now() - 60_000).toISOString());
    expect(await told()).toHaveLength(20);
    const { connectionId, sql } = house;
    expect(await webhookUse(sql, connectionId, { windowMs: 3_600_000, gatherMs: 0 })).toMatchObject({
      reads: 0,
      strangers: 0,
    });
    expect(await lastWebhooks(sql, [{ connectionId, system: 'yapla' }])).toMatchObject([{ lastAtMs: null }]);
  });

  test('tells rows that cannot be used by number and reason, and takes the others', async () => {
    const { name, content } = await house.sandbox.control.yaplaEvents.exportRegistrations({ at: hoursAgo(1) });
    const file = path.join(directory, `spoilt ${name}`);
    const [header = '', ...rows] = content.toString('utf8').trim().split('\r\n');
    // Of the first registration the status, in all of its rows.
    const [first] = rows[0]!.split(';');
    const isFirst = (row: string) => row.startsWith(`${first};`);
    const spoilt = rows.map((row) =>
      isFirst(row) ? row.replace(/Validée|Annulée|En attente de paiement/, 'Peut-être') : row,
    );
    writeFileSync(file, [header, ...spoilt].join('\r\n'));
    const ended = await passerelle('import-registrations', house.connectionId, file);
    expect(ended).toMatchObject({ status: 0 });
    expect(ended.said).toContain('row 2');
    expect(ended.said).toContain('status: nobody knows the word');
    expect(ended.said).not.toContain('Peut-être');
    expect(await told()).toHaveLength(19);
  });

  test('is refused where it is another list', async () => {
    const { name, content } = await house.sandbox.control.exportMembers({ at: hoursAgo(1) });
    const file = path.join(directory, name);
    writeFileSync(file, content);
    const refused = await passerelle('import-registrations', house.connectionId, file);
    expect(refused).toMatchObject({ status: 2 });
    expect(refused.said).toContain('lacks the columns');
    expect(await told()).toEqual([]);
  });
});
