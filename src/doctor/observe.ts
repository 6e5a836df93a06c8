import type { Answer, HttpClient } from '../http/client.js';

/** A client whose answers can be looked at besides what the systems make of them: their headers, and their outline. */
export interface ObservedClient {
  readonly http: HttpClient;
  /** The latest answer; failures by status (401, 5xx …) are none. */
  latest(): Answer | undefined;
}

export function observe(client: HttpClient): ObservedClient {
  let latest: Answer | undefined;
  return {
    http: {
      async send(request, ask, permit) {
        latest = undefined;
        latest = await client.send(request, ask, permit);
        return latest;
      },
      reserve: (n, ask) => client.reserve(n, ask),
      release: (permits) => client.release(permits),
      close: () => client.close(),
    },
    latest: () => latest,
  };
}
