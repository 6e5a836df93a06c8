/**
 * One writer for each link: a session-level advisory lock in Postgres, so that a crash releases it at once and nothing has to
 * expire. All claims of a process stand on one connection of their own; if that breaks, every claim is lost with it, which
 * `verify` finds out before anything is written.
 */
import { createHash } from 'node:crypto';
import { type Scope, scopeName } from '../core/record.js';
import type { Session as DatabaseSession, Sql } from '../store/database.js';
import { type Batcher, createBatcher } from './sharedWork.js';

/** Somebody else is writing this link at the moment. Nothing was done; try again later. */
export class LinkBusy extends Error {
  override readonly name = 'LinkBusy';
  constructor(linkIds: readonly string[]) {
    super(
      `${linkIds.length} link(s) are being written by another worker, ${linkIds[0]} among them: they are left for the next attempt`,
    );
  }
}

/** The connection to Postgres that held the claims broke: another worker may have taken the links over. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost';
  constructor() {
    super('the database connection that held the claims on links broke: nothing more is written by this attempt');
  }
}

interface Session {
  readonly sql: DatabaseSession;
  /** Postgres grants a lock twice to one session, so two activities of this process are told apart here. */
  readonly held: Set<string>;
  /** Asks Postgres whether this session still lives: once for all who ask before the question is sent. @throws {ClaimLost} */
  readonly check: Batcher<void>;
}

/** Links that one caller holds, as long as the session that they were claimed on lives. */
export interface Claim {
  readonly linkIds: ReadonlySet<string>;
  /** They still stand, at a moment after this call. To be called before each write. @throws {ClaimLost} */
  verify(): Promise<void>;
  /** Gives them back; repeatable. What was lost meanwhile may be another's by now, and is left alone. */
  release(): Promise<void>;
}

export class LinkClaims {
  private session: Promise<Session> | null = null;

  /** @param sql the database; the claims open a connection of their own to it */
  constructor(private readonly sql: Sql) {}

  /**
   * Claims those of the links that nobody holds. Never waits for a holder.
   *
   * @throws {ClaimLost} when the connection to Postgres turns out to be broken: the next attempt opens another
   */
  async claim(scope: Scope, linkIds: readonly string[]): Promise<Claim> {
    const session = await this.open();
    const wanted = [...new Set(linkIds)].filter((linkId) => !session.held.has(nameOf(scope, linkId)));
    for (const linkId of wanted) session.held.add(nameOf(scope, linkId));
    const granted = new Set<string>();
    try {
      const keys = wanted.map((linkId) => keyOf(scope, linkId).toString());
      const rows = await session.sql<{ n: number; granted: boolean }[]>`
        select n::int as n, pg_try_advisory_lock(key) as granted
          from unnest(${keys}::text[]::bigint[]) with ordinality as k(key, n)`;
      for (const row of rows) if (row.granted) granted.add(wanted[row.n - 1]!);
    } catch {
      await this.lose(session);
      throw new ClaimLost();
    }
    for (const linkId of wanted) if (!granted.has(linkId)) session.held.delete(nameOf(scope, linkId));
    return {
      linkIds: granted,
      verify: () => this.verify(session),
      release: async () => {
        const mine = [...granted].filter((linkId) => session.held.delete(nameOf(scope, linkId)));
        await this.unlock(
          session,
          mine.map((linkId) => keyOf(scope, linkId).toString()),
        );
      },
    };
  }

  /** Ends the session and every claim on it. */
  async close(): Promise<void> {
    const session = await this.session?.catch(() => null);
    if (session) await this.lose(session);
  }

  private async verify(session: Session): Promise<void> {
    if (!(await this.isCurrent(session))) throw new ClaimLost();
    await session.check();
  }

  private async unlock(session: Session, keys: readonly string[]): Promise<void> {
    if (keys.length === 0 || !(await this.isCurrent(session))) return;
    try {
      await session.sql`select pg_advisory_unlock(key) from unnest(${keys}::text[]::bigint[]) as k(key)`;
    } catch {
      await this.lose(session);
    }
  }

  private async isCurrent(session: Session): Promise<boolean> {
    return (await this.session?.catch(() => null)) === session;
  }

  /** Nothing that was claimed on this session can be relied on any more; the next claim opens another. */
  private async lose(session: Session): Promise<void> {
    if (!(await this.isCurrent(session))) return;
    this.session = null;
    session.held.clear();
    session.sql.close();
  }

  private open(): Promise<Session> {
    if (this.session === null) {
      const opening = this.sql.openSession().then((sql) => {
        const session: Session = {
          sql,
          held: new Set<string>(),
          check: createBatcher(async () => {
            try {
              await sql`select 1`;
            } catch {
              // Whatever the reason, the claims cannot be relied on.
              await this.lose(session);
              throw new ClaimLost();
            }
          }),
        };
        return session;
      });
      opening.catch(() => {
        if (this.session === opening) this.session = null;
      });
      this.session = opening;
    }
    return this.session;
  }
}

function nameOf(scope: Scope, linkId: string): string {
  return `${scopeName(scope)}/${linkId}`;
}

/** 64 bits of a hash: two links with one key would only make each other wait. */
function keyOf(scope: Scope, linkId: string): bigint {
  return createHash('sha256')
    .update(`passerelle/link/${nameOf(scope, linkId)}`)
    .digest()
    .readBigInt64BE(0);
}
