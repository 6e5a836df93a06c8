import { type CanonicalFields, personsOf } from '../../src/core/record.js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { connectionSchema } from '../../src/config/schema.js';
import type { OpenConnection } from '../../src/connection.js';
import type { JsonObject } from '../../src/core/document.js';
import { UnexpectedResponse } from '../../src/http/failures.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import type { YaplaShapeName } from '../../src/sandbox/options.js';
import type { InboxEvent } from '../../src/store/inbox.js';
import type { Shadow } from '../../src/store/shadows.js';
import { countsAsStored, newestDelivered } from '../../src/link/delivered.js';
import { openSystems, type Systems } from '../../src/systems/index.js';
import { writtenIn, zonedInstants } from '../helpers/instants.js';
import { checkProperty } from '../helpers/property.js';
import { type ConnectionInput, GrantingBudget } from '../systems/support.js';

const nowhere = { yapla: 'http://127.0.0.1:1', yoplanning: 'http://127.0.0.1:2', control: 'http://127.0.0.1:3' };
const opened: Systems[] = [];

/** Nothing is sent: bodies are read, and that is all. */
function connect(shape: YaplaShapeName, configure: (input: ConnectionInput) => void = () => undefined): OpenConnection {
  const input = structuredClone(sandboxConnection(nowhere, { shape }));
  configure(input);
  const config = connectionSchema.parse(input);
  const systems = openSystems('club', config, {
    budgets: { yapla: new GrantingBudget(), yoplanning: new GrantingBudget() },
  });
  opened.push(systems);
  return { scope: personsOf('club'), config, systems } as unknown as OpenConnection;
}

let assumed: OpenConnection;
let renamed: OpenConnection;
beforeAll(() => {
  assumed = connect('flat');
  renamed = connect('listed');
});
afterAll(async () => void (await Promise.all(opened.map((one) => one.close()))));

let last = 0;
const event = (body: JsonObject, more: Partial<InboxEvent> = {}): InboxEvent => ({
  id: ++last,
  system: 'yapla',
  event: 'updated',
  externalId: '1042',
  body,
  receivedAtMs: last,
  takenAt: '',
  ...more,
});
const told = (member: JsonObject, more?: Partial<InboxEvent>) => event({ event: 'member.updated', data: member }, more);

const document = {
  id: 1042,
  member_number: '00042',
  first_name: 'Zoé',
  last_name: 'Lemaire',
  city: '4000 Liège',
  address: '1 quai Courbe',
  custom_fields: { taille: 'M', permis: { eau: true } },
  updated_at: '2030-01-02 10:00:00',
};
const known = (connection: OpenConnection, more: JsonObject = {}): Shadow => ({
  ...connection.systems.yapla.recordOf(
    { ...document, ...more },
    { context: { connection: 'club', system: 'yapla', access: 'read', method: 'GET', path: '/' } },
  ),
  hashes: {},
});

describe('a body with the member below a path', () => {
  test('is read as the API’s answers are', () => {
    expect(newestDelivered(assumed, 'yapla', [told(document)], null)).toMatchObject({
      id: '1042',
      document,
      fields: { firstName: 'Zoé', city: '4000 Liège' },
      modifiedAt: Date.UTC(2030, 0, 2, 10),
    });
  });

  test.each(['payload.member', ''])('wherever the configuration says: "%s"', (member) => {
    const connection = connect('flat', (input) => (input.webhooks = { yapla: { member } }));
    const body: JsonObject = member === '' ? document : { payload: { member: document } };
    expect(newestDelivered(connection, 'yapla', [event(body)], null)).toMatchObject({ document });
  });

  test.each([{ event: 'member.updated' }, { data: [] }, { data: null }, { data: 'Zoé' }])(
    'that holds no member there is an error that names the setting, and no value: %j',
    (body) => {
      const read = () => newestDelivered(assumed, 'yapla', [event(body)], null);
      expect(read).toThrow(UnexpectedResponse);
      expect(read).toThrow(/webhooks\.yapla\.member/);
      expect(read).not.toThrow(/Zoé/);
    },
  );
});

describe('a body with names of its own', () => {
  const card = (more: JsonObject = {}) => ({
    action: 'Edit a member',
    data: {
      fiche: {
        no: '1042',
        identite: { prenom: 'Zoé', nom: 'Lemaire', naissance: '29/02/2000' },
        address: { ville: '5000 Namur', rue: '1 quai Courbe' },
        modifie_le: '2030-01-02 11:00:00',
        ...more,
      },
    },
  });

  test('is read by them, and stored under those of the API', () => {
    expect(newestDelivered(renamed, 'yapla', [event(card())], known(renamed))).toMatchObject({
      id: '1042',
      fields: { firstName: 'Zoé', city: '5000 Namur', street: '1 quai Courbe', birthDate: '2000-02-29' },
      document: {
        ...document,
        id: '1042',
        city: '5000 Namur',
        updated_at: '2030-01-02 11:00:00',
        birth_date: '29/02/2000',
      },
      modifiedAt: Date.UTC(2030, 0, 2, 11),
    });
  });

  test('of somebody who is not known yet shows them as far as they are mapped', () => {
    expect(newestDelivered(renamed, 'yapla', [event(card())], null)?.document).toEqual({
      id: '1042',
      first_name: 'Zoé',
      last_name: 'Lemaire',
      birth_date: '29/02/2000',
      city: '5000 Namur',
      address: '1 quai Courbe',
      updated_at: '2030-01-02 11:00:00',
    });
  });

  test('that leads to no value is an error that names the setting of webhooks', () => {
    expect(() => newestDelivered(renamed, 'yapla', [event(card({ address: { ville: ['Namur'] } }))], null)).toThrow(
      /webhooks\.yapla\.fields\.city/,
    );
  });

  test('and an id of its own is about the member under whose id it was received', () => {
    const connection = connect('flat', (input) => (input.webhooks = { yapla: { id: 'public.no' } }));
    const body = told({ ...document, id: 7, public: { no: '1042' } });
    expect(newestDelivered(connection, 'yapla', [body], null)).toMatchObject({ id: '1042' });
  });
});

describe('what a body does not show', () => {
  test('stays as it is known, in the document as in the fields', () => {
    const part = told({ id: 1042, city: '5000 Namur', custom_fields: { taille: 'L' } });
    expect(newestDelivered(assumed, 'yapla', [part], known(assumed))).toMatchObject({
      document: { ...document, city: '5000 Namur', custom_fields: { taille: 'L', permis: { eau: true } } },
      fields: { firstName: 'Zoé', city: '5000 Namur', street: '1 quai Courbe' },
    });
  });

  test('stays as another body of the same moment shows it', () => {
    const parts = [told({ id: 1042, city: '5000 Namur' }), told({ id: 1042, address: '2 quai Courbe' })];
    expect(newestDelivered(assumed, 'yapla', parts, known(assumed))).toMatchObject({
      fields: { city: '5000 Namur', street: '2 quai Courbe' },
    });
  });

  test('is no mapped field at all: nothing changes, and nothing is wrong', () => {
    const part = told({ id: 1042, status: 'inactive' });
    expect(newestDelivered(assumed, 'yapla', [part], known(assumed))).toMatchObject({
      fields: known(assumed).fields,
      document: { ...document, status: 'inactive' },
    });
  });
});

describe('a body that comes late', () => {
  const at = (time: string, city: string) => told({ ...document, city, updated_at: `2030-01-02 ${time}` });

  test('is set aside where what is known is newer', () => {
    expect(newestDelivered(assumed, 'yapla', [at('09:59:59', '9000 Gent')], known(assumed))).toBeNull();
  });

  test('undoes nothing of a newer one that came before it', () => {
    const late = [at('12:00:00', '5000 Namur'), at('11:00:00', '9000 Gent')];
    expect(newestDelivered(assumed, 'yapla', late, known(assumed))).toMatchObject({ fields: { city: '5000 Namur' } });
  });

  test('counts by its arrival where bodies carry no time', () => {
    const connection = connect('flat', (input) => (input.yapla.read.answer = { modified: null }));
    const bodies = [at('12:00:00', '5000 Namur'), at('11:00:00', '9000 Gent')];
    expect(newestDelivered(connection, 'yapla', bodies, known(connection))).toMatchObject({
      fields: { city: '9000 Gent' },
    });
  });
});

describe('a body from the hour that happens twice', () => {
  const inParis = () => connect('flat', (input) => (input.yapla.timeZone = 'Europe/Paris'));
  const at = (time: string, city: string) => ({ ...document, city, updated_at: `2026-10-25 ${time}` });
  const cityOf = (record: { readonly fields: CanonicalFields } | null) => record?.fields['city'];

  test('is not set aside for what is known of that hour, whichever of the two it was', () => {
    const paris = inParis();
    const stored = known(paris, at('02:50:00', '1 Liège'));
    // Twenty minutes later, by a clock that was put back meanwhile.
    expect(cityOf(newestDelivered(paris, 'yapla', [told(at('02:10:00', '2 Namur'))], stored))).toBe('2 Namur');
    const both = [told(at('02:50:00', '1 Liège')), told(at('02:10:00', '2 Namur'))];
    expect(cityOf(newestDelivered(paris, 'yapla', both, known(paris, at('01:00:00', '0 Gent'))))).toBe('2 Namur');
  });

  test('undoes nothing of a newer one that is newer for certain', () => {
    const paris = inParis();
    const stored = known(paris, at('03:00:01', '3 Mons'));
    expect(newestDelivered(paris, 'yapla', [told(at('02:59:59', '1 Liège'))], stored)).toBeNull();
    const late = [told(at('03:30:00', '3 Mons')), told(at('02:30:00', '1 Liège')), told(at('02:10:00', '2 Namur'))];
    expect(cityOf(newestDelivered(paris, 'yapla', late, known(paris, at('01:00:00', '0 Gent'))))).toBe('3 Mons');
  });

  test('has no time that the rule "newest" could go by', () => {
    const record = newestDelivered(inParis(), 'yapla', [told(at('02:30:00', '1 Liège'))], null)!;
    expect(record.modifiedAt).toBeNull();
    const clear = newestDelivered(inParis(), 'yapla', [told(at('03:30:00', '1 Liège'))], null)!;
    expect(clear.modifiedAt).toBe(Date.parse('2026-10-25T02:30:00Z'));
  });

  test('around any change of clocks: in the order in which they were made, the last counts; in any, none counts that is older by a clear hour', async () => {
    const connections = new Map<string, OpenConnection>();
    const connectionIn = (zone: string) => {
      const one = connections.get(zone) ?? connect('flat', (input) => (input.yapla.timeZone = zone));
      connections.set(zone, one);
      return one;
    };
    const minutes = fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 2, maxLength: 5 });
    await checkProperty(
      fc.property(
        zonedInstants,
        minutes,
        fc.boolean(),
        fc.boolean(),
        ({ at: start, zone }, after, inOrder, together) => {
          const connection = connectionIn(zone);
          const made = inOrder ? [...after].sort((a, b) => a - b) : after;
          const bodies = made.map((minute) => {
            const instant = start + minute * 60_000;
            const shown = writtenIn(zone, instant);
            return told({ ...document, city: String(minute), updated_at: shown });
          });
          const batches = together ? [bodies] : bodies.map((one) => [one]);
          const last = batches.reduce<Shadow>(
            (stored, batch) => ({ ...(newestDelivered(connection, 'yapla', batch, stored) ?? stored), hashes: {} }),
            known(connection, { updated_at: '1999-01-01 00:00:00' }),
          );
          const newest = Math.max(...after);
          if (inOrder) expect(cityOf(last)).toBe(String(newest));
          else expect(Number(cityOf(last))).toBeGreaterThanOrEqual(newest - 60);
        },
      ),
      { numRuns: 400 },
    );
  });
});

test('in whatever order, batches and copies bodies come, what is known in the end is the newest of them', async () => {
  const versions = [0, 1, 2, 3, 4, 5].map((nth) => ({
    ...document,
    city: `${nth} Liège`,
    address: nth % 2 === 0 ? null : `${nth} quai Courbe`,
    updated_at: `2030-01-02 10:00:0${nth}`,
  }));
  const batches = fc.array(fc.array(fc.constantFrom(...versions.keys()), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 6,
  });
  await checkProperty(
    fc.property(batches, (came) => {
      const last = came.reduce<Shadow>((stored, batch) => {
        const bodies = batch.map((nth) => told(versions[nth]!));
        return { ...(newestDelivered(assumed, 'yapla', bodies, stored) ?? stored), hashes: {} };
      }, known(assumed));
      expect(last.document).toEqual(versions[Math.max(...came.flat())]);
      expect(last.fields).toEqual(known(assumed, versions[Math.max(...came.flat())]).fields);
    }),
    { numRuns: 300 },
  );
});

describe('a body that our own write overtook', () => {
  const written = (connection: OpenConnection) => known(connection, { last_name: 'Peeters' });
  const replaced = [{ field: 'lastName', oldValue: 'Lemaire' }];
  const member = (more: JsonObject) => told({ ...document, updated_at: '2030-01-02 11:00:00', ...more });

  test('undoes nothing of what was written, and tells the rest', () => {
    const late = newestDelivered(assumed, 'yapla', [member({ city: '5000 Namur' })], written(assumed), replaced);
    expect(late).toMatchObject({
      fields: { lastName: 'Peeters', city: '5000 Namur' },
      document: { last_name: 'Peeters', city: '5000 Namur' },
    });
  });

  test('also where bodies have names and forms of their own', () => {
    const fiche = { no: '1042', identite: { naissance: '29/02/2000' }, modifie_le: '2030-01-02 11:00:00' };
    const body = event({ action: 'Edit a member', data: { fiche } });
    const shadow = known(renamed, { birth_date: '2001-03-01' });
    const old = [{ field: 'birthDate', oldValue: '2000-02-29 00:00:00' }];
    expect(newestDelivered(renamed, 'yapla', [body], shadow, old)).toMatchObject({
      fields: { birthDate: '2001-03-01' },
    });
  });

  test('is told from one that came after a body that showed what was written: that one is somebody’s change', () => {
    const bodies = [member({ last_name: 'Peeters' }), member({ updated_at: '2030-01-02 12:00:00' })];
    expect(newestDelivered(assumed, 'yapla', bodies, written(assumed), replaced)).toMatchObject({
      fields: { lastName: 'Lemaire' },
    });
  });

  test('is told from one that shows another value', () => {
    const body = member({ last_name: 'Maes' });
    expect(newestDelivered(assumed, 'yapla', [body], written(assumed), replaced)).toMatchObject({
      fields: { lastName: 'Maes' },
    });
  });

  test('says nothing where it does not show the field, and the next one is no surer', () => {
    const bodies = [told({ id: 1042, city: '5000 Namur' }), member({})];
    expect(newestDelivered(assumed, 'yapla', bodies, written(assumed), replaced)).toMatchObject({
      fields: { lastName: 'Peeters' },
    });
  });
});

describe('a body that a file overtook', () => {
  const exportedAt = { atMs: Date.parse('2030-01-02T12:00:00Z'), columns: null };
  // What the stored document shows is the file's, but for its date: no file has one.
  const late = { ...document, city: '5000 Namur', updated_at: '2030-01-02 11:00:00' };
  const read = (bodies: readonly InboxEvent[], file = exportedAt as Parameters<typeof newestDelivered>[5]) =>
    newestDelivered(assumed, 'yapla', bodies, known(assumed), [], file);
  const after = { receivedAtMs: exportedAt.atMs + 1 };

  test('says nothing, whenever it comes', () => {
    expect(read([told(late, after)])).toBeNull();
  });

  test('is known by when it came, where it has no date', () => {
    const { updated_at: _, ...undated } = late;
    expect(read([told(undated, { receivedAtMs: exportedAt.atMs - 1 })])).toBeNull();
    expect(read([told(undated, after)])).toMatchObject({ fields: { city: '5000 Namur' } });
  });

  test('is told from one that was made after the file', () => {
    const bodies = [told({ ...late, updated_at: '2030-01-02 12:00:01', city: '9000 Gent' }, after), told(late, after)];
    expect(read(bodies)).toMatchObject({ fields: { city: '9000 Gent' } });
  });

  test('tells of what the file does not show', () => {
    const body = told({ ...late, last_name: 'Peeters' }, after);
    expect(read([body], { ...exportedAt, columns: ['memberNumber', 'city'] })).toMatchObject({
      fields: { lastName: 'Peeters', city: '4000 Liège' },
    });
  });
});

describe('what is stored', () => {
  const again = event({});
  const removed = told({ id: 1042 }, { event: 'deleted' });

  test('counts where somebody asks to look again and no body says more', () => {
    expect(newestDelivered(assumed, 'yapla', [again], known(assumed))).toBeNull();
    expect(countsAsStored([again], known(assumed))).toBe(true);
  });

  test('does not where nothing is stored, or the last word is a removal', () => {
    expect(countsAsStored([again], null)).toBe(false);
    expect(countsAsStored([again, removed], known(assumed))).toBe(false);
  });
});
