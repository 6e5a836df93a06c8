import type { Command } from 'commander';
import type { Config, ConnectionConfig } from '../config/schema.js';
import type { SystemName } from '../core/record.js';
import type { Check, Diagnosis, Verdict } from '../doctor/check.js';
import type { Budget } from '../store/budget.js';
import type { Sql } from '../store/database.js';
import type { TokenStore } from '../store/oauthTokens.js';
import type { Output } from './output.js';
import { visible, visibleJson } from './visible.js';
import { CommandFailed, UsageError } from './program.js';
import type { CommonOptions } from './program.js';

interface DoctorOptions extends CommonOptions {
  readonly json?: boolean;
}

/** `passerelle doctor`: holds a connection's configuration against the real accounts. */
export function registerDoctor(program: Command, output: Output): void {
  program
    .command('doctor')
    .argument('<connection>', 'name of the connection in the configuration')
    .description(
      'Check a connection against the real accounts, with at most five requests that only read (two more where a token of GraphQL has to be renewed, four more for events).',
    )
    .option('--json', 'print the checks as JSON')
    .action(async (name: string, _, command: Command) => {
      const options = command.optsWithGlobals<DoctorOptions>();
      const { loadConfig } = await import('../config/load.js');
      const { examine } = await import('../doctor/examine.js');
      const config = loadConfig(options.config);
      const connection = await connectionNamed(name, config);
      const budgets = await openBudgets(name, connection, config);
      const report = options.json === true ? null : new Report(output);
      let diagnosis: Diagnosis;
      try {
        diagnosis = await examine({
          connection: name,
          config: connection,
          budgetFor: (system) => budgets[system],
          tokens: budgets.tokens,
          onCheck: (check) => report?.add(check),
        });
      } finally {
        await budgets.close();
      }
      if (report === null) output.print(visibleJson(diagnosis));
      else {
        const { waysOf } = await import('../config/ways.js');
        const { feedSentences } = await import('../config/feeds.js');
        report.end(diagnosis);
        for (const one of [...waysOf(connection), ...feedSentences(name, connection)]) output.note(one);
      }
      if (diagnosis.checks.some(({ verdict }) => verdict === 'failed')) throw new CommandFailed('a check failed');
    });
}

async function connectionNamed(name: string, config: Config): Promise<ConnectionConfig> {
  const connection = config.connections[name];
  if (connection !== undefined) return connection;
  const { nearest } = await import('../config/nearest.js');
  const names = Object.keys(config.connections);
  const near = nearest(name, names);
  const hint = near === undefined ? `The configuration has: ${names.join(', ')}.` : `Did you mean "${near}"?`;
  throw new UsageError(`There is no connection "${name}". ${hint}`);
}

type Budgets = Readonly<Record<SystemName, Budget>> & {
  /** Of a login to Yapla; undefined: there is none, or no database to keep it. */
  readonly tokens?: TokenStore | undefined;
  close(): Promise<void>;
};

/** In the database, so that these requests count for all workers; in memory where there is none to be found. */
async function openBudgets(name: string, connection: ConnectionConfig, config: Config): Promise<Budgets> {
  const sql = await openDatabaseIfAny(config);
  const { inFlightTimeoutMs } = await import('../http/client.js');
  if (sql === null) {
    const { MemoryBudget } = await import('../doctor/allowance.js');
    const budget = (system: SystemName) =>
      new MemoryBudget(connection[system].limits, inFlightTimeoutMs(connection[system].http));
    return { yapla: budget('yapla'), yoplanning: budget('yoplanning'), close: () => Promise.resolve() };
  }
  const { createBudget } = await import('../store/budget.js');
  const { credentialsOf } = await import('../connection.js');
  const { noteUse } = await import('../store/credentials.js');
  const credentials = await credentialsOf(sql, connection);
  await noteUse(sql, name, credentials);
  const budget = (system: SystemName) =>
    createBudget({
      sql,
      credential: credentials[system],
      limits: connection[system].limits,
      breaker: connection[system].breaker,
      inFlightTimeoutMs: inFlightTimeoutMs(connection[system].http),
    });
  const budgets = { yapla: budget('yapla'), yoplanning: budget('yoplanning') };
  const { write } = connection.yapla;
  const { createTokenStore } = await import('../store/oauthTokens.js');
  return {
    ...budgets,
    tokens: write.mode === 'graphql' ? createTokenStore(sql, name, write.oauth) : undefined,
    close: async () => {
      await Promise.all([budgets.yapla.end(), budgets.yoplanning.end()]);
      await sql.end();
    },
  };
}

/** The configured database, or the one that `passerelle start` runs now; null: neither, so that nobody else can be counting. */
async function openDatabaseIfAny(config: Config): Promise<Sql | null> {
  const { announced } = await import('./running.js');
  const url = config.database.url ?? announced(config.dataDirectory)?.databaseUrl;
  if (url === undefined) return null;
  const { openDatabase } = await import('../store/database.js');
  const { migrate } = await import('../store/migrate.js');
  const sql = openDatabase(url, { maxConnections: 2, applicationName: 'passerelle doctor' });
  try {
    await migrate(sql);
    return sql;
  } catch (error) {
    await sql.end();
    // Left behind by a stack that was killed: it does not run.
    if (config.database.url === undefined) return null;
    const message = 'The database of database.url cannot be used, so no request can be counted: none was sent.';
    throw new Error(`${message} Start it, or see --verbose for what it answered.`, { cause: error });
  }
}

const systemTitles: Readonly<Record<SystemName, string>> = { yapla: 'Yapla', yoplanning: 'Yoplanning' };
const nameWidth = 12;

/** The checks as a person reads them, each as soon as it is made. */
class Report {
  #system: SystemName | undefined;

  constructor(private readonly output: Output) {}

  add(check: Check): void {
    const { output } = this;
    const { bold, dim } = output.colours;
    if (check.system !== this.#system) {
      output.print(`${this.#system === undefined ? '' : '\n'}${bold(systemTitles[check.system])}`);
      this.#system = check.system;
    }
    output.print(`  ${this.#mark(check.verdict)} ${check.name.padEnd(nameWidth)} ${visible(check.finding)}`);
    const indent = ' '.repeat(nameWidth + 5);
    if (check.advice !== undefined) output.print(`${indent}→ ${visible(check.advice)}`);
    for (const line of check.details ?? []) output.print(dim(`${indent}  ${visible(line)}`));
  }

  end({ checks, requests, connection }: Diagnosis): void {
    const { green, red, yellow } = this.output.colours;
    const count = (verdict: Verdict) => checks.filter((check) => check.verdict === verdict).length;
    const failed = count('failed');
    const warnings = count('warning');
    const sent = `${requests} request${requests === 1 ? '' : 's'} sent.`;
    const summary =
      failed > 0
        ? red(`${connection} is not ready: ${failed} of ${checks.length} checks failed.`)
        : warnings > 0
          ? yellow(`${connection} works, with ${warnings} warning${warnings === 1 ? '' : 's'}.`)
          : green(`${connection} is ready.`);
    this.output.print(`\n${summary} ${sent}`);
  }

  #mark(verdict: Verdict): string {
    const { green, red, yellow, dim } = this.output.colours;
    switch (verdict) {
      case 'ok':
        return green('✓');
      case 'warning':
        return yellow('!');
      case 'failed':
        return red('✗');
      case 'skipped':
        return dim('–');
    }
  }
}
