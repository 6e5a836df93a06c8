import { randomUUID } from 'node:crypto';
import type { ConnectionConfig } from '../config/schema.js';
import { createClients, createTeams, type Team } from '../systems/yoplanning/clients.js';
import { createYoplanningSystem } from '../systems/yoplanning/system.js';
import type { HttpClient } from '../http/client.js';
import { ask, Attempts } from './attempt.js';
import { examineBookings } from './bookings.js';
import type { Tell } from './check.js';
import { observe, type ObservedClient } from './observe.js';
import { checkOrdering, checkPage } from './page.js';

/** As many teams as a page can hold; a token for more is unheard of. */
const mostTeams = 100;
/** So many ids are listed for a person to choose from. */
const mostListed = 10;

/**
 * Examines a Yoplanning account with three requests at most: the teams (address, token, clock, whether the team is there), the
 * first page of clients (right to read, form of the list and of a client), and a filter that nobody can meet. Where the connection does
 * something about events, also what is sold and booked (bookings.ts).
 */
export async function examineYoplanning(
  settings: string,
  examined: ConnectionConfig,
  client: HttpClient,
  tell: Tell,
): Promise<void> {
  const { yoplanning: config, events = null } = examined;
  const observed = observe(client);
  const account = {
    settings,
    onUnknown: `put the token that Yoplanning sent into the environment variable that ${settings}.token names; without the word "Token"`,
    onForbidden: `check ${settings}.team, or ask Yoplanning to grant the token the right to read the team's clients${events === null ? '' : ', products, sessions and orders'}`,
  };
  const attempts = new Attempts(account, new URL(config.baseUrl).host, observed, tell);
  await examineClients(settings, examined, observed, attempts, tell);
  if (events !== null && !attempts.isOver()) await examineBookings(settings, config, observed, attempts, tell);
}

async function examineClients(
  settings: string,
  { yoplanning: config, fields, defaultCountry }: ConnectionConfig,
  observed: ObservedClient,
  attempts: Attempts,
  tell: Tell,
): Promise<void> {
  const { http } = observed;
  const clients = createClients(http, config);

  const teams = await attempts.run('teams', () => createTeams(http, config).list({ offset: 0, limit: mostTeams }, ask));
  if (attempts.isOver()) return;
  if ('value' in teams) checkTeam(teams.value.value, config.team, settings, tell);

  const system = createYoplanningSystem({ config, fieldMap: fields, defaultCountry, http });
  const page = await attempts.run('page', () => system.readPage({ from: 0 }, ask));
  if (attempts.isOver() || !('value' in page)) return;
  tell('permission', 'ok', "the token may read the team's clients; whether it may write shows with the first write");
  checkPage(
    page.value,
    {
      system: 'yoplanning',
      fields,
      pageSize: config.pageSize,
      pageSizeSetting: `${settings}.pageSize`,
      countSetting: '"count" in the answer',
      idSetting: '"id" in the answer',
      modified: config.modifiedField,
      modifiedSetting: `${settings}.modifiedField`,
      timeZoneSetting: `${settings}.timeZone`,
      reference: config.referenceField,
      referenceSetting: `${settings}.referenceField`,
      documents: observed.documents('results'),
    },
    tell,
  );
  const { ordering } = config;
  checkOrdering(
    page.value,
    { asked: ordering, byIds: ordering !== null && ['id', '-id'].includes(ordering), setting: `${settings}.ordering` },
    tell,
  );
  if (page.value.count === 0) {
    tell('filter', 'skipped', 'the list is empty: nothing to filter');
    return;
  }

  const nobody = `passerelle-${randomUUID()}`;
  const filtered = await attempts.run('filter', () =>
    clients.list({ offset: 0, limit: 1, filters: { first_name: nobody } }, ask),
  );
  if (!('value' in filtered)) return;
  if (filtered.value.value.count === 0) tell('filter', 'ok', 'filters are honoured (first_name was tried)');
  else
    tell(
      'filter',
      'warning',
      'filters are ignored',
      'nothing to do: Passerelle trusts no filtered list without checking it',
    );
}

function checkTeam(
  page: { readonly count: number; readonly results: readonly Team[] },
  team: string,
  settings: string,
  tell: Tell,
) {
  const { results, count } = page;
  if (results.some(({ id }) => id.toLowerCase() === team.toLowerCase())) {
    tell('team', 'ok', `the token sees it${count > 1 ? `, and ${count - 1} more` : ''}`);
  } else if (count > results.length) {
    tell('team', 'skipped', `it is not among the first ${results.length} of ${count} teams that the token sees`);
  } else if (count === 0) {
    tell('team', 'failed', 'the token sees no team at all', 'ask Yoplanning to grant the token rights on your team');
  } else {
    const ids = results.slice(0, mostListed).map(({ id }) => id);
    tell(
      'team',
      'failed',
      'it is not among the teams that the token sees',
      `set ${settings}.team to one of these`,
      ids,
    );
  }
}
