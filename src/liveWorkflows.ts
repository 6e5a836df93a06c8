/** Which workflow looks after a record: by its kind. The one place in which a further kind's is entered. */
import { type RecordKind, recordKinds } from './core/record.js';

/** Workflow types, whose messages are those of workflows/syncRecord.messages.ts. A kind that is not here has none: its events wait in the inbox as they came. */
const types: Readonly<Partial<Record<RecordKind, string>>> = {
  person: 'syncRecord',
  registration: 'syncRegistration',
  donation: 'syncDonation',
};

/** The kinds of records whose workflows are told of events. */
export const toldKinds: readonly RecordKind[] = recordKinds.filter((kind) => types[kind] !== undefined);

/** @throws {TypeError} where the kind has none: see {@link toldKinds} */
export function liveWorkflowType(kind: RecordKind): string {
  const type = types[kind];
  if (type === undefined) throw new TypeError(`records of kind "${kind}" have no workflow`);
  return type;
}

/** Of all kinds, for a query to Temporal's visibility store: `WorkflowType IN (…)`. */
export const isLiveWorkflow = `WorkflowType IN (${Object.values(types)
  .map((type) => `'${type}'`)
  .join(', ')})`;
