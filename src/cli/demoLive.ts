/**
 * The demo's second part: people go on editing, on both sides, and each change travels once. What is shown is what Passerelle's own log
 * says, and what the sandbox's books count.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { personsOf, type SystemName } from '../core/record.js';
import { systemNames } from '../core/record.js';
import { sandboxWebhookUrl } from '../sandbox/connections.js';
import type { SandboxControl } from '../sandbox/control.js';
import type { PersonChanges, PersonField } from '../sandbox/person.js';
import { countOpenCases, listOpenCases } from '../store/cases.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { askedField } from './demoConfig.js';
import type { Output } from './output.js';
import { CommandFailed } from './program.js';
import { recordTotals, untilQuiet, type LiveWork } from './recordWorkflows.js';
import { nameOf } from './who.js';

export interface DemoLive extends LiveWork {
  readonly control: SandboxControl;
  /** Origin of the receiver. */
  readonly receiver: string;
  /** Options with which every command finds this demo. */
  readonly options: readonly string[];
  readonly logFile: string;
  readonly output: Output;
}

export interface LinkedPerson {
  readonly linkId: string;
  readonly yapla: string;
  readonly yoplanning: string;
}

/** A change arrives within seconds; a minute means that it never will. */
const patienceMs = 60_000;

/** The SDK hands log lines on in batches, some tens of milliseconds apart. */
const logPatienceMs = 3_000;

/** Runs the edits and prints what became of them. @returns whether each arrived, once */
export async function runDemoLive(demo: DemoLive): Promise<boolean> {
  const { control, output, connectionId } = demo;
  const { bold, green, red } = output.colours;
  output.print();
  output.print(bold('Live: people go on editing, and each system tells of it by webhook'));
  for (const system of systemNames) {
    await control.setWebhooks(system, { url: sandboxWebhookUrl(demo.receiver, connectionId, system) });
  }
  const [first, second, third] = await peopleToEdit(demo);
  if (first === undefined || second === undefined || third === undefined) {
    throw new CommandFailed('the sandbox has too few linked people for the demo: choose another --seed');
  }
  const writesBefore = await writesOf(control);

  await step(
    demo,
    first,
    'its city is edited in Yapla',
    { yapla: { city: 'Rennes' } },
    { yoplanning: { city: 'Rennes' } },
  );
  await step(
    demo,
    first,
    'its city is edited in Yoplanning',
    { yoplanning: { city: 'Brest' } },
    { yapla: { city: 'Brest' } },
  );
  await step(
    demo,
    second,
    'both are edited at once, in different fields',
    { yapla: { city: 'Nantes' }, yoplanning: { postalCode: '44000' } },
    { yapla: { postalCode: '44000' }, yoplanning: { city: 'Nantes' } },
  );
  await conflictStep(demo, third);
  await untilQuiet(demo, control);

  const totals = await recordTotals(demo);
  const written = (await writesOf(control)) - writesBefore;
  // One for each of the two plain edits, two for the pair of edits, one for the answer.
  const due = 5;
  const loops = Math.max(0, written - due);
  const frozen = (await countOpenCases(demo.sql, personsOf(connectionId)))['frozen'] ?? 0;
  const holds = loops === 0 && frozen === 0 && written === due && totals.echoes > 0;
  const mark = holds ? green('✓') : red('✗');
  output.print(
    `  ${mark} ${totals.events} events, ${written} writes for ${due} changes, ${totals.echoes} echoes stopped, loops: ${loops + frozen}`,
  );
  return holds;
}

/** Linked people with no open question, and with a value in the field that is asked about. */
export async function linkedPeople({
  sql,
  connectionId,
}: Pick<DemoLive, 'sql' | 'connectionId'>): Promise<LinkedPerson[]> {
  return await sql<LinkedPerson[]>`
    select l.link_id as "linkId", l.yapla_id as yapla, l.yoplanning_id as yoplanning from link l
     where l.connection_id = ${connectionId} and l.kind = 'person' and l.yapla_id is not null and l.yoplanning_id is not null
       and l.base ? ${askedField} and l.base ->> ${askedField} <> ''
       and not exists (select 1 from cases c where c.connection_id = l.connection_id and c.kind = l.kind and c.link_id = l.link_id and c.status = 'open')
     order by l.link_id limit 40`;
}

/** Those whom the demo's edits change. */
async function peopleToEdit(demo: DemoLive): Promise<LinkedPerson[]> {
  const held = async (system: SystemName, id: string, field: PersonField) =>
    (await demo.control.record(system, id))?.person[field] ?? null;
  const found: LinkedPerson[] = [];
  for (const one of await linkedPeople(demo)) {
    const cities = [await held('yapla', one.yapla, 'city'), await held('yoplanning', one.yoplanning, 'city')];
    if (cities.some((city) => city === 'Rennes' || city === 'Nantes')) continue;
    if ((await held('yoplanning', one.yoplanning, 'postalCode')) === '44000') continue;
    found.push(one);
    if (found.length === 3) return found;
  }
  return found;
}

type Edits = Partial<Record<SystemName, PersonChanges>>;

async function step(demo: DemoLive, person: LinkedPerson, what: string, edits: Edits, wanted: Edits): Promise<void> {
  const { output, control } = demo;
  const { dim } = output.colours;
  const told = linesOf(demo).length;
  const since = performance.now();
  await Promise.all(entries(edits).map(([system, changes]) => control.edit(system, person[system], changes)));
  for (const [system, changes] of entries(wanted)) await untilHolds(control, system, person[system], changes);
  const took = ((performance.now() - since) / 1_000).toFixed(1);
  output.print(
    `  ${person.linkId}: ${what}; ${entries(wanted)
      .map(([system]) => named[system])
      .join(' and ')} had it after ${took} s`,
  );
  await untilQuiet(demo, control);
  for (const line of await newLines(demo, told, ['write', 'echo'])) output.print(dim(`      ${line}`));
}

/** The same field, edited on both sides: a case waits, and is answered from the command line. */
async function conflictStep(demo: DemoLive, person: LinkedPerson): Promise<void> {
  const { output, control, sql, connectionId } = demo;
  const { dim } = output.colours;
  const told = linesOf(demo).length;
  await Promise.all([
    control.edit('yapla', person.yapla, { [askedField]: '+33612345601' }),
    control.edit('yoplanning', person.yoplanning, { [askedField]: '+33612345602' }),
  ]);
  const open = async () =>
    (await listOpenCases(sql, personsOf(connectionId))).find((one) => one.linkId === person.linkId);
  await until(async () => (await open()) !== undefined, `a case about ${person.linkId}`);
  await untilQuiet(demo, control);
  const { id } = (await open())!;
  output.print(`  ${person.linkId}: its ${askedField} is edited on both sides; case ${id} waits for a person`);
  for (const line of await newLines(demo, told, ['case'])) output.print(dim(`      ${line}`));

  const before = linesOf(demo).length;
  const since = performance.now();
  const words = answering(id);
  output.print(`  $ passerelle ${words.join(' ')}`);
  await command([...demo.options, ...words]);
  await untilHolds(control, 'yoplanning', person.yoplanning, { [askedField]: '+33612345601' });
  output.print(
    `  ${person.linkId}: the answer has landed in Yoplanning after ${((performance.now() - since) / 1_000).toFixed(1)} s`,
  );
  await untilQuiet(demo, control);
  for (const line of await newLines(demo, before, ['write', 'echo'])) output.print(dim(`      ${line}`));
}

/** The command that answers the case. */
export function answering(caseId: number, environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  return ['resolve', String(caseId), '--take', 'yapla', ...signature(environment)];
}

/** In a container nobody is logged in, and a command would ask who does this. */
export function signature(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  return nameOf({}, environment) === null ? ['--by', 'demo'] : [];
}

const named = { yapla: 'Yapla', yoplanning: 'Yoplanning' } as const;

function entries<T>(bySystem: Partial<Record<SystemName, T>>): (readonly [SystemName, T])[] {
  return systemNames.flatMap((system) => (bySystem[system] === undefined ? [] : [[system, bySystem[system]] as const]));
}

/** Runs a command of ours as a person would, its output indented below. @throws {CommandFailed} */
export async function command(args: readonly string[], how?: 'quietly'): Promise<void> {
  const bin = fileURLToPath(new URL('../../bin/passerelle.js', import.meta.url));
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    if (how === 'quietly') stream.resume();
    else stream.on('data', (text: Buffer) => process.stdout.write(text.toString().replaceAll(/^(?=.)/gm, '      ')));
  }
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new CommandFailed(`passerelle ${args.join(' ')} ended with status ${status}`);
}

export async function untilHolds(
  control: SandboxControl,
  system: SystemName,
  id: string,
  wanted: PersonChanges,
): Promise<void> {
  await until(
    async () => {
      const person = (await control.record(system, id))?.person;
      return Object.entries(wanted).every(([field, value]) => person?.[field as PersonField] === value);
    },
    `the change of ${Object.keys(wanted).join(', ')} in ${system} ${id}`,
  );
}

export async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new CommandFailed(`${what} did not come within ${patienceMs / 1_000} s`);
    await sleep(25);
  }
}

async function writesOf(control: SandboxControl): Promise<number> {
  const counts = await control.counts();
  return systemNames.reduce((sum, system) => sum + counts[system].created + counts[system].updated, 0);
}

interface LogLine {
  readonly msg: string;
  readonly workflowType?: string;
  readonly linkId?: string;
  readonly connectionId?: string;
  readonly came?: string;
  readonly toYapla?: readonly string[];
  readonly toYoplanning?: readonly string[];
  readonly cases?: readonly string[];
  readonly why?: readonly string[];
}

/** The log is written a moment after what it tells of: waits for a line of each of these outcomes, but not for ever. */
export async function newLines(
  demo: DemoLive,
  told: number,
  outcomes: readonly string[],
  workflowType = 'syncRecord',
): Promise<string[]> {
  const deadline = performance.now() + logPatienceMs;
  for (;;) {
    const lines = linesOf(demo, workflowType).slice(told);
    const isAll = outcomes.every((outcome) => lines.some((line) => line.includes(`→ ${outcome}`)));
    if (isAll || performance.now() > deadline) return lines;
    await sleep(25);
  }
}

/** What the log says of single records: what came, what was decided, and why. */
export function linesOf({ logFile, connectionId }: DemoLive, workflowType = 'syncRecord'): string[] {
  return (
    readFileSync(logFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine)
      // What is told of a whole connection names no link.
      .filter(
        (line) => line.workflowType === workflowType && line.connectionId === connectionId && line.linkId !== undefined,
      )
      .map(({ msg, came, toYapla, toYoplanning, cases, why }) => {
        const writes = [
          ...(toYapla === undefined ? [] : [`${fieldsText(toYapla)} to Yapla`]),
          ...(toYoplanning === undefined ? [] : [`${fieldsText(toYoplanning)} to Yoplanning`]),
          ...(cases === undefined ? [] : [`asks a person (${cases.join(', ')})`]),
        ];
        const because = why === undefined ? '' : `: ${why.join(', ')}`;
        return `${came ?? ''} → ${msg}${writes.length === 0 ? '' : ` ${writes.join(', ')}`}${because}`;
      })
  );
}

function fieldsText(fields: readonly string[]): string {
  return `${fields.length === 1 ? '1 field' : `${fields.length} fields`} (${fields.join(', ')})`;
}
