/** Draws lines of a terminal as an SVG that looks the same whatever fonts the viewer has. */
import type { Cell, Line, Style } from './terminal.js';

export interface PictureOptions {
  /** What a screen reader says. */
  readonly title: string;
  /** Of a line that was drawn over, how many of its states are shown: evenly spaced, the last one included. */
  readonly statesShown: number;
}

const characterWidth = 7.8;
const lineHeight = 17;
const margin = 18;
const background = '#16191d';
const ink = '#d5d9de';
const colours: Readonly<Record<number, string>> = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
};

export function drawPicture(lines: readonly Line[], { title, statesShown }: PictureOptions): string {
  const rows = lines.flatMap(({ states }) => evenly(states, statesShown));
  const width = Math.ceil(Math.max(1, ...rows.map((row) => row.length)) * characterWidth + 2 * margin);
  const height = rows.length * lineHeight + 2 * margin;
  const texts = rows.flatMap((row, at) => {
    const y = margin + at * lineHeight + 12;
    return runs(row).map(({ column, cells }) => textElement(column, y, cells));
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${background}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" fill="${ink}">`,
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** The last state, and before it others at equal distances. */
function evenly<T>(states: readonly T[], n: number): T[] {
  if (states.length <= n) return [...states];
  return Array.from({ length: n }, (_, at) => states[Math.round(((at + 1) * states.length) / n) - 1]!);
}

interface Run {
  readonly column: number;
  readonly cells: readonly Cell[];
}

/** Parts of a row in one style. Blanks side by side end a part: SVG would draw them as one. */
function runs(row: readonly Cell[]): Run[] {
  const found: { column: number; cells: Cell[] }[] = [];
  row.forEach((cell, column) => {
    if (isBlank(cell) && (isBlank(row[column - 1]) || isBlank(row[column + 1]))) return;
    const last = found.at(-1);
    const follows = last !== undefined && last.column + last.cells.length === column;
    if (follows && sameStyle(last.cells[0]!.style, cell.style)) last.cells.push(cell);
    else found.push({ column, cells: [cell] });
  });
  return found.map(trimmed).filter(({ cells }) => cells.length > 0);
}

/** Without a blank at either end, where SVG drops it. */
function trimmed({ column, cells }: Run): Run {
  const from = isBlank(cells[0]) ? 1 : 0;
  const to = isBlank(cells.at(-1)) ? cells.length - 1 : cells.length;
  return { column: column + from, cells: cells.slice(from, to) };
}

/** A place outside the row is blank. */
function isBlank(cell: Cell | undefined): boolean {
  return cell === undefined || cell.character === ' ';
}

/** The length is stated, so that another font's widths move nothing. */
function textElement(column: number, y: number, cells: readonly Cell[]): string {
  const { bold, dim, colour } = cells[0]!.style;
  const attributes = [
    `x="${(margin + column * characterWidth).toFixed(1)}"`,
    `y="${y}"`,
    `textLength="${(cells.length * characterWidth).toFixed(1)}"`,
    'lengthAdjust="spacingAndGlyphs"',
    ...(bold ? ['font-weight="bold"'] : []),
    ...(dim ? ['opacity="0.6"'] : []),
    ...(colour !== null && colours[colour] !== undefined ? [`fill="${colours[colour]}"`] : []),
  ];
  return `<text ${attributes.join(' ')}>${escaped(cells.map(({ character }) => character).join(''))}</text>`;
}

function sameStyle(a: Style, b: Style): boolean {
  return a.bold === b.bold && a.dim === b.dim && a.colour === b.colour;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
