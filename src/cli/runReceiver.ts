/** The receiver beside a stack that runs on this machine. */
import type { Client } from '@temporalio/client';
import type { Config } from '../config/schema.js';
import { choosePort } from '../embedded/ports.js';
import type { Log } from '../log.js';
import { startReceiver, type RunningReceiver } from '../receiver/receiver.js';
import type { Output } from './output.js';

export interface RunReceiverOptions {
  readonly config: Pick<Config, 'receiver' | 'temporal'>;
  readonly connections: Config['connections'];
  readonly databaseUrl: string;
  readonly client: Client;
  readonly log: Log;
  readonly output: Output;
}

/** Starts it on the preferred port, else on a free one. The caller stops it, before what it was given is closed. */
export async function runReceiver(options: RunReceiverOptions): Promise<RunningReceiver> {
  const { config, connections, databaseUrl, client, log, output } = options;
  const preferred = config.receiver.port;
  const port = preferred === 0 ? 0 : await choosePort(preferred, 'webhooks: port', (line) => output.note(`  ${line}`));
  const receiver = await startReceiver({ config: { ...config, connections }, databaseUrl, client, port, log });
  output.note(`  webhooks: ${receiver.address}/webhooks/…, of ${receiver.endpoints.join(', ')}`);
  return receiver;
}
