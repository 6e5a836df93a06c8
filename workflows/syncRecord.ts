/** `syncRecord`: keeps one person the same in both systems. How such a workflow lives: liveWork.ts. What it decides: src/core/live.ts. */
import { keepInStep } from './liveWork.js';
import { personRules } from './personRules.js';
import type { RecordResult, SyncRecordInput } from './syncRecord.messages.js';

const person = { rules: personRules, activities: { read: 'readRecord', apply: 'applyDecision' } } as const;

export async function syncRecord(input: SyncRecordInput): Promise<RecordResult> {
  return await keepInStep(input, person);
}
