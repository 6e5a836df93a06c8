import { describe, expect, test } from '@jest/globals';
import { chartOf } from '../../bench/chart.js';
import { lineOf, type BenchResult } from '../../bench/results.js';

const machine = {
  cpu: 'Some <fast> & quiet CPU',
  cores: 2,
  memoryBytes: 8e9,
  platform: 'linux x64',
  node: 'v20.20.0',
  loadAverage: 0.1,
};

function chart(...lines: Parameters<typeof lineOf>[0][]): string {
  const result: BenchResult = { machine, at: '2026-11-22T12:00:00.000Z', lines: lines.map(lineOf) };
  return chartOf('bulk', result);
}

/** Widths of the coloured bars, in the order of the lines. */
function bars(svg: string, fill: string): number[] {
  return [...svg.matchAll(/<rect [^>]*width="([\d.]+)"[^>]*fill="(#[\da-f]+)"/g)]
    .filter(([, , colour]) => colour === fill)
    .map(([, width]) => Number(width));
}

const green = '#2f7d5b';
const red = '#b3402e';
const base = { line: 'share', unit: 'requests/s', goal: 'ratio >= 0.5', floor: 100 } as const;

describe('the chart', () => {
  test('draws a bar as long as the share of the goal that was reached', () => {
    const svg = chart({ ...base, value: 50 }, { ...base, value: 25 });
    const [met] = bars(svg, green);
    const [missed] = bars(svg, red);
    expect(missed).toBeCloseTo(met! / 2, 0);
  });

  test('shows lines with a goal for the value by their value', () => {
    const svg = chart({ ...base, unit: 'records/s', value: 2_345, goal: 'value >= 1000' });
    expect(svg).toContain('2,350 records/s');
    expect(svg).toContain('goal ≥ 1,000');
  });

  test('never draws a bar beyond its room, and marks that it goes on', () => {
    const svg = chart({ ...base, value: 1e6 }, { ...base, value: 60 });
    const track = bars(svg, '#e8ecf0')[0]!;
    expect(bars(svg, green)[0]).toBe(track);
    expect(svg.match(/→/g)).toHaveLength(1);
  });

  test('is well-formed whatever the machine and the lines are called', () => {
    const svg = chart({ ...base, line: 'a < b & c', value: 1 });
    expect(svg).toContain('Some &lt;fast&gt; &amp; quiet CPU');
    expect(svg).toContain('a &lt; b &amp; c');
    expect(svg.replaceAll(/&(?:amp|lt|gt);/g, '')).not.toContain('&');
  });
});
