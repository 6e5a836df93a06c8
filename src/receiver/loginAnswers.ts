/**
 * Where Yapla sends a person back who logged in: `/oauth/<connection>/callback`. What she brings is kept for the `passerelle login` that
 * waits; here nothing is asked of Yapla. Only a login that was begun, by its state, is answered, and once.
 */
import type { FastifyInstance } from 'fastify';
import type { ConnectionConfig } from '../config/schema.js';
import { answerLogin } from '../store/oauthLogins.js';
import type { Sql } from '../store/database.js';

/** Longer is no code and no state. */
const longestQuery = 4_096;

export interface LoginAnswers {
  readonly sql: Sql;
  readonly connections: Readonly<Record<string, ConnectionConfig>>;
}

export function addLoginRoute(app: FastifyInstance, { sql, connections }: LoginAnswers): void {
  app.get<{ Params: { connection: string } }>(
    '/oauth/:connection/callback',
    { onRequest: app.rateLimit() },
    async (request, reply) => {
      const isTaken = await taken(request.params.connection, request.url);
      const [status, text] = isTaken
        ? [200, 'You are logged in. Go back to the terminal, where "passerelle login" ends. This page can be closed.']
        : [
            404,
            'No login waits for this answer: it has ended, or its time is over. Begin again with "passerelle login".',
          ];
      return reply
        .code(status)
        .headers({
          // The address holds the code.
          'referrer-policy': 'no-referrer',
          'cache-control': 'no-store',
          'content-security-policy': "default-src 'none'",
        })
        .type('text/html; charset=utf-8')
        .send(`<!doctype html><meta charset="utf-8"><title>Passerelle</title><p>${text}</p>`);
    },
  );

  async function taken(connection: string, url: string): Promise<boolean> {
    const write = Object.hasOwn(connections, connection) ? connections[connection]!.yapla.write : undefined;
    const at = url.indexOf('?');
    if (write?.mode !== 'graphql' || at < 0 || url.length - at > longestQuery) return false;
    const state = new URLSearchParams(url.slice(at)).get('state');
    if (state === null || state === '') return false;
    const address = new URL(write.oauth.redirectUri);
    address.search = url.slice(at);
    return answerLogin(sql, { connection, state, address: address.href }, write.oauth.keys);
  }
}
