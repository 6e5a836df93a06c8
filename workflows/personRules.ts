/** What is decided about a person's link, and what the worker's log says of it: names, ids and counts, never a value. */
import type { AppliedDecision } from '../activities/applyDecision.js';
import { nextStep, type LinkView, type LiveDecision } from '../src/core/live.js';
import { systemNames, type SystemName } from '../src/core/record.js';
import type { LinkRules } from './linkRun.js';

export const personRules: LinkRules<LinkView, LiveDecision, AppliedDecision> = { nextStep, toldOf };

function toldOf(
  decision: LiveDecision,
  { written, deferred = [], created, cases }: AppliedDecision,
): Record<string, unknown> {
  return {
    ...fieldsOf(written),
    ...(deferred.length === 0 ? {} : { deferred }),
    ...(created === null ? {} : { created }),
    ...(cases.length === 0 ? {} : { cases }),
    ...reasonsOf(decision),
  };
}

function fieldsOf(written: Readonly<Record<SystemName, readonly string[]>>): Record<string, readonly string[]> {
  return Object.fromEntries(
    systemNames.flatMap((system) => (written[system].length === 0 ? [] : [[`to${capital(system)}`, written[system]]])),
  );
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function reasonsOf({ reasons, write, values }: LiveDecision): { why?: readonly string[] } {
  const written = new Set([...write.yapla, ...write.yoplanning]);
  const named = Object.entries(reasons).map(([field, reason]) =>
    reason === 'ask' && written.has(field) ? 'answered' : reason,
  );
  const why = [...new Set(values.length === 0 ? named : [...named, 'answered'])].sort();
  return why.length === 0 ? {} : { why };
}
