/**
 * Just enough of a terminal to read back what a command showed on one: text, colours, and lines that are drawn over, such as a
 * progress bar. Lines are not wrapped.
 */

export interface Style {
  readonly bold: boolean;
  readonly dim: boolean;
  /** Number of the colour, 30 to 37 or 90 to 97; `null`: the terminal's own. */
  readonly colour: number | null;
}

export interface Cell {
  readonly character: string;
  readonly style: Style;
}

/** One line of the screen: its last state, and before it each state that was drawn over. */
export interface Line {
  readonly states: readonly (readonly Cell[])[];
}

const plain: Style = { bold: false, dim: false, colour: null };

/** ESC [ parameters command (in `command`), any other ESC sequence of one character, or one character. */
const token = /\u001B\[(?<parameters>[0-9;?]*)(?<command>[A-Za-z])|\u001B[78]|\r|\n|[^\u001B]/gu;

/** @param captured what was written to the terminal, for example by `script` */
export function readTerminal(captured: string): Line[] {
  const lines: { states: Cell[][] }[] = [{ states: [[]] }];
  let style = plain;
  let column = 0;
  const current = () => lines.at(-1)!.states.at(-1)!;
  const backTo = (to: number): void => {
    // Whatever comes next draws over this: keep it.
    if (to < column && current().length > 0) lines.at(-1)!.states.push([...current()]);
    column = to;
  };
  for (const { 0: text, groups } of captured.matchAll(token)) {
    const command = groups?.['command'];
    if (command === 'm') style = styleAfter(style, groups!['parameters']!);
    else if (command === 'G') backTo(Number(groups!['parameters']) - 1);
    else if (command === 'K') current().length = Math.min(current().length, column);
    else if (text === '\r') column = 0;
    else if (text === '\n') {
      lines.push({ states: [[]] });
      column = 0;
    } else if (!text.startsWith('\u001B')) {
      while (current().length < column) current().push({ character: ' ', style: plain });
      current()[column++] = { character: text, style };
    }
  }
  return lines;
}

export function textOf(cells: readonly Cell[]): string {
  return cells.map(({ character }) => character).join('');
}

function styleAfter(style: Style, parameters: string): Style {
  return parameters.split(';').reduce((now, parameter) => {
    const code = Number(parameter);
    if (code === 0) return plain;
    if (code === 1) return { ...now, bold: true };
    if (code === 2) return { ...now, dim: true };
    if (code === 22) return { ...now, bold: false, dim: false };
    if (code === 39) return { ...now, colour: null };
    if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) return { ...now, colour: code };
    return now;
  }, style);
}
