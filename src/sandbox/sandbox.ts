/**
 * Faithful stand-ins of Yapla and Yoplanning over real HTTP: what the vendors document, and what the frameworks behind them do
 * where the documents are silent. Faults on demand; books of its own, kept independently of the one who calls.
 */
import type { SystemName } from '../core/record.js';
import type { SandboxAddresses } from './connections.js';
import { createSandboxControl, type SandboxControl, type SandboxRecord } from './control.js';
import { createControlServer } from './controlServer.js';
import { Faults, type FaultAction } from './faults.js';
import {
  type ResolvedSandboxOptions,
  sandboxCredentials,
  sandboxOptionsSchema,
  type SandboxOptions,
  type YaplaShapeName,
} from './options.js';
import type { PersonTruth, ResolvedPeopleOptions } from './people.js';
import type { Person } from './person.js';
import { Labels } from './labels.js';
import { populate, strangers } from './population.js';
import { Random } from './random.js';
import type { Change, OnChange, Registry } from './registry.js';
import { listen } from './server.js';
import { yoplanningBody } from './webhooks/bodies.js';
import { Webhooks } from './webhooks/webhooks.js';
import { createYaplaEvents } from './yapla/events/events.js';
import { flatShape } from './yapla/flat.js';
import { exportMembers } from './yapla/exportFile.js';
import { importWorkbook } from './yapla/importWizard.js';
import { Members } from './yapla/members.js';
import { labelledShape } from './yapla/labelled.js';
import { listedShape } from './yapla/listed.js';
import { nestedShape } from './yapla/nested.js';
import { createYapla } from './yapla/server.js';
import { type YaplaShape, zonedShape } from './yapla/shape.js';
import { createBookings } from './yoplanning/bookings.js';
import { Clients } from './yoplanning/clients.js';
import type { OrderRecord } from './yoplanning/orders.js';
import { createYoplanning } from './yoplanning/server.js';

export type { SandboxAddresses } from './connections.js';
export type { SandboxControl } from './control.js';
export type { SandboxOptions } from './options.js';

export interface Sandbox {
  readonly addresses: SandboxAddresses;
  readonly control: SandboxControl;
  /** Cuts every connection, also of requests that a fault left without an answer. */
  stop(): Promise<void>;
}

/** What only a sandbox in the same process can be given. */
export interface SandboxHooks {
  /**
   * Called after each change of a person that took effect once the sandbox listens, in the same turn.
   *
   * @param record the record as the change left it; `null`: it is gone
   */
  readonly onChange?: (change: Change, record: SandboxRecord | null) => void;
  /**
   * The same of an order.
   *
   * @param order as the change left it; `null`: it is gone
   */
  readonly onOrder?: (change: Change, order: Pick<OrderRecord, 'reference' | 'cancelled'> | null) => void;
}

const shapes: Readonly<Record<YaplaShapeName, YaplaShape>> = {
  flat: flatShape,
  nested: nestedShape,
  listed: listedShape,
};

function shapeOf({ shape, timeZone }: ResolvedSandboxOptions['yapla']): YaplaShape {
  const writesOffsets = shape === 'nested';
  return writesOffsets ? shapes[shape] : zonedShape(shapes[shape], timeZone);
}

/**
 * Starts two stand-ins and their control API on this machine.
 *
 * @throws {z.ZodError} for options that make no sense
 */
export async function startSandbox(options: SandboxOptions = {}, hooks: SandboxHooks = {}): Promise<Sandbox> {
  const resolved = sandboxOptionsSchema.parse(options);
  // Nobody is told of people who are there from the start.
  let telling = false;
  let origin = '';
  const webhooks: Record<SystemName, Webhooks> = {
    yapla: new Webhooks(resolved.yapla, (change, earlier) => {
      // No such event is known, and no such button: "a single member cannot be deleted" (systems/yapla.md).
      if (change.event === 'deleted' || change.event === 'cancelled') return null;
      const document = earlier ?? members.show(change.record)?.document;
      return document === undefined ? null : shape.webhookBody(change.event, document);
    }),
    yoplanning: new Webhooks(resolved.yoplanning, (change) => yoplanningBody(change, origin, resolved.yoplanning.team)),
  };
  const onChange: OnChange = (change, before) => {
    if (!telling) return;
    webhooks[change.system].changed(change, before);
    // An order is no record of a person.
    if (change.kind === undefined) hooks.onChange?.(change, registries[change.system].show(change.record));
    else hooks.onOrder?.(change, bookings.orders.get(change.record) ?? null);
  };
  const labels = new Labels(resolved.yapla.labels);
  const shape = labelledShape(shapeOf(resolved.yapla), labels);
  const members = new Members((member) => shape.document(member), onChange);
  const clients = new Clients(onChange);
  const { bookings: ways, team } = resolved.yoplanning;
  const bookings = createBookings(ways, team, clients, onChange);
  const registries: Record<SystemName, Registry> = { yapla: members, yoplanning: clients };

  const yaplaEvents = createYaplaEvents(resolved.yapla, () => telling);

  let truth: readonly PersonTruth[] = [];
  let stranger: () => Person;
  const settle = (people: ResolvedPeopleOptions) => {
    const told = telling;
    telling = false;
    truth = populate({ members, clients }, people);
    yaplaEvents.populate(members.all());
    telling = told;
    stranger = strangers(people);
  };
  settle(resolved.people);

  const faults = new Faults();
  for (const fault of resolved.faults) faults.add(fault);
  const random = new Random(resolved.people.seed);
  const drift = (system: SystemName) => (action: Extract<FaultAction, { do: 'drift' | 'touch' }>) =>
    action.do === 'drift'
      ? driftList(registries[system], action, random, () => stranger())
      : touchList(registries[system], action, random);

  const yapla = createYapla({
    options: resolved.yapla,
    shape,
    members,
    faults,
    drift: drift('yapla'),
    outbox: webhooks.yapla,
  });
  const yoplanning = createYoplanning({
    options: resolved.yoplanning,
    clients,
    bookings,
    foreignTeam: sandboxCredentials.yoplanningForeignTeam,
    faults,
    drift: drift('yoplanning'),
    outbox: webhooks.yoplanning,
  });
  const control = createControlServer({
    doors: { yapla: yapla.door, yoplanning: yoplanning.door },
    registries,
    bookings: { ...bookings, team, clients },
    yaplaEvents,
    faults,
    webhooks,
    truth: () => truth,
    populate: settle,
    exportMembers: (asked) => exportMembers(members.all(), asked),
    importWorkbook: (request) => importWorkbook(members, labels, request),
    expireSessions: () => {
      yapla.sessions.expireAll();
      yapla.logins.expireAll();
    },
    endLogins: () => yapla.logins.endLogins(),
  });

  const servers = [yapla.app, yoplanning.app, control];
  const stop = async () => {
    await Promise.all([
      ...servers.map((server) => server.close()),
      ...[...Object.values(webhooks), ...Object.values(yaplaEvents.webhooks)].map((line) => line.stop()),
    ]);
  };
  try {
    const addresses: SandboxAddresses = {
      yapla: await listen(yapla.app, resolved.yapla.port),
      yoplanning: await listen(yoplanning.app, resolved.yoplanning.port),
      control: await listen(control, resolved.controlPort),
    };
    origin = addresses.yoplanning;
    telling = true;
    return { addresses, control: createSandboxControl(addresses.control), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Place = Extract<FaultAction, { do: 'drift' | 'touch' }>['at'];

/** A place in a list, its end included. */
function placeIn(length: number, at: Place, random: Random): number {
  return at === 'start' ? 0 : at === 'end' ? length : random.below(length + 1);
}

/** People are edited between two pages, in nothing that matters but when. */
function touchList(registry: Registry, { records, at }: Extract<FaultAction, { do: 'touch' }>, random: Random): void {
  for (let i = 0; i < records && registry.size > 0; i += 1) {
    const id = registry.idAt(Math.min(placeIn(registry.size, at, random), registry.size - 1));
    if (id !== undefined) registry.editPerson(id, {}, {});
  }
}

/** People come and go between two pages. */
function driftList(
  registry: Registry,
  { insert, remove, at }: Extract<FaultAction, { do: 'drift' }>,
  random: Random,
  stranger: () => Person,
): void {
  const position = (length: number) => placeIn(length, at, random);
  for (let i = 0; i < remove && registry.size > 0; i += 1) {
    const id = registry.idAt(Math.min(position(registry.size), registry.size - 1));
    if (id !== undefined) registry.removePerson(id);
  }
  for (let i = 0; i < insert; i += 1) registry.addPerson(stranger(), { at: position(registry.size) });
}
