/** docs/cases.md says of each kind what the code does. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { kinds, type CaseKind } from '../../src/cases/index.js';
import type { Kind } from '../../src/cases/kind.js';

const page = readFileSync(new URL('../../docs/cases.md', import.meta.url), 'utf8');
const every = Object.keys(kinds) as CaseKind[];

/** Cells of the table at a glance, by kind. */
const rows = new Map(
  [...page.matchAll(/^\| \[(\w+)\]\(#\w+\) +\|(.*)\|$/gm)].map(([, kind, cells]) => [
    kind,
    cells!.split('|').map((cell) => cell.trim()),
  ]),
);

function answersText({ answers }: Kind): string {
  const { value, create, goOn, close, plan, booking, map } = answers;
  const ways = [
    value && 'a value',
    create && 'create',
    goOn && 'going on',
    close !== null && 'closing',
    plan && 'the plan',
    booking !== undefined && `\`${booking.join('`, `').replace('carryOut', 'carry-out')}\``,
    map === true && 'mapping its event',
  ];
  return ways.filter((way) => way !== false).join(', ');
}

test.each(every)('kind %s has a row that is true, and a section', (code) => {
  const [about, holds, answers] = rows.get(code) ?? [];
  const kind: Kind = kinds[code];
  expect(about).toBe(kind.about);
  expect(holds).toMatch(kind.holds === null ? /^nothing/ : new RegExp(`^the ${kind.holds.what}, until`));
  expect(answers).toBe(answersText(kind));
  expect(page).toContain(`\n### ${code}\n`);
});

test('no other kind is told of', () => {
  expect([...rows.keys()].sort()).toEqual([...every].sort());
});
