import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ProgramNotStarted, startProgram } from '../../bench/childProcess.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'bench-child-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function program(source: string) {
  return {
    name: 'the program',
    args: ['-e', source],
    env: { NODE_OPTIONS: '', GREETING: 'ready at 7' },
    logFile: path.join(directory, 'log'),
    readyWhen: 'ready',
  };
}

const waits = "process.stderr.write('starting\\n' + process.env.GREETING + '\\n'); setInterval(() => {}, 1000);";

describe('a program in a process of its own', () => {
  test('is ready with the line that says so, and its process is measured until it is stopped', async () => {
    const running = await startProgram(program(waits));
    expect(running.readyLine).toBe('ready at 7');
    expect(running.peakMemoryBytes()).toBeGreaterThan(1_000_000);
    expect(running.processorSeconds()).toBeGreaterThanOrEqual(0);
    await running.stop();
    expect(() => process.kill(running.pid, 0)).toThrow();
  });

  test('is not taken for ready by what an earlier one wrote to the same log', async () => {
    const { logFile } = program('');
    writeFileSync(logFile, 'ready at 1\n');
    const running = await startProgram(program(waits));
    await running.stop();
    expect(running.readyLine).toBe('ready at 7');
    expect(readFileSync(logFile, 'utf8')).toBe('ready at 1\nstarting\nready at 7\n');
  });

  test('that ends before it is ready is an error that names its log', async () => {
    const { logFile } = program('');
    const failing = startProgram(program("process.stderr.write('no\\n'); process.exitCode = 3;"));
    await expect(failing).rejects.toThrow(ProgramNotStarted);
    await expect(failing).rejects.toThrow(`code 3 before it was ready: see ${logFile}`);
  });
});
