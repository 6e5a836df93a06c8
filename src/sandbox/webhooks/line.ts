/** The way of one system's deliveries to their target: in order, so many at once, each with its attempts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { ResolvedWebhookTarget } from './options.js';

/** One body on its way. */
export interface Delivery {
  readonly target: ResolvedWebhookTarget;
  /** JSON. */
  readonly body: string;
  /** Called once, whatever became of it. */
  done(outcome: Outcome): void;
}

/** `failure`: status or error code of the last attempt; `null`: it was answered with 2xx. */
export interface Outcome {
  readonly failure: string | null;
}

export class DeliveryLine {
  #waiting: Delivery[] = [];
  #underWay = 0;
  #agent: Agent | null = null;
  readonly #stop = new AbortController();

  /** Behind those that wait already. */
  push(deliveries: readonly Delivery[]): void {
    this.#waiting.push(...deliveries);
    this.#start();
  }

  /** Past the line, at once. Resolves when it is answered or given up. */
  async deliver(delivery: Delivery): Promise<void> {
    delivery.done({ failure: await this.#attempts(delivery) });
  }

  /** Gives up those that nobody has sent yet, without a word. */
  clear(): void {
    this.#waiting = [];
  }

  /** Cuts what is under way. */
  async stop(): Promise<void> {
    this.clear();
    this.#stop.abort();
    await this.#agent?.destroy();
  }

  #start(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || this.#underWay >= next.target.parallel) return;
      this.#waiting.shift();
      this.#underWay += 1;
      void this.deliver(next).finally(() => {
        this.#underWay -= 1;
        this.#start();
      });
    }
  }

  async #attempts(delivery: Delivery): Promise<string | null> {
    const { retries, retryDelayMs } = delivery.target;
    for (let attempt = 0; ; attempt += 1) {
      const failure = await this.#attempt(delivery);
      if (failure === null || attempt >= retries || this.#stop.signal.aborted) return failure;
      await sleep(retryDelayMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #attempt({ target, body }: Delivery): Promise<string | null> {
    // Connections of its own: a sandbox that stops leaves none open, and shares none with anyone who calls it from this process.
    this.#agent ??= new Agent();
    try {
      const answer = await request(target.url, {
        dispatcher: this.#agent,
        method: 'POST',
        headers: { ...target.headers, 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(target.timeoutMs),
      });
      await answer.body.dump();
      return answer.statusCode >= 200 && answer.statusCode < 300 ? null : String(answer.statusCode);
    } catch (error) {
      return codeOf(error);
    }
  }
}

/** By shape: a system's error is no `instanceof Error` where code runs in a context of its own, as tests do. */
function codeOf(error: unknown): string {
  const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : 'unknown';
}
