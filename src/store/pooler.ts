/** Whether a session of ours is a session of PostgreSQL's: the claims on links are locks of a session (src/link/claims.ts). */
import type { Session, Sql } from './database.js';

/** Between us and PostgreSQL stands a pooler that gives each transaction whichever session is free. */
export class TransactionPooler extends Error {
  override readonly name = 'TransactionPooler';
  constructor(options?: ErrorOptions) {
    super(
      'database.url leads through a connection pooler in transaction mode: two workers could write one person at the same time there, because a claim is held by a session. Give the address of PostgreSQL itself, or a pool in session mode (pgbouncer: pool_mode = session).',
      options,
    );
  }
}

/**
 * Two sessions ask in turns, so that a pooler that gives the session used last, or the next of all, is caught either way: each must stay on
 * one process of the server, which is not the other's.
 */
const turns = [0, 1, 1, 0, 1, 0] as const;

/** SQLSTATEs of statements that were prepared on another session than they are sent to. */
const otherSession: ReadonlySet<unknown> = new Set(['26000', '42P05']);

/** @throws {TransactionPooler} */
export async function refuseTransactionPooler(sql: Sql): Promise<void> {
  const sessions = await Promise.all([sql.openSession(), sql.openSession()]);
  try {
    const processes = [new Set<number>(), new Set<number>()] as const;
    for (const turn of turns) processes[turn].add(await processOf(sessions[turn]));
    const [one, other] = processes;
    if (one.size > 1 || other.size > 1 || [...one].some((pid) => other.has(pid))) throw new TransactionPooler();
  } finally {
    for (const session of sessions) session.close();
  }
}

async function processOf(session: Session): Promise<number> {
  try {
    const [row] = await session<{ pid: number }[]>`select pg_backend_pid() as pid`;
    return row!.pid;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && otherSession.has(error.code))
      throw new TransactionPooler({ cause: error });
    throw error;
  }
}
