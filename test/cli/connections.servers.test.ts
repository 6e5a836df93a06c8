/** `passerelle connections`, on a real database. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { run } from '../../src/cli/main.js';
import { ensureConnection } from '../../src/store/connections.js';
import { collectedOutput } from '../helpers/collectedOutput.js';
import { writeConfigFile } from '../helpers/configFile.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

const people = { seed: 14, yapla: 0, yoplanning: 0, shared: 2, differing: 0 };
const environment = process.env;
const directory = mkdtempSync(path.join(tmpdir(), 'passerelle-connections-'));
let house: TestPasserelle;
afterEach(async () => {
  await house.stop();
  process.env = environment;
  rmSync(directory, { recursive: true });
});

test('connections that only the file or only the database has are told, with what is stored', async () => {
  house = await startPasserelle({ sandbox: { people } });
  await (await house.startBulk()).result();
  await ensureConnection(house.sql, 'former');
  // Of another team: two connections with one are refused.
  const { yoplanning } = house.connection;
  const newcomer = { ...house.connection, yoplanning: { ...yoplanning, team: '11111111-1111-4111-8111-111111111111' } };
  const { file, env } = writeConfigFile(house, directory, {
    connections: { ...house.config.connections, newcomer },
  });
  process.env = { ...environment, ...env };
  const output = collectedOutput();
  expect(await run(['node', 'passerelle', '--config', file, 'connections'], output)).toBe(0);
  const lines = output.printed.join('\n').split('\n');
  expect(lines.find((line) => line.startsWith(house.connectionId))).toMatch(/ 2 links$/);
  expect(lines.find((line) => line.startsWith('former'))).toMatch(/0 links +only in the database/);
  expect(lines.find((line) => line.startsWith('newcomer'))).toMatch(/only in the configuration/);
});
