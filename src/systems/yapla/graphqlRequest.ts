/** One request of GraphQL: where it goes, and what it is to the http client. */
import { yaplaAddresses, type YaplaConfig } from '../../config/yapla.js';
import type { YaplaGraphqlConfig } from '../../config/yaplaGraphql.js';
import type { JsonObject } from '../system.js';

/** Statuses that servers of GraphQL give to requests that they did not carry out, with the errors in the body (GraphQL over HTTP). */
export const refusingStatuses = [400, 403, 404, 405, 422] as const;

/** Which document: names its settings. */
export type Operation = 'read' | 'create' | 'update' | 'schema';

/** Origin and path of the address: the path stands in errors. */
export function graphqlAddress({ server }: Pick<YaplaConfig, 'server'>, { address }: YaplaGraphqlConfig) {
  const url = new URL(address ?? yaplaAddresses(server).graphql);
  return { origin: url.origin, path: url.pathname };
}

/** What a request of GraphQL is, whatever it asks for. The form of the answer is that of GraphQL over HTTP, or the older JSON. */
export function graphqlRequest(path: string, operation: Operation, query: string, variables: JsonObject = {}) {
  const isRead = operation === 'read' || operation === 'schema';
  return {
    method: 'POST',
    access: isRead ? 'read' : operation,
    path,
    body: { query, variables },
    headers: { accept: 'application/graphql-response+json, application/json;q=0.9' },
    kind: `graphql ${operation}`,
    answers: refusingStatuses,
  } as const;
}
