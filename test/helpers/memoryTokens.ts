/** Where tokens of OAuth are kept, without a database. */
import type { StoredToken, TokenGrant, TokenStore } from '../../src/store/oauthTokens.js';

/** Tokens of one process, in its memory. */
export class MemoryTokens implements TokenStore {
  stored: (StoredToken & { readonly endsAtMs: number | null }) | null = null;
  /** How often somebody renewed. */
  renewals = 0;
  #last: Promise<unknown> = Promise.resolve();

  read(): Promise<StoredToken | null> {
    if (this.stored === null) return Promise.resolve(null);
    const { endsAtMs } = this.stored;
    return Promise.resolve({ ...this.stored, lifeMs: endsAtMs === null ? null : endsAtMs - Date.now() });
  }

  renewed(seen: number, renew: (refreshToken: string | null) => Promise<TokenGrant>): Promise<StoredToken | null> {
    const turn = this.#last.then(async () => {
      if (this.stored?.version === seen) {
        const { refreshToken } = this.stored;
        const grant = await renew(refreshToken);
        this.renewals += 1;
        await this.save({ ...grant, refreshToken: grant.refreshToken ?? refreshToken });
      }
      return this.read();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  save({ accessToken, refreshToken, lifeMs }: TokenGrant): Promise<void> {
    const version = (this.stored?.version ?? 0) + 1;
    const endsAtMs = lifeMs === null ? null : Date.now() + lifeMs;
    this.stored = { accessToken, refreshToken, lifeMs, wholeLifeMs: lifeMs, version, endsAtMs };
    return Promise.resolve();
  }

  forget(): Promise<boolean> {
    const wasThere = this.stored !== null;
    this.stored = null;
    return Promise.resolve(wasThere);
  }
}
