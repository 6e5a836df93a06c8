/**
 * The demo's third part: people register for a sailing day in Yapla, and the bookings stand in Yoplanning. One place is left, so the first of
 * them is booked and the second becomes a question.
 */
import { sandboxWebhookUrl } from '../sandbox/connections.js';
import { listOpenCases } from '../store/cases.js';
import { command, type DemoLive, linesOf, linkedPeople, newLines, signature, until } from './demoLive.js';
import { CommandFailed } from './program.js';
import { untilQuiet } from './recordWorkflows.js';

const hourMs = 3_600_000;
const workflowType = 'syncRegistration';

/** @returns whether there is just one order, for the first, and a question about the second */
export async function runDemoEvents(demo: DemoLive): Promise<boolean> {
  const { control, output, connectionId, sql } = demo;
  const { bold, dim, green, red } = output.colours;
  const scope = { connectionId, kind: 'registration' } as const;
  output.print();
  output.print(bold('Events: people register in Yapla, and are booked in Yoplanning'));
  const [first, second] = await linkedPeople(demo);
  if (first === undefined || second === undefined)
    throw new CommandFailed('the sandbox has too few linked people for the demo: choose another --seed');
  const { event, product, session } = await openSailingDay(demo);

  const register = async (member: string) =>
    await control.yaplaEvents.register({
      event,
      rate: 'Gratuit',
      participants: [{ memberId: member, firstName: 'Prénom', lastName: 'Nom' }],
    });
  const before = linesOf(demo, workflowType).length;
  const requests = await sent(demo);
  const booked = await register(first.yapla);
  await untilQuiet(demo, control);
  // Nobody has said where the event goes, and no plan was approved: a person does both, once.
  for (const words of [
    ['events', 'map', connectionId, '--event', `id ${event}`, '--product', product, '--session', session],
    ['events', 'plan', connectionId],
    ['events', 'approve', connectionId, '1'],
  ]) {
    output.print(`  $ passerelle ${words.map((word) => (word.includes(' ') ? JSON.stringify(word) : word)).join(' ')}`);
    await command([...demo.options, ...words, ...(words[1] === 'plan' ? [] : signature())]);
  }
  await until(async () => (await ordersOf(demo, booked)) === 1, `the order for registration ${booked}`);
  await untilQuiet(demo, control);
  output.print(`  registration ${booked}: booked; one place was left`);
  for (const line of await newLines(demo, before, ['booked', 'inStep'], workflowType))
    output.print(dim(`      ${line}`));

  const told = linesOf(demo, workflowType).length;
  const refused = await register(second.yapla);
  await until(
    async () => (await listOpenCases(sql, scope)).some(({ kind }) => kind === 'noPlace'),
    `the question about registration ${refused}`,
  );
  await untilQuiet(demo, control);
  const { id } = (await listOpenCases(sql, scope)).find(({ kind }) => kind === 'noPlace')!;
  output.print(`  registration ${refused}: no place is left; case ${id} waits for a person`);
  for (const line of await newLines(demo, told, ['booked'], workflowType)) output.print(dim(`      ${line}`));

  const orders = [await ordersOf(demo, booked), await ordersOf(demo, refused)];
  const holds = orders[0] === 1 && orders[1] === 0;
  output.print(
    `  ${holds ? green('✓') : red('✗')} 2 registrations, ${orders[0]! + orders[1]!} order, 1 question; ${(await sent(demo)) - requests} requests to Yoplanning`,
  );
  return holds;
}

/** A sailing day in both systems, with one place, whose registrations are told of by webhook. */
async function openSailingDay({ control, receiver, connectionId }: DemoLive) {
  const startsAt = new Date(Date.now() + 72 * hourMs).toISOString();
  const endsAt = new Date(Date.now() + 76 * hourMs).toISOString();
  const title = 'Journée de voile';
  const product = await control.bookings.addProduct({ title: 'Sailing day', titles: { fr: title } });
  const session = await control.bookings.addSession({ product, startsAt, endsAt, places: 1 });
  const rates = [{ name: 'Gratuit', amount: 0 }];
  const event = await control.yaplaEvents.addEvent({ title, start: startsAt, end: endsAt, activities: [], rates });
  const url = sandboxWebhookUrl(receiver, connectionId, 'yapla');
  await control.yaplaEvents.setWebhooks('registration', { url: `${url}/registrations` });
  return { product, session, event };
}

async function ordersOf({ control }: DemoLive, registration: string): Promise<number> {
  return (await control.bookings.orders()).filter((order) => order['external_reference'] === registration).length;
}

/** Requests that Yoplanning has counted so far. */
async function sent({ control }: DemoLive): Promise<number> {
  return (await control.counts()).yoplanning.requests;
}
