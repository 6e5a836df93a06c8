import picocolors from 'picocolors';
import type { Output } from '../../src/cli/output.js';

export interface CollectedOutput extends Output {
  /** What was printed as the result. */
  readonly printed: string[];
  /** What was said to standard error. */
  readonly noted: string[];
}

/** A command's output as a pipe would take it: without colours, nothing redrawn. */
export function collectedOutput(): CollectedOutput {
  const printed: string[] = [];
  const noted: string[] = [];
  return {
    printed,
    noted,
    colours: picocolors.createColors(false),
    interactive: false,
    columns: 100,
    print: (text = '') => void printed.push(text),
    note: (text) => void noted.push(text),
  };
}
