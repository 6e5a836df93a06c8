/**
 * A plan, told as Terraform tells its own: what will change, why, how much, and what it costs, before anything is done.
 *
 * The sample lines show people's data, because anyone who approves must be able to judge; they go to the terminal and nowhere else.
 */
import type { Decision } from '../core/decide.js';
import type { GuardedKind, GuardTrip, LiveTrip } from '../core/guard.js';
import type { Doubt } from '../core/match.js';
import { finishAt, planItemKinds, type PlanCost, type PlanItemKind, type PlanTotals } from '../core/plan.js';
import { fullName } from '../core/person.js';
import { otherSystem, systemNames, type SystemName } from '../core/record.js';
import type { sampleItems } from '../store/planItems.js';
import { table, type Output } from './output.js';
import { visible, visibleUpTo } from './visible.js';

type Sample = Awaited<ReturnType<typeof sampleItems>>[number];

export interface PlanView {
  readonly number: number;
  readonly connection: string;
  readonly totals: PlanTotals;
  readonly cost: PlanCost;
  readonly guard: readonly GuardTrip[];
  /** People who differ in what may not be written; left out where it is not known. */
  readonly heldBack?: number;
  readonly samples: readonly Sample[];
}

const systemLabels: Readonly<Record<SystemName, string>> = { yapla: 'Yapla', yoplanning: 'Yoplanning' };

/** One sign a kind, as in Terraform where it has one. */
const signs: Readonly<Record<PlanItemKind, string>> = {
  create: '+',
  link: '=',
  write: '~',
  conflict: '!',
  remove: '-',
  doubt: '?',
  adopt: '=',
};

const headings: Readonly<Record<PlanItemKind, string>> = {
  create: 'created: known to one system only',
  link: 'linked: the same person on both sides, nothing to write',
  write: 'changed',
  conflict: 'in conflict: both sides hold different values, a person must choose (a case is opened)',
  remove: 'gone from a list: checked by id, nothing is deleted (a case is opened)',
  doubt: 'doubtful: who is who cannot be told (a case is opened)',
  adopt: 'agreed meanwhile on both sides: only our note of it moves',
};

/** The plan as lines of text. `nowMs` is when it would start. */
export function planText(
  { number, connection, totals, cost, guard, heldBack = 0, samples }: PlanView,
  output: Pick<Output, 'colours'>,
  nowMs: number,
): string {
  const { bold, dim, green, yellow, red, cyan } = output.colours;
  const paint: Readonly<Record<PlanItemKind, (text: string) => string>> = {
    create: green,
    link: cyan,
    write: yellow,
    conflict: red,
    remove: red,
    doubt: red,
    adopt: cyan,
  };
  const lines = [bold(`Plan ${number} for ${visible(connection)}`), ''];
  for (const kind of planItemKinds) {
    const count = totals.items[kind];
    if (count === 0) continue;
    const shown = samples.filter((sample) => sample.kind === kind);
    lines.push(`  ${paint[kind](signs[kind])} ${bold(String(count))} ${headings[kind]}`);
    for (const sample of shown) for (const line of sampleLines(sample)) lines.push(`      ${line}`);
    if (count > shown.length) lines.push(dim(`      … and ${count - shown.length} more`));
    lines.push('');
  }
  lines.push(
    `${bold('Plan:')} ${green(`${totals.items.create} to create`)}, ${cyan(`${totals.newLinks} to link`)}, ${yellow(
      `${totals.changedPeople} to change`,
    )}, ${red(`${totals.items.remove} gone`)}, ${totals.unchanged} unchanged, ${red(`${totals.items.doubt + totals.items.conflict} for a person to decide`)}.`,
    '',
    ...costLines(totals, cost),
    `Finished about ${new Date(finishAt(nowMs, cost)).toISOString().slice(0, 16).replace('T', ' ')} UTC, if it starts now.`,
  );
  if (heldBack > 0)
    lines.push(
      `${heldBack} more differ in what may not be written: a system that is only read, a rule against creating, or an open case.`,
    );
  for (const trip of guard) lines.push(red(`Guard: ${guardText(trip)}`));
  return lines.join('\n');
}

function costLines(totals: PlanTotals, cost: PlanCost): string[] {
  const rows = systemNames.map((system) => {
    const { requests, references, seconds, days } = cost[system];
    const reference = references === 0 ? '' : `; ${references} more from the day's rest, to store ids (lane idle)`;
    return [
      `  ${systemLabels[system]}`,
      `${requests} requests`,
      `(${totals.creations[system]} creations, ${totals.changes[system]} changes)`,
      `${duration(seconds)}, ${days} ${days === 1 ? 'day' : 'days'} of quota${reference}`,
    ];
  });
  return ['Cost:', table(rows, { right: [1] })];
}

/** A guard's trip, in a sentence. */
export function guardText({ code, system, count, of, share, maxShare }: GuardTrip): string {
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  const into = system ? systemLabels[system] : 'a system';
  if (code === 'tooManyBlanked')
    return `${count} values would be cleared in ${into}, with those of the last day (linked people: ${of}; allowed without a person: ${Math.round(maxShare * of)})`;
  const what = {
    tooManyChanged: 'of the linked people would be changed',
    tooManyCreated: `of ${system ? systemLabels[system] : 'a system'}'s people would be new`,
    tooManyRemoved: `of ${system ? systemLabels[system] : 'a system'}'s people are missing from its list`,
  }[code];
  return `${percent(share)} ${what} (${count} of ${of}; allowed without a person: ${percent(maxShare)})`;
}

const liveWords: Readonly<Record<GuardedKind, string>> = {
  blanked: 'values cleared',
  changed: 'records changed',
  created: 'records created',
};

/** The same of live work. */
export function liveGuardText({ kind, system, window, count, allowed, of }: LiveTrip): string {
  const people = kind === 'created' ? 'people known there' : 'linked people';
  return `${count} ${liveWords[kind]} in ${systemLabels[system]} within ${window === 'hour' ? 'an hour' : 'a day'} (${people}: ${of}; allowed without a person: ${allowed})`;
}

function sampleLines(sample: Sample): string[] {
  if (sample.kind === 'doubt') {
    const doubt = sample.decision as Doubt;
    const ids = systemNames.flatMap((system) => doubt[system].map((id) => shortId(`${system}:${id}`)));
    return [`${ids.join('  ')}   (${visible(doubt.kind)}, by ${visible(doubt.by)})`];
  }
  const decision = sample.decision as Decision;
  const person = nameOf(sample);
  const where = shortId(sample.linkId ?? '');
  if (decision.create !== null) return [`${where} → ${systemLabels[decision.create]}   ${person}`];
  const changes = systemNames.flatMap((system) =>
    decision.write[system].map((field) => {
      const from = sample[system]?.[field] ?? null;
      const to = sample[otherSystem(system)]?.[field] ?? null;
      return `${where} ${systemLabels[system]}.${visible(field)}   ${quote(from)} → ${quote(to)}   (${visible(decision.reasons[field] ?? '')})`;
    }),
  );
  const conflicts = decision.conflicts.map(
    (field) =>
      `${where} ${visible(field)}   Yapla ${quote(sample.yapla?.[field] ?? null)}, Yoplanning ${quote(sample.yoplanning?.[field] ?? null)}`,
  );
  const lines = [...changes, ...conflicts];
  return lines.length > 0 ? lines.slice(0, 3) : [`${where}   ${person}`];
}

/** Enough to tell what changes; a text of pages would push the plan off the screen. The whole of a value stands in the systems. */
const sampleCharacters = 120;

function nameOf(sample: Sample): string {
  const fields = sample.yapla ?? sample.yoplanning ?? {};
  return visibleUpTo(fullName(fields), sampleCharacters);
}

function quote(value: string | null): string {
  return value === null ? '(empty)' : `"${visibleUpTo(value, sampleCharacters)}"`;
}

/** `yoplanning:8d23503e-041e-…` reads better short; the whole id is in the database and in `--json`. */
function shortId(id: string): string {
  return visible(id.length > 24 ? `${id.slice(0, 22)}…` : id);
}

/** For people: `45 s`, `3 min`, `2 h 5 min`, `3 days`. */
export function duration(seconds: number): string {
  const rounded = Math.round(seconds);
  if (rounded < 120) return `${rounded} s`;
  const minutes = Math.round(rounded / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}
