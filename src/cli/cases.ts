import type { Command } from 'commander';
import type { Config } from '../config/schema.js';
import type { Case } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import type { ResolveOptions } from './caseAnswer.js';
import type { Output } from './output.js';
import { UsageError, type CommonOptions } from './program.js';
import { visibleJson } from './visible.js';
import { whoOf, withBy, type ByOption } from './who.js';

interface CasesOptions extends CommonOptions {
  readonly rules?: boolean;
  readonly json?: boolean;
}

/** The commands about cases: questions for a person, and their answers. */
export function registerCases(program: Command, output: Output): void {
  program
    .command('cases <connection>')
    .description('List the open cases: ids and field names, no values.')
    .option('--rules', 'list the rules remembered from answers instead')
    .option('--json', 'print JSON')
    .action(async (connectionId: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CasesOptions>();
      await inStore(options, async ({ config, sql }) => {
        const { connectionOf } = await import('./session.js');
        connectionOf(config, connectionId);
        await (options.rules === true ? showRules : showCases)(sql, connectionId, options.json === true, output);
      });
    });

  program
    .command('case <id>')
    .description(
      "Show one case: both values, the base, and where each came from. Shows people's data on this terminal.",
    )
    .action(async (id: string, _: unknown, command: Command) => {
      await onCase(command.optsWithGlobals<CommonOptions>(), id, async ({ sql, question }) => {
        const { caseView } = await import('../cases/view.js');
        const { caseText } = await import('./caseText.js');
        output.print(caseText(await caseView(sql, question), output, Date.now()));
      });
    });

  withBy(program.command('resolve <id>'))
    .description('Answer a case: the answer is stored, and carried out at once.')
    .option(
      '--take <which>',
      "yapla or yoplanning: that system's value; create: create the person; go-on: what the guard holds; else: this value",
    )
    .option('--value <text>', 'this value, whatever it reads; the empty text clears the field')
    .option('--session <id>', 'book a registration for which no place is left in this session of Yoplanning instead')
    .option('--remember', "make the answer the field's rule for this connection")
    .option('--close', 'close the case: the matter is settled, or is left as it is')
    .option('--why <text>', 'with --close: the reason, kept with the case')
    .action(async (id: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & ResolveOptions & ByOption>();
      const by = whoOf(options);
      await onCase(options, id, async ({ config, sql, question }) => {
        const { readResolution } = await import('./caseAnswer.js');
        const { connectionOf } = await import('./session.js');
        const { storeResolution } = await import('../cases/answers.js');
        const { whatHappensNext } = await import('./resolveCase.js');
        const { CaseClosed } = await import('../store/cases.js');
        if (question.closedAt !== null) throw new CaseClosed(question.id, question.closedAt, question.closedBy ?? '');
        const resolution = readResolution(options, question, connectionOf(config, question.scope.connectionId));
        await storeResolution(sql, question, resolution, by);
        for (const line of await whatHappensNext(config, sql, question, resolution)) output.note(line);
      });
    });

  withBy(program.command('forget-rule <connection> <field>'))
    .description("Take a remembered rule back: the configuration's rule counts again.")
    .action(async (connectionId: string, field: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & ByOption>();
      const by = whoOf(options);
      await inStore(options, async ({ config, sql }) => {
        const { connectionOf } = await import('./session.js');
        const { noteDeed } = await import('../store/audit.js');
        const { forgetRule } = await import('../store/fieldRules.js');
        const { personsOf } = await import('../core/record.js');
        const rule = connectionOf(config, connectionId).fields[field]?.rule;
        const scope = personsOf(connectionId);
        const forgotten = await sql.begin(async (tx) => {
          const was = await forgetRule(tx, scope, field);
          if (was) await noteDeed(tx, { ...scope, verb: 'forgetRule', by, about: { field } }, 'done');
          return was;
        });
        if (!forgotten && rule === undefined)
          throw new UsageError(`${connectionId} has no field "${field}", and no rule is remembered for it`);
        const now = rule === undefined ? '' : ` Conflicts about ${field} go by the configuration: ${rule}.`;
        output.note(`${forgotten ? 'Forgotten.' : `No rule is remembered for ${field}.`}${now}`);
      });
    });
}

async function showCases(sql: Sql, connectionId: string, json: boolean, output: Output): Promise<void> {
  const { listOpenCases, recordsOfOpenCases } = await import('../store/cases.js');
  const { casesText } = await import('./caseText.js');
  const { recordKinds } = await import('../core/record.js');
  const scopes = recordKinds.map((kind) => ({ connectionId, kind }));
  const cases = (await Promise.all(scopes.map(async (scope) => await listOpenCases(sql, scope)))).flat();
  if (json) {
    const records = new Map(
      (await Promise.all(scopes.map(async (scope) => [...(await recordsOfOpenCases(sql, scope))]))).flat(),
    );
    const none = { yapla: [], yoplanning: [] };
    const told = cases.map((one) => ({ ...one, records: records.get(one.id) ?? none }));
    output.print(visibleJson(told));
  } else if (cases.length === 0) output.note(`${connectionId} has no open cases.`);
  else output.print(casesText(connectionId, cases, output.colours, Date.now()));
}

async function showRules(sql: Sql, connectionId: string, json: boolean, output: Output): Promise<void> {
  const { listRules } = await import('../store/fieldRules.js');
  const { rulesText } = await import('./caseText.js');
  const { personsOf } = await import('../core/record.js');
  const rules = await listRules(sql, personsOf(connectionId));
  if (json) output.print(visibleJson(rules));
  else if (rules.length === 0) output.note(`${connectionId} has no remembered rules: the configuration's count.`);
  else output.print(rulesText(rules, output.colours));
}

interface InStore {
  readonly config: Config;
  readonly sql: Sql;
}

async function inStore(options: CommonOptions, action: (on: InStore) => Promise<void>): Promise<void> {
  const { loadConfig } = await import('../config/load.js');
  const { openStore } = await import('./session.js');
  const config = loadConfig(options.config);
  const store = await openStore(config);
  try {
    await action({ config, sql: store.sql });
  } finally {
    await store.close();
  }
}

async function onCase(
  options: CommonOptions,
  id: string,
  action: (on: InStore & { readonly question: Case }) => Promise<void>,
): Promise<void> {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new UsageError(`expected a case's number, found "${id}"`);
  await inStore(options, async (on) => {
    const { findCase } = await import('../store/cases.js');
    const question = await findCase(on.sql, Number(id));
    if (question === null) throw new UsageError(`there is no case ${id}: "passerelle cases <connection>" lists them`);
    await action({ ...on, question });
  });
}
