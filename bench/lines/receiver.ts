/** How fast webhooks are taken, beside a bare Fastify handler that does one insert; storing is what is measured, not what follows. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sandboxWebhookUrl } from '../../src/sandbox/connections.js';
import { sandboxCredentials } from '../../src/sandbox/options.js';
import { openBareClient, type BareClient } from '../bareLoop.js';
import { startProgram } from '../childProcess.js';
import { withLive, type LivePasserelle } from '../liveStage.js';
import { lineOf, type BenchLine } from '../results.js';
import { quantile, sendAll, type Sent, type WebhookToSend } from '../senders.js';
import type { Stage } from '../stage.js';

export interface ReceiverOptions {
  readonly senders: number;
  /** Linked people whom the webhooks are about, in turn. */
  readonly people: number;
  /** Webhooks to each of the two. */
  readonly webhooks: number;
}

/** Turns that the two take, so that whatever else the machine does strikes both. */
const rounds = 4;

/** Sent first and not counted: code that was compiled, connections that are open. */
const warmUp = 1_000;

/** Signals stay away for as long as is measured. */
const debounceMs = 600_000;

export async function receiverLines(
  stage: Stage,
  { senders, people, webhooks }: ReceiverOptions,
): Promise<readonly BenchLine[]> {
  return await withLive(stage, { name: 'receiver', people, live: { debounceMs } }, async (passerelle) => {
    const bareReceiver = await startProgram({
      name: 'the bare receiver',
      args: ['--import', 'tsx', fileURLToPath(new URL('../bareReceiver.ts', import.meta.url))],
      env: { PASSERELLE_BENCH_DATABASE_URL: stage.databaseUrl },
      logFile: path.join(stage.directory, 'bare-receiver.log'),
      readyWhen: 'bare receiver started',
    });
    const bareClient = openBareClient(bareReceiver.readyLine.split(' ').at(-1)!, {}, senders);
    const client = openBareClient(passerelle.receiver.address, {}, senders);
    try {
      const bodies = await bodiesOf(passerelle);
      const ours = { client, webhooks: bodies };
      const bare = { client: bareClient, webhooks: bodies.map(({ body }) => ({ path: '/webhooks', body })) };
      const measured = { ours: [] as Sent[], bare: [] as Sent[] };
      for (const one of [bare, ours]) await send(one, Math.min(warmUp, webhooks), senders);
      const before = passerelle.receiver.processorSeconds();
      for (let round = 0; round < rounds; round += 1) {
        measured.bare.push(await send(bare, webhooks / rounds, senders));
        measured.ours.push(await send(ours, webhooks / rounds, senders));
      }
      const processor = passerelle.receiver.processorSeconds() - before;
      const stored = await storedOf(passerelle);
      const expected = webhooks + Math.min(warmUp, webhooks);
      const rate = rateOf(measured.ours);
      const bareRate = rateOf(measured.bare);
      const note = `${webhooks} webhooks to each in ${rounds} turns, half of them Yapla's with the whole member; ${stored} of ${expected} stored, ${((1_000 * processor) / webhooks).toFixed(2)} ms of the receiver's processor for each`;
      const common = { unit: 'webhooks/s', value: rate, floor: bareRate, holds: stored === expected } as const;
      return [
        lineOf({ ...common, line: `receiver, ${senders} senders, beside one insert`, goal: 'ratio >= 0.5', note }),
        lineOf({ ...common, line: `receiver, ${senders} senders`, goal: 'value >= 1500' }),
        lineOf({
          line: `receiver, ${senders} senders, 99 of 100 answered in`,
          value: quantileOf(measured.ours, 0.99),
          unit: 'ms',
          floor: quantileOf(measured.bare, 0.99),
          goal: 'value <= 50',
          note: `half of them in ${quantileOf(measured.ours, 0.5).toFixed(1)} ms, of the bare handler in ${quantileOf(measured.bare, 0.5).toFixed(1)} ms`,
        }),
      ];
    } finally {
      await Promise.all([bareClient.close(), client.close()]);
      await bareReceiver.stop();
    }
  });
}

/** One webhook for each person, of either system in turn, as the system itself would send it. */
async function bodiesOf({ sandbox, people, connectionId }: LivePasserelle): Promise<WebhookToSend[]> {
  const { addresses, control } = sandbox;
  const members = new Map((await control.records('yapla')).map(({ id, document }) => [id, document]));
  const paths = {
    yapla: new URL(sandboxWebhookUrl('http://any', connectionId, 'yapla')).pathname,
    yoplanning: new URL(sandboxWebhookUrl('http://any', connectionId, 'yoplanning')).pathname,
  };
  return people.map(({ yapla, yoplanning }, index) =>
    index % 2 === 0
      ? { path: paths.yapla, body: JSON.stringify({ event: 'member.updated', data: members.get(yapla) }) }
      : {
          path: paths.yoplanning,
          body: JSON.stringify(clientUpdated(addresses.yoplanning, yoplanning)),
        },
  );
}

/** As Yoplanning documents it. */
export function clientUpdated(origin: string, id: string) {
  const link = `${origin}/api/v3.1/teams/${sandboxCredentials.yoplanningTeam}/clients/${id}`;
  return { resource: { id, type: 'client' }, link, event: 'updated' };
}

interface Target {
  readonly client: BareClient;
  readonly webhooks: readonly WebhookToSend[];
}

async function send({ client, webhooks }: Target, times: number, senders: number): Promise<Sent> {
  const all = Array.from({ length: times }, (_, index) => webhooks[index % webhooks.length]!);
  return await sendAll(client, all, senders);
}

async function storedOf({ stage, connectionId }: LivePasserelle): Promise<number> {
  const [row] = await stage.sql<{ n: number }[]>`
    select count(*)::int as n from inbox where connection_id = ${connectionId}`;
  return row!.n;
}

function rateOf(turns: readonly Sent[]): number {
  const sent = turns.reduce((sum, one) => sum + one.latenciesMs.length, 0);
  return sent / turns.reduce((sum, one) => sum + one.seconds, 0);
}

function quantileOf(turns: readonly Sent[], share: number): number {
  return quantile(
    turns.flatMap((one) => one.latenciesMs),
    share,
  );
}
