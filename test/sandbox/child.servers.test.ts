/** A sandbox in a process of its own: what it does there, and how it ends. What it does in this process: the unit tests beside this file. */
import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startSandboxProcess } from '../../src/sandbox/child.js';
import { LocalServer } from '../http/localServer.js';
import { flatData } from './http.js';
import { lea } from './told.js';

test('a sandbox process serves, tells, fails and settles like one in this process, and stops when told', async () => {
  const receiver = await LocalServer.start();
  const sandbox = await startSandboxProcess({ people: { yapla: 2 }, yapla: { webhooks: { url: receiver.url } } });
  try {
    expect((await flatData(sandbox)).json.total).toBe(2);
    await sandbox.control.setWebhookFaults('yapla', { duplicate: 1 });
    await sandbox.control.add('yapla', lea);
    await sandbox.control.settled();
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ emitted: 1, delivered: 2, duplicated: 1 });
    expect(receiver.received).toHaveLength(2);
  } finally {
    await sandbox.stop();
    await receiver.stop();
  }
  expect(() => process.kill(sandbox.pid, 0)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
});

test('a sandbox process ends on SIGTERM', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/sandbox/main.ts', '{}'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  expect(JSON.parse(line)).toMatchObject({
    ready: true,
    control: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
  });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
