/**
 * Draws docs/run.svg, the README's picture, from a real run:
 *
 *     FORCE_COLOR=1 script -qfec "npm run demo" run.ansi
 *     node --import tsx docs/tools/run-picture.ts run.ansi
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { drawPicture } from './picture.js';
import { readTerminal, textOf } from './terminal.js';

/** What stands before and after these lines tells of the machine that it ran on. */
const firstLine = /^reading both lists/;
const lastLine = /writes for \d+ changes/;

const [captured] = process.argv.slice(2);
if (captured === undefined) throw new Error('expected the file that "script" wrote');
const lines = readTerminal(readFileSync(captured, 'utf8'));
const at = (pattern: RegExp): number => {
  const found = lines.findIndex(({ states }) => pattern.test(textOf(states.at(-1)!)));
  if (found === -1) throw new Error(`no line of ${captured} matches ${pattern}: did the run end well?`);
  return found;
};
const shown = lines.slice(at(firstLine), at(lastLine) + 1);
const svg = drawPicture(shown, {
  title: 'A run of npm run demo: the plan, the progress, the summary, the proof, and single changes as they travel',
  statesShown: 3,
});
writeFileSync(new URL('../run.svg', import.meta.url), svg);
