import type { Command } from 'commander';
import type { Pair } from '../core/match.js';
import type { Scope } from '../core/record.js';
import type { Sql } from '../store/database.js';
import type { ByHand } from '../link/byHand.js';
import type { Output } from './output.js';
import { UsageError, type CommonOptions } from './program.js';
import { whoOf, withBy, type ByOption } from './who.js';

interface LinkingOptions extends CommonOptions, ByOption {
  readonly connection?: string;
  readonly yes?: boolean;
}

/** `passerelle unlink` and `passerelle link`: for the wrong link that matching made. */
export function registerLinking(program: Command, output: Output): void {
  withOptions(program.command('unlink <person>'))
    .description(
      'Take a wrong link apart: <person> is one of its records, yapla:<id> or yoplanning:<id>. Writes to neither system, and matching does not link the two again.',
    )
    .action(async (person: string, _: unknown, command: Command) => {
      await byHand(command.optsWithGlobals<LinkingOptions>(), output, async (hand, ask) => {
        const { findLinked, unlinkByHand } = await import('../link/byHand.js');
        const linked = await findLinked(hand.sql, hand.scope, person);
        const { yapla, yoplanning } = linked.ids;
        const asked = await ask(linked.ids, [
          `yapla:${yapla} and yoplanning:${yoplanning} are taken for one person. Unlinked they are two:`,
          '- what changes in one is not carried over to the other any more; what was carried over stays as it is;',
          '- matching does not link them again by itself ("passerelle link" does);',
          '- the next sync plans to create each in the other system, as `create` allows, and waits for approval as ever.',
        ]);
        if (!asked) return;
        await unlinkByHand(hand, linked);
        output.note(`yapla:${yapla} and yoplanning:${yoplanning} are two people now.`);
      });
    });

  withOptions(program.command('link <yapla> <yoplanning>'))
    .description(
      'Link two records that are one person, by their ids. Writes to neither system: what they differ in the next sync plans.',
    )
    .action(async (yapla: string, yoplanning: string, _: unknown, command: Command) => {
      await byHand(command.optsWithGlobals<LinkingOptions>(), output, async (hand, ask) => {
        const { findUnlinked, linkByHand } = await import('../link/byHand.js');
        const ids = { yapla: withoutSystem('yapla', yapla), yoplanning: withoutSystem('yoplanning', yoplanning) };
        const unlinked = await findUnlinked(hand.sql, hand.scope, ids);
        const asked = await ask(ids, [
          `yapla:${ids.yapla} and yoplanning:${ids.yoplanning} are taken for two people. Linked they are one: what they differ in`,
          'the next sync, or the next event about them, decides by the rules of `fields`, as about any two that were just matched.',
        ]);
        if (!asked) return;
        await linkByHand(hand, unlinked);
        output.note(`yapla:${ids.yapla} and yoplanning:${ids.yoplanning} are one person now.`);
      });
    });
}

function withOptions(command: Command): Command {
  return withBy(command)
    .option('--connection <name>', 'whose people they are; left out: the only one of the configuration')
    .option('-y, --yes', 'do it without asking');
}

/** Shows both records and what is going to be done. @returns whether it is meant */
type Ask = (ids: Pair, lines: readonly string[]) => Promise<boolean>;

async function byHand(
  options: LinkingOptions,
  output: Output,
  action: (hand: ByHand, ask: Ask) => Promise<void>,
): Promise<void> {
  const by = whoOf(options);
  const { loadConfig } = await import('../config/load.js');
  const { connectionOf, openStore } = await import('./session.js');
  const { personsOf } = await import('../core/record.js');
  const { LinkClaims } = await import('../link/claims.js');
  const { confirm } = await import('./confirm.js');
  const config = loadConfig(options.config);
  const names = Object.keys(config.connections);
  const connectionId = options.connection ?? (names.length === 1 ? names[0]! : null);
  if (connectionId === null) throw new UsageError(`whose people? Say --connection with one of: ${names.join(', ')}`);
  connectionOf(config, connectionId);
  const store = await openStore(config);
  const claims = new LinkClaims(store.sql);
  const scope = personsOf(connectionId);
  try {
    await action({ sql: store.sql, claims, scope, by }, async (ids, lines) => {
      output.print(await recordsText(store.sql, scope, ids));
      for (const line of lines) output.print(line);
      if (options.yes === true) return true;
      if (!process.stdin.isTTY) throw new UsageError('nobody is there to be asked: --yes does it without');
      if (await confirm('Is that right?')) return true;
      output.note('Left as it is.');
      return false;
    });
  } finally {
    await claims.close();
    await store.close();
  }
}

/** Both records side by side, as we read them last: people's data, for the eyes of the one who decides. */
async function recordsText(sql: Sql, scope: Scope, ids: Pair): Promise<string> {
  const { knownRecords } = await import('../store/journal.js');
  const { table } = await import('./output.js');
  const { visible } = await import('./visible.js');
  const known = await knownRecords(sql, scope, { yapla: [ids.yapla], yoplanning: [ids.yoplanning] });
  const [yapla, yoplanning] = (['yapla', 'yoplanning'] as const).map(
    (system) => known.find((one) => one.system === system)?.fields ?? {},
  ) as [Record<string, string | null>, Record<string, string | null>];
  const fields = [...new Set([...Object.keys(yapla), ...Object.keys(yoplanning)])];
  const rows = fields.map((field) => [field, visible(yapla[field] ?? ''), visible(yoplanning[field] ?? '')]);
  return table([['', `yapla:${visible(ids.yapla)}`, `yoplanning:${visible(ids.yoplanning)}`], ...rows]);
}

/** `yapla:1042` and `1042` are the same where a Yapla id is expected. */
function withoutSystem(system: keyof Pair, text: string): string {
  return text.startsWith(`${system}:`) ? text.slice(system.length + 1) : text;
}
