/**
 * A sandbox as a process of its own: `node --import tsx src/sandbox/main.ts '<options as JSON>'`.
 *
 * Prints one line, `{"ready":true,"yapla":…,"yoplanning":…,"control":…}`, once it listens. Ends on SIGTERM, on SIGINT, and when its
 * standard input closes, which is what happens when its parent dies, however it dies: so the parent must give it a pipe.
 */
import { startSandbox, type SandboxOptions } from './sandbox.js';

const options = JSON.parse(process.argv[2] ?? '{}') as SandboxOptions;
const sandbox = await startSandbox(options);
let stopping = false;

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await sandbox.stop();
  process.exit(0);
}

process.stdin.on('end', () => void stop());
process.stdin.on('close', () => void stop());
process.stdin.on('error', () => void stop());
process.stdin.resume();
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
process.stdout.write(`${JSON.stringify({ ready: true, ...sandbox.addresses })}\n`);
