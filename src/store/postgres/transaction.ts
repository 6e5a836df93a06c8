/** Statements that take effect together or not at all, all on one connection. */
import type { Sql as Template } from 'sql-template-tag';
import type { Connection } from './connection.js';
import { TransactionOver } from './errors.js';
import type { Result, Row } from './query.js';

/** A transaction while its work runs. Once it is over, or its connection is lost, each further statement fails without being sent. */
export class OpenTransaction {
  #isOver = false;
  readonly #failures: Error[] = [];

  private constructor(private readonly connection: Connection) {}

  /** Awaits the server's word: of what is sent behind a `begin` that failed, each statement would be a transaction of its own. */
  static async begin(connection: Connection): Promise<OpenTransaction> {
    await connection.command('begin');
    return new OpenTransaction(connection);
  }

  run(statement: Template): Promise<Result<Row[]>> {
    return this.#send(() => this.connection.run(statement));
  }

  script(text: string): Promise<Row[]> {
    return this.#send(() => this.connection.script(text));
  }

  /** @throws the first error of its statements, also where somebody has caught it: the server has undone everything by then */
  async commit(): Promise<void> {
    if (this.#failures.length > 0) return await this.#undo();
    this.#isOver = true;
    // After a statement that failed and that nobody waited for, PostgreSQL answers with ROLLBACK, and without an error.
    if ((await this.connection.command('commit')) !== 'COMMIT') await this.#undo();
  }

  async #undo(): Promise<never> {
    await this.rollback();
    const [first] = this.#failures;
    throw first ?? new TransactionOver();
  }

  /** Undoes everything. Never throws: a connection on which that fails is not used again, and the server then does it by itself. */
  async rollback(): Promise<void> {
    this.#isOver = true;
    try {
      await this.connection.command('rollback');
    } catch {
      this.connection.destroy();
    }
  }

  async #send<T>(send: () => Promise<T>): Promise<T> {
    if (this.#isOver) throw new TransactionOver();
    try {
      return await send();
    } catch (error) {
      this.#failures.push(error as Error);
      throw error;
    }
  }
}
