/** `npm run record-histories`: runs each scenario on real servers and writes its history beside this file. */
import { writeFileSync } from 'node:fs';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { textOf } from '../helpers/historyText.js';
import { sandboxValues, valuesIn } from '../helpers/sandboxValues.js';
import { startTestServers } from '../helpers/testServers.js';
import { scenarios } from './scenarios.js';

/** Host names, process ids and paths of the machine that records have no place in a fixture; replay does not look at them. */
function withoutMachine(key: string, value: unknown): unknown {
  // `<pid>@<host>`: who polled, and the name of its sticky queue.
  if (typeof value === 'string' && /^\d+@/.test(value)) return 'fixture';
  return key === 'stackTrace' ? '' : value;
}

const { servers, stop } = await startTestServers();
process.env['PASSERELLE_TEST_SERVERS'] = JSON.stringify(servers);
const only = process.argv.slice(2);
try {
  const { startPasserelle } = await import('../helpers/passerelle.js');
  for (const { name, options, run } of scenarios.filter((scenario) => only.length === 0 || only.includes(scenario.name))) {
    const house = await startPasserelle(options);
    try {
      const before = await sandboxValues(house.sandbox);
      const history = await (await run(house)).fetchHistory();
      const values = valuesIn(textOf(history), [...before, ...(await sandboxValues(house.sandbox))]);
      if (values.length > 0) throw new Error(`${name}: its history holds ${values.length} values of people; not written`);
      const json = JSON.stringify(JSON.parse(historyToJSON({ events: history.events ?? [] })), withoutMachine, 1);
      writeFileSync(new URL(`./${name}.json`, import.meta.url), `${json}\n`);
      process.stdout.write(`${name}: ${history.events?.length ?? 0} events, ${Math.round(json.length / 1024)} KiB\n`);
    } finally {
      await house.stop();
    }
  }
} finally {
  await stop();
}
