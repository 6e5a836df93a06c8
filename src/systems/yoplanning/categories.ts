/** Yoplanning's categories of products, the same for all teams (seen in other connectors). Read only. Their ids are integers there, and text here. */
import { z } from 'zod';
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { Ask, HttpClient } from '../../http/client.js';
import type { JsonObject } from '../system.js';
import { type Listed, readPage } from './reading.js';
import { type Answered, createResource } from './resource.js';

export interface Category {
  readonly id: string;
  readonly name: string;
}

export interface CategoryRequest {
  /** Position (0-based) of the first category wanted. Default: 0. */
  readonly offset?: number;
  /** Default: `yoplanning.pageSize`. */
  readonly limit?: number;
  /** Default: `yoplanning.events.lang`. */
  readonly lang?: string;
}

export interface Categories {
  /** One page. One request. */
  list(request: CategoryRequest, ask: Ask): Promise<Answered<Listed<Category>>>;
}

export function createCategories(http: HttpClient, config: YoplanningConfig): Categories {
  const { paths, team, timeZone, pageSize, events } = config;
  const resource = createResource<JsonObject, Record<string, never>>(http, {
    filters: {},
    schema: z.unknown(),
    listPath: paths.categories,
    instancePath: null,
    forbids: 'resource',
    places: { team },
    timeZone,
  });
  return {
    async list({ offset = 0, limit = pageSize, lang = events.lang }, ask) {
      const answer = await resource.list({ offset, limit, lang }, ask);
      return readPage(answer, offset, config, (reader) => {
        const id = reader.id('id', 'yoplanning.paths.categories');
        return { id, name: reader.text('name') ?? id };
      });
    },
  };
}
