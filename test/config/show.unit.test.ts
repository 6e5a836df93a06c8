import { expect, test } from '@jest/globals';
import { parseConfig } from '../../src/config/load.js';
import { showConfig } from '../../src/config/show.js';

test('the configuration is shown with the names of variables in place of their values', () => {
  const text = JSON.stringify({
    database: { url: 'postgres://me:${PASSWORD}@db/x' },
    connections: {
      club: {
        create: 'none',
        yapla: { read: { key: { value: '${KEY}' } }, volatileFields: ['a', '${VOLATILE}'] },
        yoplanning: { token: '${TOKEN}', team: '5a90332e-568f-4980-9859-88a984844a4d' },
      },
    },
  });
  const values = { PASSWORD: 'value-1', KEY: 'value-2', TOKEN: 'value-3', VOLATILE: 'value-4' };
  const shown = showConfig(parseConfig(text, '/x/passerelle.config.json', values));
  expect(shown).toMatchObject({
    database: { url: 'postgres://me:${PASSWORD}@db/x', maxConnections: 12 },
    connections: { club: { yapla: { volatileFields: ['a', '${VOLATILE}'] }, yoplanning: { token: '${TOKEN}' } } },
  });
  expect(JSON.stringify(shown)).not.toContain('value-');
});
