/** Recorded histories of registrations, told. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { historyOfJson, readHistory } from '../../src/replay/history.js';
import { timelineOf } from '../../src/replay/timeline.js';

const told = (name: string) => {
  const json: unknown = JSON.parse(readFileSync(path.resolve('test/histories', `${name}.json`), 'utf8'));
  return timelineOf(readHistory(historyOfJson(json))).map(({ text }) => text);
};

test('a registration that is booked is read, booked, and then found in step', () => {
  const lines = told('syncRegistration.booked').join('\n');
  expect(lines).toMatch(/read; took yapla \w+; validated, no order/);
  expect(lines).toMatch(/decided: book\n(.|\n)*done; yoplanning took booking/);
  expect(lines).toMatch(/decided \(rest\): inStep/);
});

test('one that is cancelled by rule tells by what its order was cancelled', () => {
  const lines = told('syncRegistration.cancelled-by-rule').join('\n');
  expect(lines).toContain('decided: cancel, by put');
  expect(lines).toContain('cancelled, a cancelled order');
});
