/** The receiver beside a stack that runs on this machine. */
import type { Client } from '@temporalio/client';
import type { Config } from '../config/schema.js';
import { choosePort } from '../embedded/ports.js';
import type { Log } from '../log.js';
import { startReceiver, type RunningReceiver } from '../receiver/receiver.js';
import type { Output } from './output.js';

export interface RunReceiverOptions {
  readonly config: Pick<Config, 'receiver' | 'retention' | 'temporal'>;
  readonly connections: Config['connections'];
  readonly databaseUrl: string;
  readonly client: Client;
  readonly log: Log;
  readonly output: Output;
  /** Another port will do where the configured one is taken: nobody outside was told where webhooks go, as in the demo. */
  readonly anyPort?: boolean;
}

/** The receiver's port is where both systems deliver: on another one, webhooks would go nowhere, and nobody would notice. */
export class ReceiverPortTaken extends Error {
  override readonly name = 'ReceiverPortTaken';
  constructor({ host, port }: RunReceiverOptions['config']['receiver'], cause: NodeJS.ErrnoException) {
    const why = cause.code === 'EACCES' ? 'may not be used by this account' : 'is taken by another process';
    super(
      `webhooks cannot be received: port ${port} of ${host} (receiver.port) ${why} (${cause.code}). Webhooks are sent to that port: end what uses it, or choose another port and change the proxy that forwards to it.`,
      { cause },
    );
  }
}

/**
 * Starts it on the configured port. The caller stops it, before what it was given is closed.
 *
 * @throws {ReceiverPortTaken} unless any port will do
 */
export async function runReceiver(options: RunReceiverOptions): Promise<RunningReceiver> {
  const { config, connections, databaseUrl, client, log, output } = options;
  const preferred = config.receiver.port;
  const port =
    preferred === 0 || options.anyPort !== true
      ? preferred
      : await choosePort(preferred, 'webhooks: port', (line) => output.note(`  ${line}`));
  const receiver = await startReceiver({ config: { ...config, connections }, databaseUrl, client, port, log }).catch(
    (error: unknown) => {
      throw isTaken(error) ? new ReceiverPortTaken(config.receiver, error) : error;
    },
  );
  const { address, endpoints, feeds } = receiver;
  if (endpoints.length > 0) output.note(`  webhooks: ${address}/webhooks/…, of ${endpoints.join(', ')}`);
  if (feeds.length > 0) output.note(`  feeds: ${address}/feeds/…, of ${feeds.join(', ')}`);
  return receiver;
}

/** By the code: an error of Node.js itself is none of our `Error` where a test runs in a context of its own. */
function isTaken(error: unknown): error is NodeJS.ErrnoException {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return code === 'EADDRINUSE' || code === 'EACCES';
}
