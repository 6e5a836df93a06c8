/** Fields that a system shows by label: read, written and refused through both systems, over HTTP. */
import { describe, expect, test } from '@jest/globals';
import { UnreadableRecord } from '../../src/http/failures.js';
import { memberDelivered } from '../../src/systems/yapla/dataApi.js';
import type { SystemName } from '../../src/core/record.js';
import type { YaplaShapeName } from '../../src/sandbox/options.js';
import { readPlace } from '../../src/systems/mapping.js';
import { ask, type ConnectionInput, failureOf, opener } from './support.js';

const open = opener();
const ada = { firstName: 'Ada', lastName: 'Essai', country: 'BE', language: 'nl' };
const labels = { country: 'fr', language: 'en' } as const;

/** The configuration that fits `labels` in one system. */
const byLabel =
  (system: SystemName, languages: Readonly<Record<string, string>> = labels) =>
  ({ fields }: ConnectionInput) => {
    for (const [name, label] of Object.entries(languages)) {
      const field = fields![name]!;
      fields![name] = { ...field, [system]: { read: readPlace(field[system]), label } };
    }
  };

const accounts: readonly [SystemName, YaplaShapeName][] = [
  ['yapla', 'flat'],
  ['yapla', 'nested'],
  ['yoplanning', 'flat'],
];

describe.each(accounts)('%s with choice fields (Yapla %s)', (name, shape) => {
  const openLabelled = async () => await open({ shape, sandbox: { [name]: { labels } }, configure: byLabel(name) });

  test('shows labels, which are read as their values in the list and by themselves', async () => {
    const { sandbox, systems } = await openLabelled();
    const id = await sandbox.control.add(name, ada);
    const listed = (await systems[name].readPage({ from: 0 }, ask)).records.find((one) => one.id === id)!;
    const read = (await systems[name].read(id, ask))!;
    for (const { fields, document } of [listed, read]) {
      expect(fields).toMatchObject({ country: 'BE', language: 'nl' });
      expect(JSON.stringify(document)).toContain('Belgique');
      expect(JSON.stringify(document)).toContain('Dutch');
    }
  });

  test('is written by label, and takes nothing else', async () => {
    const { sandbox, systems } = await openLabelled();
    const id = await sandbox.control.add(name, ada);
    const result = await systems[name].update(id, () => ({ set: { country: 'DE', language: 'fr' } }), ask);
    expect(result).toMatchObject({ outcome: 'written', after: { fields: { country: 'DE', language: 'fr' } } });
    expect((await sandbox.control.record(name, id))!.person).toMatchObject({ country: 'DE', language: 'fr' });
    const failure = await failureOf(systems[name].update(id, () => ({ set: { country: 'Fooland' } }), ask));
    expect(failure).toMatchObject({ type: 'InvalidRecord' });
  });

  test('is created by label', async () => {
    const { sandbox, systems } = await openLabelled();
    const { firstName, lastName } = ada;
    const created = await systems[name].create(
      {
        id: name === 'yoplanning' ? 'f3f6d62e-6a9b-4f0c-8a34-5f6f5f1c2a10' : null,
        fields: { firstName, lastName, country: 'CH', language: 'de' },
        externalReference: null,
      },
      ask,
    );
    expect(created.record!.fields).toMatchObject({ country: 'CH', language: 'de' });
    const { person } = (await sandbox.control.record(name, created.record!.id))!;
    expect(person).toMatchObject({ country: 'CH', language: 'de' });
  });

  test('is not changed where only the language of its labels is another one', async () => {
    const { sandbox, systems } = await open({
      shape,
      sandbox: { [name]: { labels: { country: 'en', language: 'fr' } } },
      configure: byLabel(name),
    });
    const id = await sandbox.control.add(name, ada);
    const merge = () => ({ set: { country: 'BE', language: 'nl' } });
    expect(await systems[name].update(id, merge, ask)).toMatchObject({
      outcome: 'stopped',
      before: { fields: { country: 'BE', language: 'nl' } },
    });
  });

  test('with a label that the table does not have is that record’s question, and nobody else’s', async () => {
    const { sandbox, systems } = await openLabelled();
    const bad = await sandbox.control.add(name, { ...ada, country: 'Fooland' });
    // Alone in its list it stops nothing either: it is a record for certain.
    const alone = await systems[name].readPage({ from: 0 }, ask);
    expect(alone.records).toEqual([]);
    expect(alone.unreadable).toEqual([{ position: 0, failure: expect.objectContaining({ id: bad }) }]);
    const good = await sandbox.control.add(name, ada);
    const page = await systems[name].readPage({ from: 0 }, ask);
    expect(page.records.map(({ id }) => id)).toEqual([good]);
    const failure = await failureOf(systems[name].read(bad, ask));
    expect(failure).toBeInstanceOf(UnreadableRecord);
    expect(failure.message).toContain(`fields.country.${name}`);
    expect(JSON.stringify(failure) + failure.message).not.toContain('Fooland');
  });
});

describe('a table of the organisation’s own', () => {
  const configure = ({ fields }: ConnectionInput) => {
    fields!['title'] = {
      choices: { mrs: { fr: ['Madame', 'Mme'], code: '2' }, mr: { fr: 'Monsieur', code: '1' } },
      yapla: { read: 'custom_fields.title', label: 'code' },
      yoplanning: { read: 'custom.title', label: 'fr' },
    };
  };

  test('brings each system its own text for one value', async () => {
    const { sandbox, systems } = await open({ configure });
    const { control } = sandbox;
    const member = await control.add('yapla', ada, { unmapped: { custom: { title: 2, other: 'x' } } });
    const client = await control.add('yoplanning', ada, { unmapped: { custom: { title: 'Monsieur' } } });
    expect((await systems.yapla.read(member, ask))!.fields['title']).toBe('mrs');
    expect((await systems.yoplanning.read(client, ask))!.fields['title']).toBe('mr');
    await systems.yapla.update(member, () => ({ set: { title: 'mr' } }), ask);
    await systems.yoplanning.update(client, () => ({ set: { title: 'mrs' } }), ask);
    // A number stays one, and what stands beside it stays.
    expect((await control.record('yapla', member))!.document['custom_fields']).toEqual({ title: 1, other: 'x' });
    expect((await control.record('yoplanning', client))!.document['custom']).toEqual({ title: 'Madame' });
  });
});

describe('a webhook', () => {
  test.each(['flat', 'listed'] as const)(
    'shows labels as its account does, and is read by the same table (%s)',
    async (shape) => {
      const { sandbox, systems, config } = await open({
        shape,
        sandbox: { yapla: { labels } },
        configure: byLabel('yapla'),
      });
      const id = await sandbox.control.add('yapla', ada);
      const { document } = (await sandbox.control.record('yapla', id))!;
      const body =
        shape === 'flat'
          ? { event: 'member.updated', data: document }
          : {
              action: 'Edit a member',
              data: {
                fiche: {
                  no: id,
                  identite: { prenom: 'Ada', nom: 'Essai', langue: 'Dutch' },
                  address: { pays: 'Belgique' },
                },
              },
            };
      const context = {
        connection: 'test',
        system: 'yapla',
        access: 'none',
        method: 'POST',
        path: '/webhooks/test/yapla',
      } as const;
      const shown = memberDelivered(config, body, id, context);
      expect(JSON.stringify(shown)).toContain('Belgique');
      expect(systems.yapla.recordOf(shown, { context }).fields).toMatchObject({ country: 'BE', language: 'nl' });
    },
  );
});
