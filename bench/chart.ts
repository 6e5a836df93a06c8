/** Draws a bench's results: one bar for each line, the goal as a mark on its scale. SVG by hand: a chart this small needs no library. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseGoal, readResult, type BenchLine, type BenchResult } from './results.js';

const width = 1000;
const left = 330;
const right = 330;
const rowHeight = 44;
const top = 64;
const barHeight = 18;

const colours = {
  met: '#2f7d5b',
  missed: '#b3402e',
  goal: '#1d2733',
  text: '#1d2733',
  faint: '#5d6b7a',
  track: '#e8ecf0',
};

/** Draws every file of bench/results to docs/bench-<name>.svg. @returns the files written */
export function drawCharts(results = 'bench/results', docs = 'docs'): string[] {
  if (!existsSync(results)) return [];
  mkdirSync(docs, { recursive: true });
  return readdirSync(results)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const bench = path.basename(name, '.json');
      const file = path.join(docs, `bench-${bench}.svg`);
      writeFileSync(file, chartOf(bench, readResult(path.join(results, name))));
      return file;
    });
}

/** The picture as SVG text. Each bar has a scale of its own, on which its goal stands in the same place. */
export function chartOf(bench: string, { machine, at, lines }: BenchResult): string {
  const height = top + lines.length * rowHeight + 40;
  const summary = `${machine.cpu}, ${machine.cores} cores, Node.js ${machine.node}, load ${machine.loadAverage} at the start; ${at.slice(0, 10)}`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escaped(`Results of npm run bench -- ${bench}`)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(16, 26, `npm run bench -- ${bench}`, { weight: 600, size: 15 }),
    text(16, 46, summary, { fill: colours.faint, size: 12 }),
    ...lines.flatMap((line, index) => row(line, top + index * rowHeight)),
    text(left, height - 14, 'black mark: the goal; green: met, red: not met', { fill: colours.faint, size: 12 }),
    '</svg>',
  ].join('\n')}\n`;
}

/** Where on the bar the goal stands: a floor to exceed in its middle, a ceiling near its end. */
function row(line: BenchLine, y: number): string[] {
  const { of, side, bound } = parseGoal(line.goal);
  const reached = of === 'ratio' ? line.ratio : line.value;
  const room = width - left - right;
  const goalAt = room * 0.7;
  const length = Math.max(2, Math.min(room, (reached / bound) * goalAt));
  const middle = y + rowHeight / 2;
  const barTop = middle - barHeight / 2;
  const beyond = (reached / bound) * goalAt > room;
  const shown = of === 'ratio' ? number(reached) : `${number(reached)} ${line.unit}`;
  const goal = `${side === '>=' ? '≥' : '≤'} ${number(bound)}`;
  return [
    text(left - 14, middle + 5, line.line, { anchor: 'end' }),
    `<rect x="${left}" y="${barTop}" width="${room}" height="${barHeight}" fill="${colours.track}"/>`,
    `<rect x="${left}" y="${barTop}" width="${length.toFixed(1)}" height="${barHeight}" fill="${line.met ? colours.met : colours.missed}"/>`,
    `<rect x="${(left + goalAt - 1).toFixed(1)}" y="${barTop - 5}" width="2" height="${barHeight + 10}" fill="${colours.goal}"/>`,
    text(width - right + 14, middle + 5, `${shown}${beyond ? ' →' : ''}`, { weight: 600 }),
    text(width - 16, middle + 5, `goal ${goal}`, { anchor: 'end', fill: colours.faint }),
  ];
}

interface TextStyle {
  readonly anchor?: 'start' | 'end';
  readonly fill?: string;
  readonly size?: number;
  readonly weight?: number;
}

function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { anchor = 'start', fill = colours.text, size = 13, weight = 400 } = style;
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${fill}" font-size="${size}" font-weight="${weight}">${escaped(content)}</text>`;
}

function number(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-GB');
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
