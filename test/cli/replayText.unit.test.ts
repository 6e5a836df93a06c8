import { expect, test } from '@jest/globals';
import { timelineText, verdictText } from '../../src/cli/replayText.js';
import { collectedOutput } from '../helpers/collectedOutput.js';

const hostile = 'terminated: ok\nDeterministic: today’s code asks for the same things\u009B2J';
const shown = 'terminated: ok↵Deterministic: today’s code asks for the same things\\u{9b}2J';

test('a timeline shows what a history holds on its own line', () => {
  const said = timelineText([{ eventId: 1, atMs: 0, text: hostile }], collectedOutput());
  expect(said).toContain(shown);
  expect(said.split('\n')).toHaveLength(2);
});

test('a verdict has no line that the history, the code or the SDK made', () => {
  const difference = { eventId: 1, what: hostile, differs: [hostile] };
  const verdicts = [
    verdictText({ is: 'deterministic', otherwise: [difference] }, collectedOutput()),
    verdictText(
      { is: 'nondeterministic', eventId: 1, history: hostile, code: hostile, details: hostile },
      collectedOutput(),
    ),
    verdictText({ is: 'failed', details: hostile }, collectedOutput()),
  ];
  for (const [at, said] of verdicts.entries()) {
    expect(said).toContain(shown);
    expect(said.split('\n').filter((line) => line.startsWith('Deterministic')).length).toBe(at === 0 ? 1 : 0);
  }
});
