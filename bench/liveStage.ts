/** A connection whose people are linked, with a receiver that both systems' webhooks go to. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sandboxWebhookUrl } from '../src/sandbox/connections.js';
import type { SandboxLimits } from '../src/sandbox/options.js';
import { linkEqualLists } from './lines/planSpeed.js';
import { startRelay, type Relay } from './relay.js';
import { unlimited, withPasserelle, type Passerelle, type Stage } from './stage.js';
import { startReceiverProcess, type ReceiverProcess } from './workerProcess.js';

export interface LiveSetting {
  /** Names the connection, together with the run. */
  readonly name: string;
  /** In both systems, the same. */
  readonly people: number;
  /** Of the connection's `live` configuration; left out: as everybody has it. */
  readonly live?: Readonly<Record<string, number>>;
  /** Of its `events` configuration; left out: registrations are not looked at. */
  readonly events?: Readonly<Record<string, unknown>>;
  /** Of Yoplanning; left out: none. */
  readonly limits?: SandboxLimits;
}

export interface LinkedPerson {
  readonly linkId: string;
  readonly yapla: string;
  readonly yoplanning: string;
}

export interface LivePasserelle extends Passerelle {
  readonly receiver: ReceiverProcess;
  readonly people: readonly LinkedPerson[];
}

/** What was awaited did not come: a number would mean nothing. */
export class LiveWentWrong extends Error {
  override readonly name = 'LiveWentWrong';
}

/** Requests from one address in a second are limited by configuration, which is not what is measured. */
const anyRate = 1_000_000;

/** Deliveries that each system has under way at once. */
const deliveries = 20;

/** Sandbox, worker and receiver around `action`. No webhooks are delivered yet. */
export async function withLive<T>(
  stage: Stage,
  { name, people, live, events, limits = unlimited }: LiveSetting,
  action: (passerelle: LivePasserelle) => Promise<T>,
): Promise<T> {
  const setting = {
    name,
    sandbox: { people: { shared: people }, yapla: { limits: unlimited }, yoplanning: { limits } },
    limits: { yapla: unlimited, yoplanning: limits },
    ...(live === undefined ? {} : { live }),
    ...(events === undefined ? {} : { events }),
  };
  return await withPasserelle(stage, setting, async (passerelle) => {
    const { connectionId, config, env } = passerelle;
    await linkEqualLists(passerelle, people);
    const linked = await stage.sql<LinkedPerson[]>`
      select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
       where connection_id = ${connectionId} and yapla_id is not null and yoplanning_id is not null order by link_id`;
    const receiver = await startReceiverProcess(
      { ...config, receiver: { port: 0, maxRequestsPerSecond: anyRate } },
      env,
      path.join(stage.directory, 'receiver.log'),
    );
    try {
      return await action({ ...passerelle, receiver, people: linked });
    } finally {
      await receiver.stop();
    }
  });
}

/** Both systems deliver to the receiver. */
export async function deliverBoth({ sandbox, receiver, connectionId }: LivePasserelle): Promise<void> {
  for (const system of ['yapla', 'yoplanning'] as const) {
    const url = sandboxWebhookUrl(receiver.address, connectionId, system);
    await sandbox.control.setWebhooks(system, { url, parallel: deliveries });
  }
}

/** Yapla delivers to the receiver, Yoplanning to a relay, which passes the echoes of our writes on, or keeps them. */
export async function withRelay<T>(
  { sandbox, receiver, connectionId }: LivePasserelle,
  echoes: boolean,
  action: (relay: Relay) => Promise<T>,
): Promise<T> {
  const urlOf = (system: 'yapla' | 'yoplanning') => sandboxWebhookUrl(receiver.address, connectionId, system);
  const relay = await startRelay(echoes ? urlOf('yoplanning') : null);
  try {
    await sandbox.control.setWebhooks('yapla', { url: urlOf('yapla'), parallel: deliveries });
    await sandbox.control.setWebhooks('yoplanning', { url: relay.url, parallel: deliveries });
    return await action(relay);
  } finally {
    await sandbox.control.setWebhooks('yapla', null);
    await sandbox.control.setWebhooks('yoplanning', null);
    await sandbox.control.settled();
    await relay.stop();
  }
}

const lookMs = 25;
const patienceMs = 120_000;

/** @throws {LiveWentWrong} when it does not come true in two minutes */
export async function until<T>(what: string, look: () => Promise<T>, accept: (seen: T) => boolean): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (accept(seen)) return seen;
    if (performance.now() > deadline) throw new LiveWentWrong(`still not so: ${what} (${JSON.stringify(seen)})`);
    await sleep(lookMs);
  }
}

/** Waits until every webhook has arrived and has been handled. @returns how many there were */
export async function untilHandled({ stage, sandbox, connectionId }: LivePasserelle): Promise<number> {
  await sandbox.control.settled();
  const { handled } = await until(
    'every event is handled',
    async () => {
      const [row] = await stage.sql<{ handled: number; pending: number; signals: number }[]>`
        select count(*) filter (where handled_at is not null)::int as handled,
               count(*) filter (where handled_at is null)::int as pending,
               (select count(*)::int from link_signal where connection_id = ${connectionId}) as signals
          from inbox where connection_id = ${connectionId}`;
      return row!;
    },
    ({ pending, signals }) => pending === 0 && signals === 0,
  );
  return handled;
}
