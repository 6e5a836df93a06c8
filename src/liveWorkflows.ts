/** Which workflow looks after a record: by its kind. The one place in which a further kind's is entered. */
import { type RecordKind, recordKinds, type SystemName } from './core/record.js';
import { type LiveTarget, signalChanged } from './syncRecord.js';

/** Says that events about a record gathered in the inbox. Repeatable. */
export type TellChanged = (
  target: LiveTarget,
  linkId: string,
  gathered: Readonly<Record<SystemName, number>>,
) => Promise<void>;

/** A kind that is not here has no workflow: its events are stored, and wait in the inbox as they came. */
const workflows: Readonly<Partial<Record<RecordKind, TellChanged>>> = {
  person: signalChanged,
};

/** The kinds of records whose workflows are told of events. */
export const toldKinds: readonly RecordKind[] = recordKinds.filter((kind) => workflows[kind] !== undefined);

/** Tells the workflow of a record, which is started where it does not run. @throws {TypeError} where its kind has none: see {@link toldKinds} */
export const tellChanged: TellChanged = async (target, linkId, gathered) => {
  const tell = workflows[target.scope.kind];
  if (tell === undefined) throw new TypeError(`records of kind "${target.scope.kind}" have no workflow`);
  await tell(target, linkId, gathered);
};
