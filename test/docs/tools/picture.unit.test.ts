import { describe, expect, test } from '@jest/globals';
import { drawPicture } from '../../../docs/tools/picture.js';
import { readTerminal, textOf } from '../../../docs/tools/terminal.js';

const options = { title: 'a run', statesShown: 2 };

function shown(captured: string): string[] {
  return readTerminal(captured).map(({ states }) => textOf(states.at(-1)!));
}

describe('what a terminal shows', () => {
  test('is the text without its control sequences', () => {
    expect(shown('\u001B[1mPlan\u001B[22m: \u001B[32m3\u001B[39m\r\nnext')).toEqual(['Plan: 3', 'next']);
  });

  test('of a line that is drawn over is the last state, with those before it kept', () => {
    const [line] = readTerminal('\u001B[1Gbar 1 of 10\u001B[0K\u001B[1Gbar 9\u001B[0K\u001B[1Gbar 10\u001B[0K\r\n');
    expect(line!.states.map(textOf)).toEqual(['bar 1 of 10', 'bar 9', 'bar 10']);
  });
});

describe('the picture', () => {
  test('keeps columns apart, whatever the font', () => {
    const svg = drawPicture(readTerminal('ab   c d'), options);
    expect(svg).toContain('>ab</text>');
    expect(svg).toContain('>c d</text>');
  });

  test('has the colours of the terminal, and signs of XML as text', () => {
    const svg = drawPicture(readTerminal('\u001B[32m<ok> & fine\u001B[39m'), options);
    expect(svg).toMatch(/fill="#7ee787">&lt;ok&gt; &amp; fine<\/text>/);
  });

  test('shows as many states of a line as asked for, the last one always', () => {
    const svg = drawPicture(readTerminal('\u001B[1Ga\u001B[1Gb\u001B[1Gc\u001B[1Gd'), options);
    expect([...svg.matchAll(/>([a-d])<\/text>/g)].map(([, letter]) => letter)).toEqual(['b', 'd']);
  });
});
