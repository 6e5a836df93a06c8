/** The demo: the main job from an empty machine to a proven end. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { privateDirectory } from '../embedded/privateDirectory.js';
import { startSandboxProcess } from '../sandbox/child.js';
import { runBulkSync, samplesPerKind } from './applyPlan.js';
import { writeDemoConfig } from './demoConfig.js';
import { runDemoLive } from './demoLive.js';
import { announce } from './running.js';
import type { Output } from './output.js';
import { CommandFailed } from './program.js';
import { proveWithSandbox } from './proveWithSandbox.js';
import { runStack } from './runStack.js';
import { summaryText } from './summary.js';
import { interruption } from './untilSignal.js';

export interface DemoOptions {
  readonly output: Output;
  readonly keep: boolean;
  /** Of the generated people. */
  readonly seed: number;
}

/** A small club: at 5 requests a second some 40 seconds of work. */
const people = { yapla: 55, yoplanning: 22, shared: 60, differing: 24, duplicates: { yapla: 2, yoplanning: 2 } };

/** What a vendor's server a country away takes to answer. */
const latency = { inboundMs: 15, outboundMs: 15 };

export async function runDemo({ output, keep, seed }: DemoOptions): Promise<void> {
  const { bold, green, red } = output.colours;
  const interrupted = interruption();
  interrupted.catch(() => output.note('\nStopping: what is in hand is finished first…'));
  const dataDirectory = path.resolve('.passerelle', 'demo');
  privateDirectory(dataDirectory);
  const sandbox = await startSandboxProcess({
    people: { seed, ...people },
    yapla: { latency },
    yoplanning: { latency },
  });
  output.note(
    `  sandbox: Yapla on ${sandbox.addresses.yapla}, Yoplanning on ${sandbox.addresses.yoplanning}, ${people.yapla + people.shared + people.differing + 2} and ${people.yoplanning + people.shared + people.differing + 2} people`,
  );
  try {
    // Every demo begins with people nobody has seen: the connection's name tells one run from the next.
    const connectionId = `demo-${new Date().toISOString().slice(0, 19).replaceAll(/\D/g, '')}`;
    const { config, options } = writeDemoConfig(dataDirectory, connectionId, sandbox.addresses);
    const connection = config.connections[connectionId]!;
    const logFile = path.join(dataDirectory, 'worker.log');
    rmSync(logFile, { force: true });
    output.note(`  worker: logs to ${path.relative(process.cwd(), logFile)}`);
    await runStack(
      { config, output, connections: config.connections, logFile, interrupted, anyReceiverPort: true },
      async ({ stack, sql, client, receiver }) => {
        const takeBack = announce(dataDirectory, stack);
        try {
          const bulk = {
            client,
            sql,
            taskQueue: config.temporal.taskQueue,
            input: { connectionId },
            output,
            by: 'demo',
            approved: true,
            beyondGuard: true,
            samples: samplesPerKind,
          };
          const end = await runBulkSync(bulk);
          output.print();
          output.print(await summaryText(sql, connectionId, config.connections[connectionId]!, end, output));

          output.note('\nRunning it a second time, which must find nothing…');
          const before = await sandbox.control.counts();
          const second = await runBulkSync({ ...bulk, samples: 0, quiet: true });
          const proof = await proveWithSandbox(sandbox.control, sql, connectionId, connection, before);
          output.print();
          output.print(bold('Proof, by the sandbox’s own books'));
          for (const line of proof.lines) output.print(`  ${line.holds ? green('✓') : red('✗')} ${line.text}`);
          const live = { client, sql, connectionId, control: sandbox.control, options, logFile, output };
          const arrived = await runDemoLive({ ...live, receiver: receiver!.address });
          if (stack.uiUrl !== undefined) {
            output.print(
              `\nTemporal UI: ${stack.uiUrl}/namespaces/${config.temporal.namespace}/workflows/${encodeURIComponent(end.handle.workflowId)}`,
            );
          }
          const holds = proof.holds && arrived && end.result.differences === 0 && second.result.differences === 0;
          if (keep) {
            output.note(green('\nStaying up. Ctrl-C ends.'));
            output.note(
              `Every command works on it, for example: npx passerelle ${options.join(' ')} cases ${connectionId}`,
            );
            await interrupted.catch(() => undefined);
          }
          if (!holds) throw new CommandFailed('the proof failed');
        } finally {
          takeBack();
        }
      },
    );
  } finally {
    await sandbox.stop();
  }
}
