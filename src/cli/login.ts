import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { ConnectionConfig } from '../config/schema.js';
import type { Sql } from '../store/database.js';
import type { Output } from './output.js';
import { UsageError, type CommonOptions } from './program.js';
import { whoOf, withBy, type ByOption } from './who.js';
import type { YaplaLogin } from './yaplaLogin.js';
import type { TakenBack } from './yaplaLogout.js';

type LoginOptions = CommonOptions & ByOption;

/** `passerelle login` and `passerelle logout`: in whose name a connection writes to Yapla by GraphQL. */
export function registerLogin(program: Command, output: Output): void {
  withBy(program.command('login <connection>'))
    .description(
      'Log in to Yapla for a connection that writes by GraphQL: prints the address to open, and takes the answer from the receiver, or pasted here.',
    )
    .action(async (connectionId: string, _: unknown, command: Command) => {
      await withStore(connectionId, command.optsWithGlobals<LoginOptions>(), async ({ sql, by, settings }) => {
        const { beginYaplaLogin } = await import('./yaplaLogin.js');
        const { noteDeed, endDeed } = await import('../store/audit.js');
        const login = await beginYaplaLogin(sql, connectionId, settings);
        try {
          output.note('Open this address in a browser, and log in to Yapla as the person in whose name is written:\n');
          output.print(login.address);
          output.note(
            `\nThe browser then goes to ${login.redirectUri}. If the receiver is there, this command ends by itself; else paste the address that the browser shows then, the page itself may be an error.`,
          );
          const deed = await noteDeed(sql, { connectionId, kind: null, verb: 'login', by });
          const { wasStopped } = await ended(login, output).catch(async (error: unknown) => {
            await endDeed(sql, deed, 'refused');
            throw error;
          });
          await endDeed(sql, deed, 'done');
          output.note(`\n${connectionId} is logged in to Yapla. Its tokens are renewed by themselves from now on.`);
          if (wasStopped !== null)
            output.note(`What was stopped (${wasStopped}) waits for "passerelle resume ${connectionId}".`);
        } finally {
          await login.close();
        }
      });
    });

  withBy(program.command('logout <connection>'))
    .description(
      "End a connection's login to Yapla: it is forgotten here, and taken back at Yapla where yapla.write.oauth.revokeUrl is set.",
    )
    .action(async (connectionId: string, _: unknown, command: Command) => {
      await withStore(connectionId, command.optsWithGlobals<LoginOptions>(), async ({ sql, by, settings }) => {
        const { endYaplaLogin } = await import('./yaplaLogout.js');
        const { noteDeed } = await import('../store/audit.js');
        const takenBack = await endYaplaLogin(sql, connectionId, settings);
        await noteDeed(sql, { connectionId, kind: null, verb: 'logout', by }, 'done');
        output.note(
          `${connectionId} is logged out. ${atYapla(takenBack)} "passerelle login ${connectionId}" logs in again.`,
        );
      });
    });
}

const untilItEnds =
  'Workers write to Yapla until the access token that they hold ends, within the hour as a rule; to end it now, take the right back in Yapla.';

function atYapla(login: TakenBack): string {
  switch (login.is) {
    case 'takenBack':
      return 'Yapla has taken the login back: nothing is written with it any more.';
    case 'notConfigured':
      return `Yapla was not told, because yapla.write.oauth.revokeUrl is not set. ${untilItEnds}`;
    case 'failed':
      return `Yapla did not take the login back: ${login.why}. ${untilItEnds}`;
  }
}

async function withStore(
  connectionId: string,
  options: LoginOptions,
  work: (given: { readonly sql: Sql; readonly by: string; readonly settings: ConnectionConfig }) => Promise<void>,
): Promise<void> {
  const by = whoOf(options);
  const { loadConfig } = await import('../config/load.js');
  const { connectionOf, openStore } = await import('./session.js');
  const { migrate } = await import('../store/migrate.js');
  const config = loadConfig(options.config);
  const settings = connectionOf(config, connectionId);
  const { oauthOf } = await import('./yaplaLogin.js');
  oauthOf(connectionId, settings);
  const store = await openStore(config);
  try {
    await migrate(store.sql);
    await work({ sql: store.sql, by, settings });
  } finally {
    await store.close();
  }
}

/** Whichever comes first: the receiver has the answer, or it is pasted. */
async function ended(login: YaplaLogin, output: Output): Promise<{ readonly wasStopped: string | null }> {
  const either = new AbortController();
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const received = login.answered(either.signal).then(() => undefined);
  // Who pipes nothing in waits for the receiver alone.
  const closed = new Promise<never>(() => undefined);
  try {
    for (;;) {
      const typed = terminal.question('Address: ', { signal: either.signal }).catch(() => closed);
      const pasted = await Promise.race([received, typed]);
      try {
        return await login.end(pasted?.trim());
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        output.note(error.message);
      }
    }
  } finally {
    either.abort();
    terminal.close();
    await received.catch(() => undefined);
  }
}
