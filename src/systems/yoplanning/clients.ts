/** Yoplanning's clients, the people of a team, and its teams. All verbs of API v3.1. */
import { z } from 'zod';
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { HttpClient } from '../../http/client.js';
import type { JsonObject } from '../system.js';
import { createResource, type FilterSpec, type Resource } from './resource.js';

/** A client as documented; whatever else an account returns is kept. */
export type Client = JsonObject & {
  id: string;
  first_name: string | null;
  last_name: string | null;
  email?: string | null;
  /** E.164, for example `+32684952685`. */
  phone_number?: string | null;
  /** `YYYY-MM-DD`. */
  birth_date?: string | null;
  /** ISO 639-1. */
  language?: string | null;
  note?: string | null;
  street?: string | null;
  city?: string | null;
  postal_code?: string | null;
  state?: string | null;
  /** ISO 3166-1 alpha-2. */
  country?: string | null;
  /** "Storing your id": the vendor says that clients have it; its list example does not show it. */
  external_reference?: string | null;
};

/** Only what is relied on whatever the field map says; the types of mapped values are checked where they are read. */
const clientSchema = z.looseObject({ id: z.string().min(1) });

/** `first_name` and `birth_date` are the vendor's examples; `last_update` is used by other connectors (docs/systems.md). */
const clientFilters = {
  first_name: 'text',
  last_name: 'text',
  email: 'text',
  external_reference: 'text',
  birth_date: 'date',
  last_update: 'datetime',
} as const satisfies FilterSpec;

export type Clients = Resource<Client, typeof clientFilters>;

/** The clients of the configured team. */
export function createClients(http: HttpClient, { paths, team, timeZone }: YoplanningConfig): Clients {
  return createResource<Client, typeof clientFilters>(http, {
    filters: clientFilters,
    schema: clientSchema,
    // One client that cannot be read is one question, and not the end of the list (systems/records.ts).
    listed: z.unknown(),
    listPath: paths.clients,
    instancePath: paths.client,
    forbids: 'credential',
    places: { team },
    timeZone,
  });
}

// Yoplanning's teams: what the token may see. `GET` and `POST` on the list, `GET` on one (API v3.1).

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
    forbids: 'credential',
    places: {},
    timeZone,
  });
}
