import { isJsonObject, type JsonObject } from '../core/document.js';
import type { Answer, HttpClient } from '../http/client.js';
import { contentAt } from '../systems/yapla/dataApi.js';

/** A client whose answers can be looked at besides what the systems make of them: their headers, and their outline. */
export interface ObservedClient {
  readonly http: HttpClient;
  /** The latest answer; failures by status (401, 5xx …) are none. */
  latest(): Answer | undefined;
  /** The objects in the list at a path of the latest answer. */
  documents(path: string): readonly JsonObject[];
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
    documents: (path) => {
      const list = latest === undefined ? undefined : contentAt(latest, path);
      return Array.isArray(list) ? list.filter(isJsonObject) : [];
    },
  };
}
