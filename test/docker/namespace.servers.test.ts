import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { findTemporal } from '../../src/embedded/findTemporal.js';
import { connectTemporal } from '../../src/temporal.js';
import { temporalAddress, uniqueName } from '../helpers/servers.js';

describe('the namespace job of docker-compose.yml', () => {
  test('makes the namespace once, and is content with it from then on', async () => {
    const namespace = uniqueName('composed');
    const temporal = await findTemporal({ onProgress: () => undefined });
    const run = () =>
      promisify(execFile)('sh', ['docker/temporal-namespace.sh'], {
        env: {
          PATH: `${path.dirname(temporal.path)}:${process.env['PATH'] ?? ''}`,
          HOME: process.env['HOME'],
          TEMPORAL_ADDRESS: temporalAddress(),
          TEMPORAL_NAMESPACE: namespace,
          RETENTION: '30d',
        },
      });
    await run();
    const { connection } = await connectTemporal({ address: temporalAddress(), namespace });
    const made = await connection.workflowService.describeNamespace({ namespace });
    await connection.close();
    expect(Number(made.config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 24 * 3600);
    expect((await run()).stdout).toBe(`namespace ${namespace} exists\n`);
  }, 60_000);
});
