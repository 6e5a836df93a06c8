/** The demo: the main job from an empty machine to a proven end. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { ConnectionConfig } from '../config/schema.js';
import { privateDirectory } from '../embedded/privateDirectory.js';
import { startSandboxProcess } from '../sandbox/child.js';
import type { SandboxControl } from '../sandbox/control.js';
import { bulkSyncId } from '../../workflows/bulkSync.messages.js';
import { yaplaImportId } from '../../workflows/yaplaImport.messages.js';
import { runBulkSync, samplesPerKind } from './applyPlan.js';
import type { YaplaWay } from './demo.js';
import { writeDemoConfig } from './demoConfig.js';
import { type DemoFiles, runDemoFiles } from './demoFiles.js';
import { runDemoEvents } from './demoEvents.js';
import { runDemoLive } from './demoLive.js';
import { announce } from './running.js';
import type { Output } from './output.js';
import { CommandFailed } from './program.js';
import { type Proof, proveWithSandbox } from './proveWithSandbox.js';
import { runStack } from './runStack.js';
import { summaryText } from './summary.js';
import { interruption } from './untilSignal.js';

export interface DemoOptions {
  readonly output: Output;
  readonly keep: boolean;
  /** Of the generated people. */
  readonly seed: number;
  readonly yapla: YaplaWay;
}

/** A small club: at 5 requests a second some 40 seconds of work. */
const people = { yapla: 55, yoplanning: 22, shared: 60, differing: 24, duplicates: { yapla: 2, yoplanning: 2 } };

/** What a vendor's server a country away takes to answer. */
const latency = { inboundMs: 15, outboundMs: 15 };

export async function runDemo({ output, keep, seed, yapla }: DemoOptions): Promise<void> {
  const { green } = output.colours;
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
    const { config, options } = writeDemoConfig(dataDirectory, connectionId, {
      addresses: sandbox.addresses,
      yapla,
    });
    const connection = config.connections[connectionId]!;
    const logFile = path.join(dataDirectory, 'worker.log');
    rmSync(logFile, { force: true });
    output.note(`  worker: logs to ${path.relative(process.cwd(), logFile)}`);
    await runStack(
      { config, output, connections: config.connections, logFile, interrupted, anyReceiverPort: true },
      async ({ stack, sql, client, receiver }) => {
        const takeBack = announce(dataDirectory, stack);
        try {
          const demo = { client, sql, connectionId, connection, control: sandbox.control, options, logFile, output };
          const work = { ...demo, receiver: receiver!.address, taskQueue: config.temporal.taskQueue, dataDirectory };
          const holds = yapla === 'workbook' ? await demoByFiles(work) : await demoByApi(work);
          if (stack.uiUrl !== undefined) {
            const workflow = encodeURIComponent(
              yapla === 'workbook' ? yaplaImportId(connectionId) : bulkSyncId(connectionId),
            );
            output.print(`\nTemporal UI: ${stack.uiUrl}/namespaces/${config.temporal.namespace}/workflows/${workflow}`);
          }
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

interface DemoWork extends DemoFiles {
  readonly connection: ConnectionConfig;
  readonly taskQueue: string;
}

/** A club whose Yapla has an API. @returns whether the proof holds */
async function demoByApi(work: DemoWork): Promise<boolean> {
  const { output, sql, connectionId, connection } = work;
  const bulk = {
    ...work,
    input: { connectionId },
    by: 'demo',
    approved: true,
    beyondGuard: true,
    samples: samplesPerKind,
  };
  const end = await runBulkSync(bulk);
  output.print();
  output.print(await summaryText(sql, connectionId, connection, end, output));
  const { second, holds } = await proveTwice(work);
  const arrived = await runDemoLive(work);
  const booked = await runDemoEvents(work);
  return holds && arrived && booked && end.result.differences === 0 && second === 0;
}

/** A club whose Yapla is reached by files alone. @returns whether the proof holds */
async function demoByFiles(work: DemoWork): Promise<boolean> {
  const { arrived, before } = await runDemoFiles(work);
  return printProof(work, await proof(work, before)) && arrived;
}

/** Syncs once more, which must write nothing, and looks into the sandbox's books. */
async function proveTwice(work: DemoWork): Promise<{ readonly second: number | null; readonly holds: boolean }> {
  const { output, connectionId, control } = work;
  output.note('\nRunning it a second time, which must find nothing…');
  const before = await control.counts();
  const quiet = {
    ...work,
    input: { connectionId },
    by: 'demo',
    approved: true,
    beyondGuard: true,
    samples: 0,
    quiet: true,
  };
  const { result } = await runBulkSync(quiet);
  return { second: result.differences, holds: printProof(work, await proof(work, before)) };
}

async function proof(
  { control, sql, connectionId, connection }: DemoWork,
  before: Awaited<ReturnType<SandboxControl['counts']>>,
) {
  return await proveWithSandbox(control, sql, connectionId, connection, before);
}

function printProof({ output }: DemoWork, { holds, lines }: Proof): boolean {
  const { bold, green, red } = output.colours;
  output.print();
  output.print(bold('Proof, by the sandbox’s own books'));
  for (const line of lines) output.print(`  ${line.holds ? green('✓') : red('✗')} ${line.text}`);
  return holds;
}
