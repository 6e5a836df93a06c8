/** What the two systems send. */
import type { JsonObject } from '../../systems/system.js';
import type { Change, PersonEvent } from '../registry.js';

/**
 * The vendor's own example (seeds/yoplanning-api-v3.1.txt, WebHook): ids and no content.
 *
 * @param origin of the stand-in. The link has no slash at its end, whatever form the API's paths have: so it stands in the example.
 */
export function yoplanningBody({ record, kind, event }: Change, origin: string, team: string): JsonObject {
  const [type, list] = kind === 'order' ? ['order', 'orders'] : ['client', 'clients'];
  return {
    resource: { id: record, type },
    link: `${origin}/api/v3.1/teams/${team}/${list}/${record}`,
    // An FAQ of the vendor has orders created, modified and cancelled; the API's own example is of an updated client.
    event: kind === 'order' && event === 'updated' ? 'modified' : event,
  };
}

/**
 * "A JSON structure containing all the information associated with the event" (seeds/yapla-synchronisation.txt). Names are not
 * public: assumed are a word for the event and the member as the DATA API answers it.
 */
export function memberBody(event: PersonEvent, document: JsonObject): JsonObject {
  return { event: `member.${event}`, data: document };
}
