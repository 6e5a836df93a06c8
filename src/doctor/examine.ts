import type { ConnectionConfig } from '../config/schema.js';
import { type SystemName, systemNames } from '../core/record.js';
import type { Budget } from '../store/budget.js';
import type { TokenStore } from '../store/oauthTokens.js';
import { openYaplaHttp, openYoplanningHttp } from '../systems/index.js';
import { Allowance, limitedBudget } from './allowance.js';
import { type Check, type Diagnosis, mostForBookings, mostForToken, mostRequests, type Tell } from './check.js';
import { examineYapla } from './yapla.js';
import { examineYoplanning } from './yoplanning.js';

export interface Examination {
  readonly connection: string;
  readonly config: ConnectionConfig;
  /** Counts the requests as every other command's are counted; ended by the one who opened it. */
  readonly budgetFor: (system: SystemName) => Budget;
  /** Where a login to Yapla is kept; left out: nowhere, because there is no database. */
  readonly tokens?: TokenStore | undefined;
  /** Called with each check as soon as it is made. */
  readonly onCheck?: (check: Check) => void;
}

/**
 * Holds a connection's configuration against the real accounts: at most five requests, all of which only read (a Yapla session
 * is opened where the connection writes by REST 2.0, and by GraphQL the schema is read: two more where its token has to be renewed; four more for what is sold
 * and booked, where the connection does something about events). Failures of the accounts are checks, not exceptions.
 */
export async function examine({ connection, config, budgetFor, tokens, onCheck }: Examination): Promise<Diagnosis> {
  const forToken = config.yapla.write.mode === 'graphql' ? mostForToken : 0;
  const forBookings = (config.events ?? null) === null ? 0 : mostForBookings;
  const allowance = new Allowance(mostRequests + forToken + forBookings);
  const checks: Check[] = [];
  const telling =
    (system: SystemName): Tell =>
    (name, verdict, finding, advice, details = []) => {
      const check: Check = {
        system,
        name,
        verdict,
        finding,
        ...(advice === undefined ? {} : { advice }),
        ...(details.length === 0 ? {} : { details }),
      };
      checks.push(check);
      onCheck?.(check);
    };

  const budget = (system: SystemName): Budget => limitedBudget(budgetFor(system), allowance);
  const yoplanning = openYoplanningHttp(connection, config.yoplanning, budget('yoplanning'));
  const yapla = openYaplaHttp(connection, config.yapla, budget('yapla'));
  try {
    const settings = `connections.${connection}`;
    await examineYoplanning(`${settings}.yoplanning`, config, yoplanning, telling('yoplanning'));
    await examineYapla(`${settings}.yapla`, connection, config, { ...yapla, tokens }, telling('yapla'));
    for (const system of systemNames) await examineWrites(connection, budgetFor(system), telling(system));
  } finally {
    await Promise.all([yoplanning.close(), yapla.data.close(), yapla.write.close(), yapla.login?.close()]);
  }
  return { connection, checks, requests: allowance.used };
}

/** An examination sends no write: that they were refused is known from the work before it. No request. */
async function examineWrites(connection: string, budget: Budget, tell: Tell): Promise<void> {
  const { writesStoppedReason } = await budget.state();
  if (writesStoppedReason === null) return;
  const advice = `mend it, then run \`passerelle resume ${connection}\`: what is to be written waits until then`;
  tell('writes', 'failed', `none is sent any more: ${writesStoppedReason}`, advice);
}
