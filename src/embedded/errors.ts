/**
 * An embedded server (PostgreSQL, Temporal dev server) cannot be found, built, started or kept apart from another process.
 * The message says what was tried and what to do; it never carries a password.
 */
export class EmbeddedServerError extends Error {
  override readonly name: string = 'EmbeddedServerError';
}

/** Another living process holds the lock: it uses the same data directory, or builds the same executable. */
export class LockHeldError extends EmbeddedServerError {
  override readonly name = 'LockHeldError';

  constructor(
    /** File of the lock. */
    readonly path: string,
    /** Process id of the holder. */
    readonly holderPid: number,
  ) {
    super(
      `${path} is held by the running process ${holderPid}. Stop that process, or name another dataDirectory for this one; do not delete the file while it runs.`,
    );
  }
}
