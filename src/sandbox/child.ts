/** Starts main.ts as a child, so that the sandbox has a core and a memory of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../childEnvironment.js';
import { createSandboxControl } from './control.js';
import type { SandboxAddresses } from './connections.js';
import type { Sandbox, SandboxOptions } from './sandbox.js';

/** The child ended before it was ready; its own words are on standard error. */
export class SandboxNotStarted extends Error {
  override readonly name = 'SandboxNotStarted';
}

/** A sandbox whose process is known, for memory and load measurements. */
export interface SandboxProcess extends Sandbox {
  readonly pid: number;
}

/** Like startSandbox, in a child process that ends with this one, also when this one is killed. @throws {SandboxNotStarted} */
export async function startSandboxProcess(options: SandboxOptions = {}): Promise<SandboxProcess> {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  // A hundred thousand people outlive a small young generation: with more room they are not copied about so often.
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=64', '--import', 'tsx', main, JSON.stringify(options)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      // Its tokens are its own, and stand in its options.
      env: childEnvironment(),
      // tsx is found from here, wherever the caller stands.
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    },
  );
  const exited = once(child, 'exit');
  const ready = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([line]) => line as string),
    exited.then(() => null),
  ]);
  if (ready === null || child.pid === undefined) {
    throw new SandboxNotStarted(`the sandbox process ended with code ${child.exitCode} before it was ready`);
  }
  const { yapla, yoplanning, control } = JSON.parse(ready) as SandboxAddresses;
  return {
    pid: child.pid,
    addresses: { yapla, yoplanning, control },
    control: createSandboxControl(control),
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
