/** What the two systems send. */
import type { JsonObject } from '../../systems/system.js';
import type { Change } from '../registry.js';

/**
 * The vendor's own example (seeds/yoplanning-api-v3.1.txt, WebHook): ids and no content.
 *
 * @param origin of the stand-in. The link has no slash at its end, whatever form the API's paths have: so it stands in the example.
 */
export function clientBody(change: Change, origin: string, team: string): JsonObject {
  return {
    resource: { id: change.record, type: 'client' },
    link: `${origin}/api/v3.1/teams/${team}/clients/${change.record}`,
    event: change.event,
  };
}

/**
 * "A JSON structure containing all the information associated with the event" (seeds/yapla-synchronisation.txt). Names are not
 * public: assumed are a word for the event and the member as the DATA API answers it.
 */
export function memberBody(event: Change['event'], document: JsonObject): JsonObject {
  return { event: `member.${event}`, data: document };
}
