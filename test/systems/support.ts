/** A sandbox with both systems open on it: real HTTP, and a budget that grants everything and remembers what it was asked. */
import { afterAll } from '@jest/globals';
import type { z } from 'zod';
import { connectionSchema, type ConnectionConfig } from '../../src/config/schema.js';
import type { Ask } from '../../src/http/client.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import type { YaplaShapeName } from '../../src/sandbox/options.js';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.js';
import type { Budget, Lane, Permit, PermitAnswer, PermitAsk, Stopped } from '../../src/store/budget.js';
import { loggedIn } from '../helpers/logIn.js';
import { MemoryTokens } from '../helpers/memoryTokens.js';
import { openSystems, type Systems } from '../../src/systems/index.js';

export type ConnectionInput = z.input<typeof connectionSchema>;

export const ask: Ask = { lane: 'bulk', purpose: 'test' };

/** Grants every permit at once. `open` counts those neither answered nor released. */
export class GrantingBudget implements Budget {
  readonly groups: number[] = [];
  readonly lanes: Lane[] = [];
  readonly answers: PermitAnswer[] = [];
  readonly stops: string[] = [];
  /** Those of writes alone. */
  readonly writeStops: string[] = [];
  released = 0;
  open = 0;
  #last = 0;

  largestGroup(): number {
    return 5;
  }
  take(n: number, ask: PermitAsk): Promise<Permit[]> {
    this.groups.push(n);
    this.lanes.push(ask.lane);
    this.open += n;
    const permit = () => ({ id: ++this.#last, ask, remainingMs: () => 60_000 });
    return Promise.resolve(Array.from({ length: n }, permit));
  }
  answered(_permit: Permit, answer: PermitAnswer): void {
    this.answers.push(answer);
    this.open -= 1;
  }
  release(): void {
    this.released += 1;
    this.open -= 1;
  }
  failed(): Promise<null> {
    return Promise.resolve(null);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  stop(reason: string, stopped: Stopped = 'all'): Promise<void> {
    (stopped === 'all' ? this.stops : this.writeStops).push(reason);
    return Promise.resolve();
  }
  resume(): Promise<void> {
    return Promise.resolve();
  }
  state(): never {
    throw new Error('not asked for in these tests');
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
  end(): Promise<void> {
    return Promise.resolve();
  }
}

export interface Opening {
  readonly shape?: YaplaShapeName;
  /** `graphql`: somebody is logged in. */
  readonly write?: 'rest' | 'graphql';
  readonly sandbox?: SandboxOptions;
  /** Changes the connection's configuration before it is parsed. */
  readonly configure?: (input: ConnectionInput) => void;
}

export interface Opened {
  readonly sandbox: Sandbox;
  readonly systems: Systems;
  readonly config: ConnectionConfig;
  /** Of GraphQL. */
  readonly tokens: MemoryTokens;
  readonly budgets: { readonly yapla: GrantingBudget; readonly yoplanning: GrantingBudget };
}

/** Opens as often as a test file needs, and closes everything at its end. */
export function opener(): (opening?: Opening) => Promise<Opened> {
  const closing: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });
  return async ({ shape = 'flat', write = 'rest', sandbox: options = {}, configure }: Opening = {}) => {
    const sandbox = await startSandbox({
      ...options,
      yapla: { shape, ...options.yapla },
      yoplanning: { limits: { requestsPerSecond: null, requestsPerDay: null }, ...options.yoplanning },
    });
    closing.push(() => sandbox.stop());
    const listEnd = options.yapla?.listEnd ?? 'total';
    const input = structuredClone(sandboxConnection(sandbox.addresses, { shape, listEnd, write }));
    configure?.(input);
    const config = connectionSchema.parse(input);
    const budgets = { yapla: new GrantingBudget(), yoplanning: new GrantingBudget() };
    const tokens = new MemoryTokens();
    if (write === 'graphql') await tokens.save(await loggedIn(config, new GrantingBudget()));
    const systems = openSystems('test', config, { budgets, tokens });
    closing.push(() => systems.close());
    return { sandbox, systems, config, budgets, tokens };
  };
}

/** The failure that a promise ends with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('expected a failure, and there was none');
    },
    (error: unknown) => error as Error,
  );
}
