/** The workflows' code as a replay would load it after a change, without touching the file. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundle } from '@temporalio/worker';
import { replayInterceptors } from '../../src/replay/replay.js';

export interface CodeChange {
  /** In `workflows/`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** @throws where the file does not hold `from` exactly once: the test would prove nothing */
export async function changedBundle({ file, from, to }: CodeChange): Promise<WorkflowBundle> {
  const directory = mkdtempSync(path.join(tmpdir(), 'passerelle-changed-workflows-'));
  try {
    cpSync('workflows', path.join(directory, 'workflows'), { recursive: true });
    for (const beside of ['src', 'activities', 'node_modules']) {
      symlinkSync(path.resolve(beside), path.join(directory, beside));
    }
    const changed = path.join(directory, 'workflows', file);
    const parts = readFileSync(changed, 'utf8').split(from);
    if (parts.length !== 2) throw new Error(`workflows/${file} holds the text to change ${parts.length - 1} times`);
    writeFileSync(changed, parts.join(to));
    const workflowsPath = path.join(directory, 'workflows', 'index.ts');
    const logger = new DefaultLogger('WARN');
    return await bundleWorkflowCode({ workflowsPath, workflowInterceptorModules: [replayInterceptors], logger });
  } finally {
    rmSync(directory, { recursive: true });
  }
}
