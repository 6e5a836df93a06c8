/** How a connection is, in lines. */
import { ceilingNames, type CeilingName } from '../receiver/ceilings.js';
import type { ConnectionStatus, EventsCost, WaitingState } from './statusOf.js';
import { visible } from './visible.js';

const dayMs = 86_400_000;
const megabyte = 1_048_576;

/** Whether what is shown needs a person, or is not as it should be. What only waits for its time does not. */
export function needsSomebody({ systems, people, bulkSync, catalogue, webhooks }: ConnectionStatus): boolean {
  return (
    systems.some((hold) => hold.stoppedReason !== null || hold.writesStoppedReason !== null) ||
    people.stopped > 0 ||
    bulkSync?.state === 'stopped' ||
    catalogue?.state === 'stopped' ||
    webhooks.systems.some(({ isQuiet }) => isQuiet) ||
    reached(webhooks).length > 0
  );
}

const waitText: Readonly<Record<WaitingState, string>> = {
  waitingForBudget: 'wait for a quota, a 429 or a server that fails',
  stopped: 'stopped, until what stopped them is mended',
  waiting: 'wait for an answer ("passerelle cases")',
};

export function statusText(status: ConnectionStatus, nowMs: number): string {
  const { connection, systems, bulkSync, people, webhooks } = status;
  const lines = [`${connection}:`];
  for (const system of systems) {
    lines.push(`  ${system.system}: ${holdText(connection, system)}`);
    const { writesStoppedReason: reason } = system;
    if (reason !== null)
      lines.push(
        `  ${system.system}: writes are stopped (${visible(reason)}); when it is mended: passerelle resume ${connection}`,
      );
  }
  const { phase, state } = bulkSync ?? { phase: 'none is running', state: 'running' };
  lines.push(`  bulk sync: ${phase}${state === 'running' || state === phase ? '' : `, ${state}`}`);
  const waiting = Object.entries(people).filter(([, n]) => n > 0) as [WaitingState, number][];
  if (waiting.length === 0) lines.push('  people: nobody waits');
  for (const [what, n] of waiting) lines.push(`  people: ${n} ${waitText[what]}`);
  if (status.imports !== null) lines.push(...importLines(status.imports, connection, nowMs));
  if (status.events !== null) lines.push(`  ${eventsCostText(status.events)}`);
  if (status.catalogue !== null) lines.push(`  catalogue: ${catalogueText(status.catalogue, connection, nowMs)}`);
  for (const { system, lastAtMs, isQuiet } of webhooks.systems) {
    const last = lastAtMs === null ? 'none came, as far as is kept' : `the last came ${agoText(nowMs - lastAtMs)}`;
    const quiet = isQuiet ? '; longer than usual: is it still set up at the vendor’s?' : '';
    lines.push(`  webhooks of ${system}: ${last}${quiet}`);
  }
  if (webhooks.systems.length > 0) lines.push(`  webhooks in this hour: ${useText(webhooks)}`);
  for (const ceiling of reached(webhooks))
    lines.push(
      `  webhooks.${ceiling} is reached: further ones are answered 429. Who sends them? Change the secret if it leaked.`,
    );
  return lines.join('\n');
}

/** What events cost, in a line. */
export function eventsCostText({ bookings, catalogue, mostForCatalogue }: EventsCost): string {
  const mirror =
    mostForCatalogue === null ? '' : `, ${catalogue} of ${mostForCatalogue} by the mirror of the catalogue`;
  return `events: in 24 hours ${bookings} requests about bookings${mirror}`;
}

/** Who waits for an import in Yapla, and since when. */
export function importLines(
  imports: NonNullable<ConnectionStatus['imports']>,
  connection: string,
  nowMs: number,
): string[] {
  const { collected, sinceMs, files, last } = imports;
  const since = sinceMs === null ? '' : ` (the first of them came ${agoText(nowMs - sinceMs)})`;
  return [
    `  imports: ${collected} people wait for the next file${since}`,
    ...files.map(({ number, state, people, madeAtMs }) =>
      state === 'handedOut'
        ? `  import file ${number}: ${people} people, made ${agoText(nowMs - madeAtMs)}, waits for somebody who imports it: passerelle import-batch ${connection} --number ${number}`
        : `  import file ${number}: ${people} people, imported; it is looked what it brought`,
    ),
    ...(last === null
      ? []
      : [
          `  import file ${last.number} was the last: ${last.confirmed} people confirmed, ${last.edited} edited meanwhile, ${last.notShown} not shown and in the next file, ${last.asked} asked about`,
        ]),
  ];
}

function catalogueText(
  catalogue: NonNullable<ConnectionStatus['catalogue']>,
  connection: string,
  nowMs: number,
): string {
  const { products, unread, sessions, oldestReadAtMs, state, hasFeeds } = catalogue;
  const parts = [
    `${products} products, ${sessions} sessions to come`,
    ...(oldestReadAtMs === null ? [] : [`the oldest was read ${agoText(nowMs - oldestReadAtMs)}`]),
    ...(unread === 0 ? [] : [`${unread} products were not read yet`]),
    ...(hasFeeds ? ['shown by feeds'] : []),
    ...(state === null ? ['nobody reads it: is a worker running?'] : []),
    ...(state === 'waitingForBudget' ? ['waits for a quota, a 429 or a server that fails'] : []),
    ...(state === 'stopped' ? [`stopped; when it is mended: passerelle resume ${connection}`] : []),
  ];
  return parts.join('; ');
}

function holdText(connection: string, hold: ConnectionStatus['systems'][number]): string {
  const { stoppedReason, closedUntilMs, triedAtMs } = hold;
  if (stoppedReason !== null)
    return `stopped (${visible(stoppedReason)}); when it is mended: passerelle resume ${connection}`;
  if (closedUntilMs !== null) return `told us to wait until ${new Date(closedUntilMs).toISOString()} (429)`;
  if (triedAtMs !== null) return `fails at every request; the next one tries at ${new Date(triedAtMs).toISOString()}`;
  return 'may be asked';
}

function useText({ use, ceilings }: ConnectionStatus['webhooks']): string {
  const { reads, strangers, bytes } = use;
  const [kept, most] = [bytes, ceilings.maxInboxBytes].map((n) => (n / megabyte).toFixed(1));
  return `${reads} of ${ceilings.maxReadsPerHour} looks, ${strangers} of ${ceilings.maxStrangersPerHour} strangers; ${kept} of ${most} MB kept`;
}

function reached({ use, ceilings }: ConnectionStatus['webhooks']): CeilingName[] {
  const used: Record<CeilingName, number> = {
    maxReadsPerHour: use.reads,
    maxStrangersPerHour: use.strangers,
    maxInboxBytes: use.bytes,
  };
  return ceilingNames.filter((name) => used[name] >= ceilings[name]);
}

function agoText(ms: number): string {
  const days = Math.floor(ms / dayMs);
  if (days >= 2) return `${days} days ago`;
  const hours = Math.floor(ms / 3_600_000);
  if (hours >= 2) return `${hours} hours ago`;
  return `${Math.max(0, Math.floor(ms / 60_000))} minutes ago`;
}
