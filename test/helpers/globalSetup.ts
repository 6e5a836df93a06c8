/**
 * Starts the servers of the `servers` project once for the whole run, or takes over a running pair named by PASSERELLE_TEST_SERVERS
 * (JSON with `databaseUrl` and `temporalAddress`; the pair is left running afterwards).
 */
import path from 'node:path';
import { importSource } from './importSource.js';
import type * as TestServersModule from './testServers.js';

declare global {
  // Jest gives globalSetup and globalTeardown nothing else in common than the process.
  var passerelleStopTestServers: (() => Promise<void>) | undefined;
}

export default async function globalSetup(): Promise<void> {
  const { prepare, startTestServers } = (await importSource(
    path.resolve('test/helpers/testServers.ts'),
  )) as typeof TestServersModule;
  const running = process.env['PASSERELLE_TEST_SERVERS'];
  if (running !== undefined && running !== '') {
    const { databaseUrl, temporalAddress } = JSON.parse(running) as { databaseUrl: string; temporalAddress: string };
    process.env['PASSERELLE_TEST_SERVERS'] = JSON.stringify(await prepare(databaseUrl, temporalAddress));
    return;
  }
  const { servers, stop } = await startTestServers();
  globalThis.passerelleStopTestServers = stop;
  process.env['PASSERELLE_TEST_SERVERS'] = JSON.stringify(servers);
}
