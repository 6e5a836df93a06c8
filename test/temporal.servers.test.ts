import { afterEach, describe, expect, test } from '@jest/globals';
import { TypedSearchAttributes } from '@temporalio/common';
import getPort from 'get-port';
import { TemporalSetupError, connectTemporal, connectWorker, ensureSearchAttributes } from '../src/temporal.js';
import { connectionKey, phaseKey, stateKey } from '../workflows/searchAttributes.js';
import { temporalAddress, uniqueName } from './helpers/servers.js';

describe('Temporal', () => {
  const close: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const step of close.splice(0)) await step();
  });

  async function connect(namespace = 'default') {
    const connected = await connectTemporal({ address: temporalAddress(), namespace });
    close.push(() => connected.connection.close());
    return connected;
  }

  test('accepts a workflow with our search attributes as soon as they are ensured, in a namespace made just now', async () => {
    const namespace = uniqueName('namespace');
    const { connection, client } = await connect(namespace);
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    await ensureSearchAttributes(connection, namespace);
    const handle = await client.workflow.start('waitsForAWorker', {
      workflowId: uniqueName('searched'),
      taskQueue: uniqueName('nobody'),
      typedSearchAttributes: new TypedSearchAttributes([
        { key: connectionKey, value: 'club' },
        { key: phaseKey, value: 'scan' },
        { key: stateKey, value: 'running' },
      ]),
    });
    const { typedSearchAttributes } = await handle.describe();
    expect([connectionKey, phaseKey, stateKey].map((key) => typedSearchAttributes.get(key))).toEqual([
      'club',
      'scan',
      'running',
    ]);
    await handle.terminate();
  }, 60_000);

  test('takes the same set-up from several processes at once', async () => {
    const namespace = uniqueName('namespace');
    const connections = await Promise.all([connect(namespace), connect(namespace), connect(namespace)]);
    const [{ connection }] = connections;
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    await Promise.all(connections.map(({ connection }) => ensureSearchAttributes(connection, namespace)));
    await connection.workflowService.countWorkflowExecutions({
      namespace,
      query: 'PasserelleState = "running"',
    });
  }, 60_000);

  test('is reached by workers too', async () => {
    const connection = await connectWorker({ address: temporalAddress(), namespace: 'default' });
    close.push(() => connection.close());
    const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'default' });
    expect(namespaceInfo?.name).toBe('default');
  });

  test.each([
    ['client', connectTemporal],
    ['worker', connectWorker],
  ])(
    'that nobody runs is told to a %s with the address and what to check',
    async (_, connectIt) => {
      const address = `127.0.0.1:${await getPort()}`;
      const failure = connectIt({ address, namespace: 'default', connectTimeoutMs: 500 });
      await expect(failure).rejects.toThrow(TemporalSetupError);
      await expect(failure).rejects.toThrow(new RegExp(`answers at ${address} \\(without TLS\\).*temporal\\.address`));
    },
    30_000,
  );

  test('is never sent an API key in the clear', async () => {
    const failure = connectTemporal({
      address: temporalAddress().replace('127.0.0.1', 'localhost'),
      namespace: 'default',
      tls: false,
      apiKey: 'invented',
      connectTimeoutMs: 500,
    });
    await expect(failure).rejects.toThrow(/\(with TLS\)/);
    await expect(failure).rejects.not.toThrow(/invented/);
  }, 30_000);
});
