/** REST 2.0 sessions: a token for an API key, until it expires (systems/yapla.md, generation 1). */
import { randomUUID } from 'node:crypto';
import { localTime } from '../../core/zone.js';

export class Sessions {
  /** Expiry (epoch milliseconds) by token. */
  readonly #expiries = new Map<string, number>();

  /** @param zone in which it writes the expiry, which names none */
  constructor(
    private readonly lifeMs: number,
    private readonly zone: string,
  ) {}

  open(): { readonly token: string; readonly expireDate: string } {
    const nowMs = Date.now();
    for (const [token, expiresAtMs] of this.#expiries) if (expiresAtMs <= nowMs) this.#expiries.delete(token);
    const token = randomUUID().replaceAll('-', '');
    const expiresAtMs = nowMs + this.lifeMs;
    this.#expiries.set(token, expiresAtMs);
    return { token, expireDate: expireDate(localTime(expiresAtMs, this.zone)) };
  }

  isOpen(token: string): boolean {
    return (this.#expiries.get(token) ?? 0) > Date.now();
  }

  expireAll(): void {
    this.#expiries.clear();
  }
}

/** `YYYY-MM-DD HH:MM:SS` without a zone: the second of the two forms that were seen. Never later than the truth. */
function expireDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
