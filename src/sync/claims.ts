/**
 * One writer for each link: a session-level advisory lock in Postgres, so that a crash releases it at once and nothing has to
 * expire. All claims of a process stand on one connection of their own; if that breaks, every claim is lost with it, which
 * `verify` finds out before anything is written.
 */
import { createHash } from 'node:crypto';
import type { Sql } from '../store/database.js';

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
  readonly sql: Awaited<ReturnType<Sql['reserve']>>;
  readonly pid: number;
}

export class LinkClaims {
  private session: Promise<Session> | null = null;
  /** Postgres grants a lock twice to one session, so two activities of this process are told apart here. */
  private readonly held = new Map<string, bigint>();

  constructor(private readonly sql: Sql) {}

  /** Claims those of the links that nobody holds; returns them. Never waits. */
  async claim(connectionId: string, linkIds: readonly string[]): Promise<Set<string>> {
    const wanted = linkIds.filter((linkId) => !this.held.has(nameOf(connectionId, linkId)));
    for (const linkId of wanted) this.held.set(nameOf(connectionId, linkId), keyOf(connectionId, linkId));
    const granted = new Set<string>();
    try {
      const { sql } = await this.open();
      const keys = wanted.map((linkId) => keyOf(connectionId, linkId).toString());
      const rows = await sql<{ n: number; granted: boolean }[]>`
        select n::int as n, pg_try_advisory_lock(key) as granted
          from unnest(${keys}::text[]::bigint[]) with ordinality as k(key, n)`;
      for (const row of rows) if (row.granted) granted.add(wanted[row.n - 1]!);
      return granted;
    } finally {
      for (const linkId of wanted) if (!granted.has(linkId)) this.held.delete(nameOf(connectionId, linkId));
    }
  }

  /** Gives claims back. */
  async release(connectionId: string, linkIds: Iterable<string>): Promise<void> {
    const keys: string[] = [];
    for (const linkId of linkIds) {
      const key = this.held.get(nameOf(connectionId, linkId));
      if (key !== undefined && this.held.delete(nameOf(connectionId, linkId))) keys.push(key.toString());
    }
    if (keys.length === 0 || this.session === null) return;
    try {
      const { sql } = await this.session;
      await sql`select pg_advisory_unlock(key) from unnest(${keys}::text[]::bigint[]) as k(key)`;
    } catch {
      // The session is gone, and the locks with it.
      this.session = null;
    }
  }

  /** The claims of this process still stand. To be called before each write. @throws {ClaimLost} */
  async verify(): Promise<void> {
    const session = this.session;
    if (session === null) throw new ClaimLost();
    try {
      const { sql, pid } = await session;
      const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      if (row!.pid === pid) return;
    } catch {
      // Falls through: whatever the reason, the claims cannot be relied on.
    }
    if (this.session === session) {
      this.session = null;
      this.held.clear();
    }
    throw new ClaimLost();
  }

  async close(): Promise<void> {
    const session = await this.session?.catch(() => null);
    this.session = null;
    session?.sql.release();
  }

  private open(): Promise<Session> {
    this.session ??= this.sql.reserve().then(async (sql) => {
      const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      return { sql, pid: row!.pid };
    });
    this.session.catch(() => (this.session = null));
    return this.session;
  }
}

function nameOf(connectionId: string, linkId: string): string {
  return `${connectionId}/${linkId}`;
}

/** 64 bits of a hash: two links with one key would only make each other wait. */
function keyOf(connectionId: string, linkId: string): bigint {
  return createHash('sha256')
    .update(`passerelle/link/${nameOf(connectionId, linkId)}`)
    .digest()
    .readBigInt64BE(0);
}
