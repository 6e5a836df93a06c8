/** No fixture holds a value of any person of the run that it was recorded from. Invented as they are, the habit counts. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/sandbox.js';
import { historyOfJson } from '../../src/replay/history.js';
import { textOf } from '../helpers/historyText.js';
import { sandboxValues, valuesIn } from '../helpers/sandboxValues.js';
import { scenarios } from './scenarios.js';
import { entered } from './syncRecordScenarios.js';

/** Of the participants, too, whom registrations name (helpers/eventsClub.ts). */
const enteredValues = [...Object.values(entered).flatMap((one) => Object.values(one)), 'Prénom0'];

describe('no value of a person is in the recorded history', () => {
  test.each(scenarios.map(({ name, options }) => [name, options] as const))('%s', async (name, options) => {
    const json: unknown = JSON.parse(readFileSync(path.resolve('test/histories', `${name}.json`), 'utf8'));
    const text = textOf(historyOfJson(json));
    // What is looked through does hold the payloads, decoded.
    expect(text).toContain(name.startsWith('retention.') ? '"journal":' : '"connectionId":"club-');
    // The same seed makes the same people again.
    const sandbox = await startSandbox(options.sandbox);
    try {
      const values = [...(await sandboxValues(sandbox)), ...enteredValues];
      expect(values.length).toBeGreaterThan(20);
      expect(valuesIn(text, values).length).toBe(0);
    } finally {
      await sandbox.stop();
    }
  });
});

test('a value would be found, in a payload as in plain text', () => {
  const payloads = [{ data: new TextEncoder().encode('{"lastName":"Le Goff","postalCode":"35000","waitMs":135000}') }];
  const signalled = textOf({ events: [{ workflowExecutionSignaledEventAttributes: { input: { payloads } } }] });
  expect(valuesIn(signalled, ['Le Goff', '35000', '3500', 'Vannes'])).toEqual(['Le Goff', '35000']);
});
