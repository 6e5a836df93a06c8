import type { Ask } from '../http/client.js';
import { isFailure } from '../http/failures.js';
import type { AnyFailure } from '../http/failures.js';
import type { Tell } from './check.js';
import { checkClock } from './clock.js';
import { explain } from './explain.js';
import type { Account } from './explain.js';
import type { ObservedClient } from './observe.js';
import { outline } from './outline.js';

/** In line with a person at the screen, before any bulk work. */
export const ask: Ask = { lane: 'review', purpose: 'doctor' };

export type Outcome<T> = { readonly value: T } | { readonly failure: AnyFailure };

/**
 * Makes requests to one account and tells what each failure means. What every answer shows besides (the address, the
 * credential, the clock) is told with the first answer that shows it.
 */
export class Attempts {
  readonly #told = new Set<string>();
  #over = false;

  constructor(
    private readonly account: Account,
    /** Host that the requests go to, for people. */
    private readonly host: string,
    private readonly client: ObservedClient,
    private readonly tell: Tell,
  ) {}

  /** True when every further request would fail as the last one did. */
  isOver(): boolean {
    return this.#over;
  }

  /** Runs one request. A failure is told under the name of what it is about: `address`, `credential`, `permission`, or `name`. */
  async run<T>(name: string, request: () => Promise<T>): Promise<Outcome<T>> {
    try {
      const value = await request();
      this.#once('address', () => this.tell('address', 'ok', `${this.host} answers`));
      this.#once('credential', () => this.tell('credential', 'ok', 'the server takes it'));
      this.#checkClock();
      return { value };
    } catch (failure) {
      if (!isFailure(failure)) throw failure;
      this.#tellFailure(name, failure);
      return { failure };
    }
  }

  #tellFailure(name: string, failure: AnyFailure): void {
    const { finding, advice, final } = explain(failure, this.account);
    this.#over ||= final;
    if (wasAnswered(failure)) this.#once('address', () => this.tell('address', 'ok', `${this.host} answers`));
    this.#checkClock();
    // Only names and types: anyone who corrects the paths needs them, and they say nothing about anybody.
    const seen = failure.type === 'UnexpectedResponse' ? outline(this.client.latest()?.body) : [];
    this.tell(subjectOf(failure) ?? name, 'failed', finding, advice, seen);
  }

  #checkClock(): void {
    const latest = this.client.latest();
    if (latest !== undefined) this.#once('clock', () => checkClock(latest, this.tell));
  }

  #once(name: string, tell: () => void): void {
    if (this.#told.has(name)) return;
    this.#told.add(name);
    tell();
  }
}

function wasAnswered({ type }: AnyFailure): boolean {
  return type !== 'NoAnswer' && type !== 'BudgetExhausted' && type !== 'ConnectionStopped' && type !== 'WritesStopped';
}

function subjectOf(failure: AnyFailure): string | undefined {
  if (failure.type === 'NoAnswer') return 'address';
  if (failure.type === 'AccessRefused') return failure.status === 401 ? 'credential' : 'permission';
  return undefined;
}
