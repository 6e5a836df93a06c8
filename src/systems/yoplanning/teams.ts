/** Yoplanning's teams: what the token may see. `GET` and `POST` on the list, `GET` on one (API v3.1). */
import { z } from 'zod';
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { HttpClient } from '../../http/client.js';
import type { JsonObject } from '../system.js';
import type { FilterSpec } from './filters.js';
import { createResource, type Resource } from './resource.js';

/** A team. Only its id is documented. */
export type Team = JsonObject & { id: string };

const teamSchema = z.looseObject({ id: z.string().min(1) });

const teamFilters = {} as const satisfies FilterSpec;

export type Teams = Pick<Resource<Team, typeof teamFilters>, 'list' | 'post' | 'get'>;

export function createTeams(http: HttpClient, { paths, timeZone }: YoplanningConfig): Teams {
  return createResource<Team, typeof teamFilters>(http, {
    filters: teamFilters,
    schema: teamSchema,
    listPath: paths.teams,
    instancePath: `${paths.teams.replace(/\/$/, '')}/{id}${paths.teams.endsWith('/') ? '/' : ''}`,
    places: {},
    timeZone,
  });
}
