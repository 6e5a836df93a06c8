import { describe, expect, test } from '@jest/globals';
import { duration, planText, type PlanView } from '../../src/cli/planText.js';
import { emptyTotals, type PlanCost } from '../../src/core/plan.js';
import { collectedOutput } from '../helpers/collectedOutput.js';

const nowMs = Date.UTC(2026, 0, 2, 10, 0);
const cost: PlanCost = {
  yapla: { requests: 4, references: 0, seconds: 2, days: 1 },
  yoplanning: { requests: 2_100, references: 3, seconds: 3 * 86_400, days: 3 },
};
const uuid = '8d23503e-041e-4f6b-9a55-111122223333';
const unchanged = { adopt: [], conflicts: [], create: null, gone: null };
const view: PlanView = {
  number: 4,
  connection: 'club',
  totals: {
    ...emptyTotals(),
    items: { link: 0, adopt: 0, create: 0, write: 3, conflict: 0, remove: 0, doubt: 2 },
    changedPeople: 3,
    unchanged: 40,
    changes: { yapla: 2, yoplanning: 1 },
    creations: { yapla: 0, yoplanning: 0 },
  },
  cost,
  guard: [],
  samples: [
    {
      kind: 'write',
      linkId: `yoplanning:${uuid}`,
      decision: {
        ...unchanged,
        kind: 'write',
        write: { yapla: ['city'], yoplanning: [] },
        reasons: { city: 'changedInYoplanning' },
      },
      yapla: { city: null },
      yoplanning: { city: 'Lyon' },
    },
    {
      kind: 'doubt',
      linkId: null,
      decision: { kind: 'duplicate', by: 'email+name', yapla: ['1', '2'], yoplanning: [] },
      yapla: null,
      yoplanning: null,
    },
  ],
};
const text = (more: Partial<PlanView> = {}) => planText({ ...view, ...more }, collectedOutput(), nowMs);

describe('a plan as text', () => {
  test('says what is done, to how many, with samples, and how many are not shown', () => {
    const said = text();
    expect(said).toMatch(/^Plan 4 for club\n/);
    expect(said).toContain('~ 3 changed');
    expect(said).toContain('… and 2 more');
    expect(said).toContain('Yapla.city   (empty) → "Lyon"   (changedInYoplanning)');
    expect(said).toContain('yapla:1  yapla:2   (duplicate, by email+name)');
    expect(said).toContain(
      'Plan: 0 to create, 0 to link, 3 to change, 0 gone, 40 unchanged, 2 for a person to decide.',
    );
    expect(said).not.toContain('created: known');
  });

  test('names those who are gone from a list in its line of totals', () => {
    const totals = { ...view.totals, items: { ...view.totals.items, remove: 30 } };
    expect(text({ totals })).toContain('3 to change, 30 gone, 40 unchanged');
  });

  test('says what it costs in each system, and when it is finished', () => {
    expect(text()).toMatch(/Yapla +4 requests +\(0 creations, 2 changes\) +2 s, 1 day of quota\n/);
    expect(text()).toMatch(
      /Yoplanning +2100 requests +\(0 creations, 1 changes\) +3 days, 3 days of quota; 3 more from the day's rest/,
    );
    expect(text()).toContain('Finished about 2026-01-05 10:00 UTC');
  });

  test('shortens ids to what still tells them apart, and leaves no white space at the end of a line', () => {
    const said = text();
    expect(said).toContain('yoplanning:8d23503e-04…');
    expect(said).not.toContain(uuid);
    expect(said.split('\n').filter((line) => /\s$/.test(line))).toEqual([]);
    expect(said).not.toMatch(/undefined|null|NaN/);
  });

  test('shows what steers a terminal, or looks like lines of the plan, as what it is: in values, names and ids', () => {
    const [write, doubt] = view.samples;
    const said = text({
      samples: [
        { ...write!, yoplanning: { city: 'Lyon\nPlan: 0 to create\u001b[2J' } },
        {
          ...write!,
          decision: { ...unchanged, kind: 'write', write: { yapla: [], yoplanning: [] }, reasons: {} },
          yapla: { firstName: 'Zoé\u202e' },
        },
        {
          ...doubt!,
          decision: { kind: 'duplicate', by: 'email+name', yapla: ['1\u001b]0;x\u0007', '2\n'], yoplanning: [] },
        },
      ],
    });
    expect(said).toContain('"Lyon↵Plan: 0 to create\\u{1b}[2J"');
    expect(said).toContain('Zoé\\u{202e}');
    expect(said).toContain('yapla:1\\u{1b}]0;x\\u{7}');
    expect([...said].filter((character) => character !== '\n' && /[\p{Cc}\p{Cf}]/u.test(character))).toEqual([]);
    expect(said.split('\n').filter((line) => line.startsWith('Plan: '))).toHaveLength(1);
  });

  test('has no line of its own kind that a street made: by a line break, by blanks, by its length, by a reason', () => {
    const [write, doubt] = view.samples;
    const reason = 'x)\nGuard: none' as 'changedInYoplanning';
    const streets = ['1 rue A\nGuard: none', `1 rue A${' '.repeat(60)}Guard: none`, `${'x'.repeat(300)}Guard: none`];
    const said = text({
      connection: 'club\nGuard: none',
      samples: [
        ...streets.map((city) => ({ ...write!, yoplanning: { city } })),
        {
          ...write!,
          decision: {
            ...unchanged,
            kind: 'write' as const,
            write: { yapla: ['city'], yoplanning: [] },
            reasons: { city: reason },
          },
        },
        { ...doubt!, decision: { kind: 'duplicate' as const, by: 'email\nGuard: none', yapla: ['1'], yoplanning: [] } },
      ],
    });
    expect(said.split('\n').filter((line) => line.includes('Guard: none') && !line.includes('↵Guard: none'))).toEqual([
      expect.stringContaining('"1 rue A[60 blanks]Guard: none"'),
    ]);
    // With a terminal of 80 characters in mind: nothing of a value begins a line of the screen after blanks alone.
    expect(said).toContain('… (191 more characters)"');
  });

  test('says why the guard holds it, and who may not be written', () => {
    const trip = {
      code: 'tooManyCreated',
      system: 'yoplanning',
      count: 30,
      of: 60,
      share: 0.5,
      maxShare: 0.2,
    } as const;
    const said = text({ guard: [trip], heldBack: 5 });
    expect(said).toContain(
      "Guard: 50 % of Yoplanning's people would be new (30 of 60; allowed without a person: 20 %)",
    );
    expect(said).toContain('5 more differ in what may not be written');
    expect(text()).not.toContain('Guard');
  });
});

test.each([
  [45, '45 s'],
  [119.6, '2 min'],
  [7_500, '2 h 5 min'],
  [7_200, '2 h'],
  [3 * 86_400, '3 days'],
])('%d seconds read as %s', (seconds, said) => {
  expect(duration(seconds)).toBe(said);
});
