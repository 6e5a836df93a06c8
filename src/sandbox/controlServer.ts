/** The server side of control.ts. */
import fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import { systemNames, type SystemName } from '../core/record.js';
import { addBookingsControl, type BookingsParts, NothingThere } from './controlBookingsServer.js';
import { addYaplaEventsControl, type YaplaEventsParts } from './controlYaplaEventsServer.js';
import type { Door } from './door.js';
import { faultSchema, type Faults } from './faults.js';
import { latencySchema, peopleSchema, sandboxLimitsSchema } from './options.js';
import type { PersonTruth, ResolvedPeopleOptions } from './people.js';
import { personChangesSchema, personSchema } from './person.js';
import type { Registry } from './registry.js';
import type { Webhooks } from './webhooks/webhooks.js';
import { exportSchema, type ExportedFile, type ExportOptions } from './yapla/exportFile.js';
import { type ImportReport, importSchema } from './yapla/importWizard.js';
import { webhookFaultsSchemas, webhookTargetSchema } from './webhooks/options.js';

export interface ControlParts {
  readonly doors: Readonly<Record<SystemName, Door>>;
  readonly registries: Readonly<Record<SystemName, Registry>>;
  readonly bookings: BookingsParts;
  readonly yaplaEvents: YaplaEventsParts;
  readonly faults: Faults;
  readonly webhooks: Readonly<Record<SystemName, Webhooks>>;
  readonly truth: () => readonly PersonTruth[];
  readonly populate: (options: ResolvedPeopleOptions) => void;
  readonly expireSessions: () => void;
  readonly exportMembers: (options: ExportOptions) => Promise<ExportedFile>;
  readonly importWorkbook: (request: z.output<typeof importSchema>) => Promise<ImportReport>;
  readonly endLogins: () => void;
}

const unmappedSchema = z.record(z.string(), z.json()).default({});

const additionSchema = z.strictObject({
  person: personSchema,
  options: z
    .strictObject({
      at: z.enum(['start', 'end']).default('end'),
      externalReference: z.string().optional(),
      unmapped: unmappedSchema,
    })
    .prefault({}),
});
const editSchema = z.strictObject({ changes: personChangesSchema.default({}), unmapped: unmappedSchema });
const resetSchema = z.strictObject({ people: peopleSchema.optional() });
const systemParameters = z.object({ system: z.enum(systemNames) });
/** A workbook of fifty thousand people, base64. */
const largestImport = 64 * 1_048_576;

const recordParameters = systemParameters.extend({ id: z.string() });

export function createControlServer(parts: ControlParts): FastifyInstance {
  const { doors, registries, faults, webhooks, yaplaEvents } = parts;
  const { registration, donation } = yaplaEvents.webhooks;
  const lines = [...systemNames.map((system) => webhooks[system]), registration, donation];
  const app = fastify({ forceCloseConnections: true });
  const done = { done: true };

  app.setErrorHandler((error, _request, reply) => {
    // What was asked makes no sense: a mistake of the caller, told in full.
    if (error instanceof z.ZodError) return reply.code(400).send({ error: z.prettifyError(error) });
    if (error instanceof NothingThere) return reply.code(404).send({ error: error.message });
    return reply.code(500).send({ error: error instanceof Error ? error.message : String(error) });
  });

  app.get('/counts', () => bySystem((system) => doors[system].accounting.counts()));
  app.delete('/counts', () => {
    resetCounts();
    return done;
  });
  app.get('/writes/:system', ({ params }) => doors[systemParameters.parse(params).system].accounting.writes());
  app.get('/arrivals/:system', ({ params }) => doors[systemParameters.parse(params).system].accounting.arrivals());

  app.get('/faults', () => faults.states());
  app.post('/faults', ({ body }) => ({ id: faults.add(faultSchema.parse(body)) }));
  app.delete('/faults', () => {
    faults.clear();
    return done;
  });
  app.delete<{ Params: { id: string } }>('/faults/:id', ({ params }, reply) =>
    faults.remove(params.id) ? done : reply.code(404).send({ error: `no fault ${params.id}` }),
  );

  app.put('/limits/:system', ({ params, body }) => {
    doors[systemParameters.parse(params).system].setLimits(sandboxLimitsSchema.parse(body));
    return done;
  });
  app.put('/latency/:system', ({ params, body }) => {
    doors[systemParameters.parse(params).system].setLatency(latencySchema.parse(body));
    return done;
  });

  app.get('/webhooks', () => bySystem((system) => webhooks[system].counts()));
  app.get('/webhooks/settled', async () => {
    // While one is waited for, the other may be told of something.
    while (lines.some((line) => line.counts().pending > 0)) {
      await Promise.all(lines.map((line) => line.settled()));
    }
    return done;
  });
  app.put('/webhooks/:system', ({ params, body }) => {
    webhooks[systemParameters.parse(params).system].setTarget(webhookTargetSchema.parse(body));
    return done;
  });
  app.delete('/webhooks/:system', ({ params }) => {
    webhooks[systemParameters.parse(params).system].setTarget(null);
    return done;
  });
  app.put('/webhooks/:system/faults', ({ params, body }) => {
    const { system } = systemParameters.parse(params);
    webhooks[system].setFaults(webhookFaultsSchemas[system].parse(body));
    return done;
  });

  app.get('/truth', () => parts.truth());
  app.get('/ids/:system', ({ params }) => registries[systemParameters.parse(params).system].ids());
  app.get('/records/:system', ({ params }) => {
    const registry = registries[systemParameters.parse(params).system];
    return registry.ids().map((id) => registry.show(id));
  });
  app.get('/records/:system/:id', ({ params }, reply) => {
    const { system, id } = recordParameters.parse(params);
    return registries[system].show(id) ?? reply.code(404).send(noRecord(system, id));
  });
  app.post('/records/:system', ({ params, body }) => {
    const { person, options } = additionSchema.parse(body);
    const { at, externalReference, unmapped } = options;
    const id = registries[systemParameters.parse(params).system].addPerson(person, {
      ...(at === 'start' ? { at: 0 } : {}),
      ...(externalReference === undefined ? {} : { externalReference }),
      unmapped: unmapped,
    });
    return { id };
  });
  app.patch('/records/:system/:id', ({ params, body }, reply) => {
    const { system, id } = recordParameters.parse(params);
    const { changes, unmapped } = editSchema.parse(body);
    const edited = registries[system].editPerson(id, changes, unmapped);
    return edited ? done : reply.code(404).send(noRecord(system, id));
  });
  app.delete('/records/:system/:id', ({ params }, reply) => {
    const { system, id } = recordParameters.parse(params);
    return registries[system].removePerson(id) ? done : reply.code(404).send(noRecord(system, id));
  });

  addBookingsControl(app, parts.bookings);
  addYaplaEventsControl(app, yaplaEvents);

  app.post('/exports', async ({ body }) => {
    const { name, content } = await parts.exportMembers(exportSchema.parse(body));
    return { name, content: content.toString('base64') };
  });
  app.post('/imports/yapla', { bodyLimit: largestImport }, ({ body }) =>
    parts.importWorkbook(importSchema.parse(body)),
  );

  app.delete('/sessions', () => {
    parts.expireSessions();
    return done;
  });
  app.delete('/logins', () => {
    parts.endLogins();
    return done;
  });
  app.post('/reset', ({ body }) => {
    const { people } = resetSchema.parse(body);
    resetCounts();
    faults.clear();
    for (const system of systemNames) {
      doors[system].throttle.forget();
      webhooks[system].discard();
      webhooks[system].setFaults(webhookFaultsSchemas[system].parse({}));
    }
    for (const line of [registration, donation]) {
      line.discard();
      line.setFaults(webhookFaultsSchemas.yapla.parse({}));
    }
    if (people !== undefined) parts.populate(people);
    return done;
  });

  function resetCounts(): void {
    for (const system of systemNames) {
      doors[system].accounting.reset();
    }
    for (const line of lines) line.resetCounts();
  }

  return app;
}

function bySystem<T>(of: (system: SystemName) => T): Record<SystemName, T> {
  return { yapla: of('yapla'), yoplanning: of('yoplanning') };
}

function noRecord(system: SystemName, id: string): { error: string } {
  return { error: `${system} has no record ${id}` };
}
