/** What the stand-ins' servers have in common. */
import type { FastifyInstance } from 'fastify';

/** Bodies reach the handlers as text, whatever their type: what a body may be is judged after the throttle, as the real servers do. */
export function bareServer(app: FastifyInstance): FastifyInstance {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  return app;
}

/** Listens on this machine only. @returns the origin, `http://127.0.0.1:<port>`. */
export async function listen(app: FastifyInstance, port: number): Promise<string> {
  return app.listen({ host: '127.0.0.1', port });
}
