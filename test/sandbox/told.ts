/** A receiver that the sandbox's webhooks are sent to: what it was told, in the order of arrival. */
import { afterAll } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import type { JsonObject } from '../../src/core/document.js';
import type { SandboxOptions } from '../../src/sandbox/options.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import type { WebhookFaults } from '../../src/sandbox/webhooks/options.js';
import { LocalServer } from '../http/localServer.js';
import { sandboxes } from './http.js';

export const lea = { firstName: 'Léa', lastName: 'Invent' };

export interface Told {
  readonly sandbox: Sandbox;
  readonly receiver: LocalServer;
  /** Bodies as they arrived. */
  bodies(): JsonObject[];
  /** Lets so many changes happen to one record: its city is '1', '2' … @returns the record's id. */
  change(system: 'yapla' | 'yoplanning', times: number): Promise<string>;
}

/** How a Yapla body or a Yoplanning read shows what `change` did. */
export function cities(bodies: readonly JsonObject[]): string[] {
  return bodies.map((body) => (body['data'] as { city: string }).city);
}

/** Sandboxes whose two systems tell a receiver of their own; both end with the test file. */
export function tellingSandboxes(): (
  options?: SandboxOptions,
  faults?: Partial<WebhookFaults>,
  target?: object,
) => Promise<Told> {
  const start = sandboxes();
  const receivers: LocalServer[] = [];
  afterAll(() => Promise.all(receivers.map((receiver) => receiver.stop())));
  return async (options = {}, faults = {}, target = {}) => {
    const receiver = await LocalServer.start();
    receivers.push(receiver);
    receiver.answersWith(202, {});
    const telling = (system: 'yapla' | 'yoplanning') => ({
      webhooks: { url: `${receiver.url}/${system}`, ...target },
      ...(faults[system] === undefined ? {} : { webhookFaults: faults[system] }),
    });
    const sandbox = await start({
      ...options,
      yapla: { ...telling('yapla'), ...options.yapla },
      yoplanning: { ...telling('yoplanning'), ...options.yoplanning },
    });
    return {
      sandbox,
      receiver,
      bodies: () => receiver.received.map(({ body }) => JSON.parse(body) as JsonObject),
      change: async (system, times) => {
        const [id = await sandbox.control.add(system, lea)] = await sandbox.control.ids(system);
        for (let i = 1; i <= times; i += 1) await sandbox.control.edit(system, id, { city: String(i) });
        return id;
      },
    };
  };
}

/** Answers after `wait` resolves. */
export function answersAfter(receiver: LocalServer, wait: () => Promise<unknown>): void {
  receiver.answers((_, response: ServerResponse) => {
    void wait().then(() => response.writeHead(202).end('{}'));
  });
}
