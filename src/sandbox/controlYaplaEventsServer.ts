/** The server side of controlYaplaEvents.ts. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Webhooks } from './webhooks/webhooks.js';
import { webhookFaultsSchemas, webhookTargetSchema } from './webhooks/options.js';
import { type EventsAccount, type EventsKind, NoSuchThing } from './yapla/events/account.js';
import { exportRegistrations, registrationsExportSchema } from './yapla/events/exportFile.js';
import {
  donationEditSchema,
  newDonationSchema,
  newEventSchema,
  newRegistrationSchema,
  registrationEditSchema,
} from './yapla/events/schema.js';

export interface YaplaEventsParts {
  readonly account: EventsAccount;
  readonly timeZone: string;
  readonly webhooks: Readonly<Record<EventsKind, Webhooks>>;
}

const kindParameters = z.object({ kind: z.enum(['registration', 'donation']) });
const idParameters = z.object({ id: z.string() });

/** Adds the routes below `/yapla-events`. */
export function addYaplaEventsControl(app: FastifyInstance, { account, timeZone, webhooks }: YaplaEventsParts): void {
  const done = { done: true };
  void app.register(
    (routes, _options, ready) => {
      routes.setErrorHandler((error, _request, reply) => {
        if (error instanceof NoSuchThing) return reply.code(404).send({ error: error.message });
        throw error;
      });

      routes.post('/events', ({ body }) => ({ id: account.addEvent(newEventSchema.parse(body)) }));
      routes.get('/events', () => account.events());

      routes.post('/registrations', ({ body }) => ({ id: account.register(newRegistrationSchema.parse(body)) }));
      routes.get('/registrations', () => account.registrations().map(({ id }) => account.document('registration', id)));
      routes.post('/registrations/:id/payment', ({ params }) => {
        account.pay(idParameters.parse(params).id);
        return done;
      });
      routes.patch('/registrations/:id', ({ params, body }) => {
        account.editRegistration(idParameters.parse(params).id, registrationEditSchema.parse(body));
        return done;
      });
      routes.delete('/registrations/:id', ({ params }) => {
        account.cancel(idParameters.parse(params).id);
        return done;
      });

      routes.post('/donations', ({ body }) => ({ id: account.donate(newDonationSchema.parse(body)) }));
      routes.get('/donations', () => account.donations().map(({ id }) => account.document('donation', id)));
      routes.patch('/donations/:id', ({ params, body }) => {
        account.editDonation(idParameters.parse(params).id, donationEditSchema.parse(body));
        return done;
      });

      routes.post('/exports', async ({ body }) => {
        const asked = registrationsExportSchema.parse(body);
        const { name, content } = await exportRegistrations(account.registrations(), timeZone, asked);
        return { name, content: content.toString('base64') };
      });

      routes.get('/webhooks', () => ({
        registration: webhooks.registration.counts(),
        donation: webhooks.donation.counts(),
      }));
      routes.put('/webhooks/:kind', ({ params, body }) => {
        webhooks[kindParameters.parse(params).kind].setTarget(webhookTargetSchema.parse(body));
        return done;
      });
      routes.delete('/webhooks/:kind', ({ params }) => {
        webhooks[kindParameters.parse(params).kind].setTarget(null);
        return done;
      });
      routes.put('/webhooks/:kind/faults', ({ params, body }) => {
        webhooks[kindParameters.parse(params).kind].setFaults(webhookFaultsSchemas.yapla.parse(body));
        return done;
      });
      ready();
    },
    { prefix: '/yapla-events' },
  );
}
