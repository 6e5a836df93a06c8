import type { Page } from '../systems/system.js';
import { identifierOf } from '../systems/yapla/workbook.js';
import type { YaplaWorkbookConfig } from '../config/yaplaWorkbook.js';
import type { ConnectionConfig } from '../config/schema.js';
import { yaplaAddresses, type YaplaRestConfig } from '../config/yapla.js';
import type { YaplaHttp } from '../systems/index.js';
import { createSession } from '../systems/yapla/session.js';
import { createYaplaSystem } from '../systems/yapla/system.js';
import { ask, Attempts } from './attempt.js';
import type { Tell } from './check.js';
import { observe } from './observe.js';
import { examineGraphql, loginOf, noStop, type YaplaClients } from './yaplaGraphql.js';
import { checkOrdering, checkPage } from './page.js';

/**
 * Examines a Yapla account with two requests at most: the first page of members (address, key, campaign, clock, form of the list
 * and of a member), and a session where the connection writes by REST 2.0.
 */
export async function examineYapla(
  settings: string,
  connection: string,
  all: ConnectionConfig,
  clients: YaplaClients,
  tell: Tell,
) {
  const { yapla: config, fields: fieldMap, defaultCountry } = all;
  const addresses = yaplaAddresses(config.server);
  const observed = observe(clients.data);
  const system = createYaplaSystem({
    connection,
    config,
    fieldMap,
    defaultCountry,
    dataHttp: observed.http,
    writeHttp: clients.write,
    budget: noStop,
    login: loginOf(clients),
  });
  if (config.read.mode === 'workbook') {
    tell('page', 'skipped', filesText);
    return;
  }
  const { host } = new URL(config.read.baseUrl ?? addresses.data);
  const key = `${settings}.read.key`;
  const account = {
    settings,
    onUnknown: `put the API key (in Yapla: Configuration / API) into the environment variable that ${key}.value names; if it is right, ${key}.in or ${key}.name is wrong`,
    onForbidden: `check ${settings}.campaign, and the rights of the API key in Yapla (the API comes with the plan Plus)`,
  };
  const attempts = new Attempts(account, host, observed, tell);

  const page = await attempts.run('page', () => system.readPage({ from: 0 }, ask));
  if ('value' in page) {
    const { answer, paging } = config.read;
    checkPage(
      page.value,
      {
        system: 'yapla',
        fields: fieldMap,
        pageSize: paging.pageSize,
        pageSizeSetting: `${settings}.read.paging.pageSize`,
        countSetting: `${settings}.read.answer.count`,
        idSetting: `${settings}.read.answer.id`,
        modified: answer.modified,
        modifiedSetting: `${settings}.read.answer.modified`,
        timeZoneSetting: `${settings}.timeZone`,
        reference: config.referenceField,
        referenceSetting: `${settings}.referenceField`,
        documents: observed.documents(answer.records),
      },
      tell,
    );
    const { ordering } = config.read;
    // What an account's words mean is not known: asked for is an order that no edit changes, and that is of ids, or looks like it.
    const asked = ordering === null ? null : `${ordering.parameter}=${ordering.value}`;
    checkOrdering(page.value, { asked, byIds: true, setting: `${settings}.read.ordering` }, tell);
  }
  const { write } = config;
  if (write.mode === 'rest') await examineSession(settings, all, write, clients, tell);
  else if (write.mode === 'graphql') await examineGraphql(settings, connection, all, write, clients, tell);
  else if (write.mode === 'workbook') {
    tell('session', 'skipped', 'nothing is sent: a person imports files (write.mode is "workbook")');
    if ('value' in page) checkIdentifiers(page.value, write, settings, tell);
  } else tell('session', 'skipped', `none is needed (write.mode is "${write.mode}")`);
}

/** Whether members show what the import wizard finds them by: without it a change becomes a case instead of a row. */
function checkIdentifiers({ records }: Page, { identifier }: YaplaWorkbookConfig, settings: string, tell: Tell): void {
  const setting = `${settings}.write.identifier.path`;
  const missing = records.filter(({ id, document }) => identifierOf(identifier, id, document) === null);
  if (records.length === 0) return tell('imports', 'skipped', 'there is no member to look at');
  if (identifier.path === null) {
    const finding =
      'members are found in the import wizard by their id: whether that is their number the page does not show';
    return tell(
      'imports',
      'warning',
      finding,
      `compare it with a member's number in Yapla; where it is another, name its place in ${setting}`,
    );
  }
  if (missing.length === 0)
    return tell('imports', 'ok', `each of ${records.length} members shows its number at "${identifier.path}"`);
  const verdict = missing.length === records.length ? 'failed' : 'warning';
  const ids = missing.slice(0, 5).map(({ id }) => id);
  tell(
    'imports',
    verdict,
    `${missing.length} of ${records.length} members show nothing at "${identifier.path}"`,
    `correct ${setting}: a change of such a member becomes a case (notImported)`,
    ids,
  );
}

/** There is nobody to be asked: read.mode "workbook" goes with no way to write at once (config/yapla.ts). */
const filesText =
  'members are read from exports ("passerelle import-members", read.mode is "workbook"): changes come with each file and with webhooks; who is missing from a file given with --whole may be gone';

/** Another address and another key: examined even where the DATA API failed. All that is found is told as one check. */
async function examineSession(
  settings: string,
  { yapla }: ConnectionConfig,
  write: YaplaRestConfig,
  clients: YaplaHttp,
  tell: Tell,
) {
  const observed = observe(clients.write);
  const { errorWhen } = yapla.read.answer;
  const session = createSession({
    config: write,
    timeZone: yapla.timeZone,
    errorWhen,
    http: observed.http,
    budget: noStop,
  });
  const { host } = new URL(write.baseUrl ?? yaplaAddresses(yapla.server).rest);
  const account = {
    settings: `${settings}.write`,
    onUnknown: `put an API key for REST 2.0 into the environment variable that ${settings}.write.apiKey names`,
    onForbidden: `have REST 2.0 opened for the API key of ${settings}.write.apiKey`,
  };
  const asSession: Tell = (_, verdict, ...rest) => {
    if (verdict === 'failed') tell('session', verdict, ...rest);
  };
  const opened = await new Attempts(account, host, observed, asSession).run('session', () =>
    session.run(ask, () => Promise.resolve()),
  );
  if (!('value' in opened)) return;
  tell('session', 'ok', `${host} opens one; whether members may be written shows with the first write`);
}
