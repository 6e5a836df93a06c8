import type { Command } from 'commander';
import type { Output } from './output.js';
import { UsageError, type CommonOptions } from './program.js';
import { type ByOption, withBy } from './who.js';

interface MapOptions extends CommonOptions, ByOption {
  readonly event?: string;
  readonly activity?: string;
  readonly rate?: string;
  readonly product?: string;
  readonly session?: string;
  readonly json?: boolean;
}

interface PlanOptions extends CommonOptions {
  readonly json?: boolean;
}

/** `passerelle events …`: where registrations go, and the plan before the first of them is booked. */
export function registerEvents(program: Command, output: Output): void {
  const events = program
    .command('events')
    .description('Registrations of Yapla that become bookings of Yoplanning: where they go, and what would be booked.');

  const map = events
    .command('map <connection>')
    .description(
      'List the events that registrations name, with the product and session that each could be; with --event: say where one goes.',
    )
    .option('--event <key>', 'the event, by its key in the list')
    .option('--activity <key>', 'of its registrations only those for this activity, by its key in the list')
    .option('--rate <key>', 'of its registrations only those at this rate, by its key in the list')
    .option('--product <id>', 'the product of Yoplanning that it is')
    .option('--session <id>', 'the session; left out: the product’s session that starts when the event does')
    .option('--json', 'print JSON');
  withBy(map).action(async (connectionId: string, _: unknown, command: Command) => {
    const options = command.optsWithGlobals<MapOptions>();
    const { openEventsSession } = await import('./eventsSession.js');
    const { listEvents, mapEvent } = await import('./eventsMap.js');
    const session = await openEventsSession(options.config, connectionId);
    try {
      const { event, product } = options;
      if ((event === undefined) !== (product === undefined))
        throw new UsageError('expected --event and --product together: the list without them names both');
      if (event === undefined || product === undefined) return await listEvents(session, options.json === true, output);
      const { whoOf } = await import('./who.js');
      const { activity = '', rate = '', session: sessionId = null } = options;
      await mapEvent(session, { event, activity, rate, productId: product, sessionId }, whoOf(options), output);
    } finally {
      await session.close();
    }
  });

  events
    .command('person <connection> <record>')
    .description(
      'Show what a person booked and gave, by their number in Yapla (yapla:1042) or id in Yoplanning (yoplanning:<id>). Shows personal data on this terminal.',
    )
    .option('--json', 'print JSON')
    .action(async (connectionId: string, record: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<PlanOptions>();
      const { showPerson } = await import('./eventsPerson.js');
      const { openEventsSession } = await import('./eventsSession.js');
      const session = await openEventsSession(options.config, connectionId);
      try {
        await showPerson(session, record, options.json === true, output);
      } finally {
        await session.close();
      }
    });

  events
    .command('plan <connection>')
    .description(
      'Draw a plan of what would be booked, what waits and why, and what it costs in requests. Nothing is sent.',
    )
    .option('--json', 'print JSON')
    .action(async (connectionId: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<PlanOptions>();
      const { randomUUID } = await import('node:crypto');
      const { planBookings } = await import('../link/bookings/plan.js');
      const { bookingPlanLines } = await import('./bookingText.js');
      const { openEventsSession } = await import('./eventsSession.js');
      const session = await openEventsSession(options.config, connectionId);
      try {
        const plan = await planBookings(session.sql, session.events, `cli/${randomUUID()}`);
        if (options.json === true) return output.print(JSON.stringify(plan, null, 2));
        output.print(bookingPlanLines(connectionId, plan).join('\n'));
      } finally {
        await session.close();
      }
    });

  const approve = events
    .command('approve <connection> <plan>')
    .description(
      'Let bookings begin: from now on each registration is booked by itself. Asked for once; the plan is drawn by "events plan".',
    );
  withBy(approve).action(async (connectionId: string, plan: string, _: unknown, command: Command) => {
    const options = command.optsWithGlobals<CommonOptions & ByOption>();
    const { approvePlanned } = await import('./eventsMap.js');
    const { openEventsSession } = await import('./eventsSession.js');
    const { whoOf } = await import('./who.js');
    const session = await openEventsSession(options.config, connectionId);
    try {
      await approvePlanned(session, plan, whoOf(options), output);
    } finally {
      await session.close();
    }
  });
}
