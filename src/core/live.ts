/**
 * What may be done about one link next, as pure functions over hashes: used unchanged by the `syncRecord` workflow (so that replay shows
 * every decision), by the planning and verifying of `bulkSync`, and by the model test. Imports nothing of Node.
 */
import { answerConflicts, decide, restrict, type Decision, type Reason, type Side } from './decide.js';
import { systemNames, type FieldDefinition, type FieldHashes, type FieldName, type SystemName } from './record.js';

/** What the store knows of one link. Carries hashes, names, ids and counts: it stands in workflow histories. */
export interface LinkView {
  /**
   * - `linked`: there is a link, of one side or of both;
   * - `unknown`: nothing is stored under this id, and no record was found either;
   * - `doubtful`: records that may be one person, or two: a case is open, and nothing is linked or created;
   * - `merged`: the record belongs to another link, `mergedInto`, whose workflow goes on;
   * - `early`: no plan of the connection was approved yet, so nothing is linked or written; it is looked at again afterwards.
   */
  readonly state: 'linked' | 'unknown' | 'doubtful' | 'merged' | 'early';
  readonly mergedInto: string | null;
  /** Fields on which both sides and the base agree are left out, here and in `base` and `fields`: nothing is to be decided about them. */
  readonly yapla: Side;
  readonly yoplanning: Side;
  readonly base: FieldHashes | null;
  readonly fields: readonly FieldDefinition[];
  /** The link's: the precondition of what is decided on this view. 0 where there is no link. */
  readonly version: number;
  /** What the connection may do. */
  readonly writes: Readonly<Record<SystemName, boolean>>;
  readonly creates: Readonly<Record<SystemName, boolean>>;
  /** A creation was sent to this system and its record did not show up yet: it is not sent again. */
  readonly awaiting: SystemName | null;
  /** An open case holds every write back (a system refuses the record, the guard holds its creation), until something changes or a person answers. */
  readonly held: boolean;
  /** Fields that an open case holds back: the system did not take them, they flipped too often (`frozen`), or the guard held them. */
  readonly heldFields: readonly FieldName[];
  /** Fields with an open conflict case. */
  readonly asked: readonly FieldName[];
  /** Each removal is known: its case is open, or a person closed it. */
  readonly askedRemoval: boolean;
  /** Whether to create is not to be asked: it was asked, a person said no, or the connection's rule is another. */
  readonly askedCreation: boolean;
  /** What a person answered and is not carried out yet, by field. `value`: a value of the person's own, which goes to both systems. */
  readonly answers: Readonly<Record<FieldName, SystemName | 'value'>>;
  /** Questions about this link that wait for a person. */
  readonly openCases: number;
}

/** What is to be done about a link: a decision of the core, and fields that take a person's own value in both systems. */
export interface LiveDecision extends Decision {
  /** By field: an answered case says the value; it is written to each system that does not hold it. */
  readonly values: readonly FieldName[];
  /** The record is in one system only and the connection's rule is to ask first. */
  readonly asksCreation: boolean;
}

/** Who caused the work: a system's event, or a person's answer. */
export type Trigger = SystemName | 'answer';

/**
 * Reasons for which Yoplanning may be written although only Yoplanning's own events came: Yapla's value left the base, or a rule or a
 * person decided for Yapla. All others wait for Yapla's event or the next reconciliation: Yoplanning's vendor warns of answering its
 * events with a PUT.
 *
 * `changedInYapla` is among them because who came says too little: a read can take Yapla's event and record what it told, and die
 * before its workflow hears of it. The next attempt finds Yapla's change there, and perhaps a Yoplanning event that came meanwhile.
 * It leads to no circle: the write moves the base, and only Yapla can leave it again.
 */
const mayAnswerYoplanning: ReadonlySet<Reason> = new Set([
  'changedInYapla',
  'ruleYapla',
  'newestYapla',
  'oneWay',
  'ask',
]);

/**
 * Decides about a link.
 *
 * @param triggers who caused the work; none: whatever is different is carried over, as by a bulk sync
 */
export function decideLive(view: LinkView, triggers: readonly Trigger[]): LiveDecision {
  const whole = decide({ base: view.base, yapla: view.yapla, yoplanning: view.yoplanning, fields: view.fields });
  const asksCreation = whole.create !== null && !view.creates[whole.create] && !view.askedCreation;
  const answered = answerConflicts(asQuestions(whole, view), sideAnswers(view));
  const values = Object.keys(view.answers).filter((field) => view.answers[field] === 'value');
  // A fact has no event that could be waited for. Who looks because of one may find Yoplanning's events waiting, and nothing else.
  const facts = new Set(view.fields.flatMap(({ name, derived }) => (derived ? [name] : [])));
  // A field that is held back is a question already.
  const isHeld = (field: FieldName) => view.heldFields.includes(field) && view.answers[field] === undefined;
  const withoutHeld = withoutFields(answered, (system, field) => {
    if (values.includes(field)) return true;
    if (isHeld(field)) return true;
    const reason = answered.reasons[field];
    const onlyYoplanning = triggers.length > 0 && triggers.every((one) => one === 'yoplanning');
    const decided =
      (reason !== undefined && mayAnswerYoplanning.has(reason)) ||
      facts.has(field) ||
      view.answers[field] !== undefined;
    return system === 'yoplanning' && onlyYoplanning && answered.create === null && !decided;
  });
  const may = restrict(withoutHeld, {
    writes: {
      yapla: view.writes.yapla && !view.held && view.awaiting !== 'yapla',
      yoplanning: view.writes.yoplanning && !view.held && view.awaiting !== 'yoplanning',
    },
    creates: (system) => view.creates[system] && view.writes[system] && !view.held && view.awaiting !== system,
  });
  const conflicts = may.conflicts.filter((field) => !values.includes(field) && !isHeld(field));
  return { ...may, conflicts, values: view.held ? [] : values, asksCreation };
}

/** A person's answer goes before what the merge says, also about a field that is held back: it was written, and the case asks what else. */
function asQuestions(decision: Decision, { answers }: LinkView): Decision {
  const answered = systemNames
    .flatMap((system) => decision.write[system])
    .filter((field) => answers[field] !== undefined);
  if (answered.length === 0 || decision.create !== null) return decision;
  const rest = (system: SystemName) => decision.write[system].filter((field) => answers[field] === undefined);
  return {
    ...decision,
    write: { yapla: rest('yapla'), yoplanning: rest('yoplanning') },
    conflicts: [...decision.conflicts, ...answered],
  };
}

function sideAnswers(view: LinkView): Record<FieldName, SystemName> {
  return Object.fromEntries(
    Object.entries(view.answers).flatMap(([field, take]) => (take === 'value' ? [] : [[field, take]])),
  );
}

function withoutFields(decision: Decision, left: (system: SystemName, field: FieldName) => boolean): Decision {
  const kept = (system: SystemName) => decision.write[system].filter((field) => !left(system, field));
  return { ...decision, write: { yapla: kept('yapla'), yoplanning: kept('yoplanning') } };
}

/** What a decision comes to, in one word, as the log and Temporal's UI show it. */
export type LiveOutcome =
  | 'echo'
  | 'adopt'
  | 'write'
  | 'create'
  | 'case'
  | 'removed'
  | 'held'
  | 'awaiting'
  | 'doubt'
  | 'merged'
  | 'unknown'
  | 'early';

/** Whether something has to be carried out, or the link rests, and why. */
export type Step =
  | { readonly do: 'apply'; readonly outcome: LiveOutcome; readonly decision: LiveDecision }
  | { readonly do: 'rest'; readonly outcome: LiveOutcome };

/** The next step of a link's workflow. Pure: the same view and triggers give the same step. */
export function nextStep(view: LinkView, triggers: readonly Trigger[]): Step {
  if (view.state === 'merged') return { do: 'rest', outcome: 'merged' };
  if (view.state === 'doubtful') return { do: 'rest', outcome: 'doubt' };
  if (view.state === 'unknown' || view.state === 'early') return { do: 'rest', outcome: view.state };
  const decision = decideLive(view, triggers);
  if (decision.gone !== null) {
    return view.askedRemoval ? { do: 'rest', outcome: 'removed' } : { do: 'apply', outcome: 'removed', decision };
  }
  const writes = systemNames.some((system) => decision.write[system].length > 0) || decision.values.length > 0;
  if (decision.create !== null) return { do: 'apply', outcome: 'create', decision };
  if (decision.asksCreation) return { do: 'apply', outcome: 'case', decision };
  if (writes) return { do: 'apply', outcome: 'write', decision };
  const newQuestions = decision.conflicts.filter((field) => !view.asked.includes(field));
  if (newQuestions.length > 0) return { do: 'apply', outcome: 'case', decision };
  if (decision.adopt.length > 0) return { do: 'apply', outcome: 'adopt', decision };
  if (view.awaiting !== null) return { do: 'rest', outcome: 'awaiting' };
  if (decision.conflicts.length > 0) return { do: 'rest', outcome: 'case' };
  return { do: 'rest', outcome: isSettled(view) ? 'echo' : 'held' };
}

/** Both sides hold the base: whatever event led here was the echo of a write, or told nothing new. */
function isSettled(view: LinkView): boolean {
  return typeof view.yapla === 'object' && typeof view.yoplanning === 'object' && view.fields.length === 0;
}

/** `open`: something is left to do; `agreed`: nothing, but what waits for a person; `heldBack`: nothing, but the records differ in what may not be written. */
export type Settling = 'open' | 'agreed' | 'heldBack';

/** Whether anything is left to do about a link as it stands, no matter who caused it. */
export function settlingOf(view: LinkView): Settling {
  if (view.state !== 'linked') return 'open';
  const step = nextStep(view, []);
  if (step.do === 'apply' || step.outcome === 'awaiting') return 'open';
  const everything = { yapla: true, yoplanning: true };
  return nextStep({ ...view, writes: everything, creates: everything }, []).do === 'apply' ? 'heldBack' : 'agreed';
}
