/** A command of ours that stays up, in a process of its own, as a person or a service manager runs it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { ConfigFile } from './configFile.js';

export class CommandProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  /** What it said to standard error. */
  readonly lines: string[] = [];
  #onLine: () => void = () => undefined;

  constructor({ file, env }: ConfigFile, words: readonly string[]) {
    this.#child = spawn(process.execPath, [path.resolve('bin/passerelle.js'), '--config', file, ...words], {
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#ended = once(this.#child, 'close');
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      this.lines.push(line);
      this.#onLine();
    });
  }

  /** Waits for a line that matches. @throws {Error} with all that it said, where it ends before */
  async says(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      for (const line of this.lines) {
        const match = line.match(pattern);
        if (match) return match;
      }
      const more = new Promise<true>((resolve) => (this.#onLine = () => resolve(true)));
      if ((await Promise.race([more, this.#ended])) !== true) {
        throw new Error(`it ended and never said ${pattern.source}:\n${this.lines.join('\n')}`);
      }
    }
  }

  /** Waits for its end. @returns exit status and signal; the signal's name where a signal ended it */
  async kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<readonly [number | null, NodeJS.Signals | null]> {
    this.#child.kill(signal);
    return await this.end();
  }

  /** Waits until it ends by itself. @returns as {@link kill} */
  async end(): Promise<readonly [number | null, NodeJS.Signals | null]> {
    const [status, by] = await this.#ended;
    return [status as number | null, by as NodeJS.Signals | null];
  }
}
