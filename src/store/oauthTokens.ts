/**
 * Tokens of OAuth, encrypted, one set for each connection and all its workers. A refresh token may be taken once only, and using it a second
 * time may end all of them: so who renews holds the row while he asks, and the others read what he was given.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OAuthConfig } from '../config/yaplaGraphql.js';
import type { Sql, Transaction } from './database.js';
import { seal, type SealKey, unseal, UnopenedSeal } from './seal.js';

export interface TokenGrant {
  readonly accessToken: string;
  /** `null`: none was given. After a renewal the one before goes on. */
  readonly refreshToken: string | null;
  /** `null`: not known. */
  readonly lifeMs: number | null;
}

export interface StoredToken {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** What is left of its life, by the database's clock; null: not known. */
  readonly lifeMs: number | null;
  /** Its life from its beginning on; null: not known. */
  readonly wholeLifeMs: number | null;
  readonly version: number;
}

/** What stands there cannot be opened: this key is not configured, or is another one than it was. */
export interface UnopenedToken {
  readonly unopenedKey: string;
}

export interface TokenStore {
  /** `null`: nobody is logged in. */
  read(): Promise<StoredToken | UnopenedToken | null>;
  /**
   * The token that came after version `seen`: another worker's, or what `renew` gives. While it asks, no other worker asks.
   * @returns null: nobody is logged in any more
   * @throws what `renew` throws; then nothing changed
   */
  renewed(
    seen: number,
    renew: (refreshToken: string | null) => Promise<TokenGrant>,
  ): Promise<StoredToken | UnopenedToken | null>;
  /** A person logged in. */
  save(grant: TokenGrant): Promise<void>;
  /** @returns whether anybody was logged in */
  forget(): Promise<boolean>;
}

interface Row {
  readonly version: number;
  readonly keyId: string;
  readonly access: Uint8Array;
  readonly refresh: Uint8Array | null;
  readonly lifeMs: number | null;
  readonly wholeLifeMs: number | null;
}

type Settings = Pick<OAuthConfig, 'clientId' | 'tokenUrl' | 'keys'>;

/** Pauses between attempts to record a renewal whose transaction broke: what was renewed is in this memory alone. A failover takes seconds. */
const pausesMs = [0, 100, 400, 1_600, 6_400];

/** @param connection its id, which `connection` has a row of */
export function createTokenStore(sql: Sql, connection: string, settings: Settings): TokenStore {
  const keys = settings.keys as [SealKey, ...SealKey[]];
  const client = createHash('sha256').update(`${settings.clientId} ${settings.tokenUrl}`).digest('base64url');
  const place = (what: string) => `oauth_token ${connection} ${what}`;

  function opened({ version, keyId, access, refresh, lifeMs, wholeLifeMs }: Row): StoredToken | UnopenedToken {
    try {
      return {
        version,
        lifeMs,
        wholeLifeMs,
        accessToken: unseal({ keyId, bytes: access }, keys, place('access')),
        refreshToken: refresh === null ? null : unseal({ keyId, bytes: refresh }, keys, place('refresh')),
      };
    } catch (error) {
      if (error instanceof UnopenedSeal) return { unopenedKey: error.keyId };
      throw error;
    }
  }

  async function find(on: Sql | Transaction, locked: boolean): Promise<StoredToken | UnopenedToken | null> {
    const [row] = await on<Row[]>`
      select version, key_id as "keyId", access_token as access, refresh_token as refresh,
             (extract(epoch from expires_at - clock_timestamp()) * 1000)::float8 as "lifeMs",
             (extract(epoch from expires_at - renewed_at) * 1000)::float8 as "wholeLifeMs"
        from oauth_token where connection = ${connection} and client = ${client} ${locked ? on`for update` : on``}`;
    return row === undefined ? null : opened(row);
  }

  const sealed = ({ accessToken, refreshToken }: Pick<TokenGrant, 'accessToken' | 'refreshToken'>) => ({
    access: seal(accessToken, keys, place('access')),
    refresh: refreshToken === null ? null : seal(refreshToken, keys, place('refresh')).bytes,
  });

  /** @returns false: another one was recorded since */
  async function record(on: Sql | Transaction, seen: number, grant: TokenGrant): Promise<boolean> {
    const { access, refresh } = sealed(grant);
    const { count } = await on`
      update oauth_token
         set access_token = ${access.bytes}, refresh_token = ${refresh}, key_id = ${access.keyId}, version = version + 1,
             renewed_at = clock_timestamp(), expires_at = clock_timestamp() + ${grant.lifeMs}::float8 * interval '1 millisecond'
       where connection = ${connection} and client = ${client} and version = ${seen}`;
    return count > 0;
  }

  return {
    read: () => find(sql, false),

    async renewed(seen, renew) {
      let renewal: { readonly version: number; readonly grant: TokenGrant } | undefined;
      try {
        await sql.begin(async (tx) => {
          const held = await find(tx, true);
          if (held === null || 'unopenedKey' in held || held.version !== seen) return;
          const given = await renew(held.refreshToken);
          renewal = {
            version: held.version,
            grant: { ...given, refreshToken: given.refreshToken ?? held.refreshToken },
          };
          await record(tx, renewal.version, renewal.grant);
        });
      } catch (error) {
        // The refresh token is used up by now: its answer must not be lost with a connection, whatever its end looks like.
        if (renewal === undefined) throw error;
        await untilRecorded(renewal);
      }
      return await find(sql, false);
    },

    async save(grant) {
      const { access, refresh } = sealed(grant);
      await sql`
        insert into oauth_token (connection, client, key_id, access_token, refresh_token, expires_at)
        values (${connection}, ${client}, ${access.keyId}, ${access.bytes}, ${refresh},
                clock_timestamp() + ${grant.lifeMs}::float8 * interval '1 millisecond')
        on conflict (connection) do update
          set client = excluded.client, key_id = excluded.key_id, access_token = excluded.access_token,
              refresh_token = excluded.refresh_token, expires_at = excluded.expires_at, renewed_at = clock_timestamp(),
              version = oauth_token.version + 1`;
    },

    async forget() {
      const { count } = await sql`delete from oauth_token where connection = ${connection}`;
      return count > 0;
    },
  };

  async function untilRecorded({ version, grant }: { readonly version: number; readonly grant: TokenGrant }) {
    for (const pauseMs of [...pausesMs, null]) {
      try {
        await record(sql, version, grant);
        return;
      } catch (error) {
        if (pauseMs === null) throw error;
        await sleep(pauseMs);
      }
    }
  }
}
