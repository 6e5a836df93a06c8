/** The member in the body of a webhook, in the form in which answers show one: so that both are read by one field map. */
import { isJsonObject } from '../../core/document.js';
import type { ConnectionConfig } from '../../config/schema.js';
import { memberIdPath } from '../../config/webhooks.js';
import type { FailureContext } from '../../http/failures.js';
import { contentIn, readPlace, valueAt } from '../mapping.js';
import { putAt } from '../places.js';
import type { Json, JsonObject } from '../system.js';
import { reading, wrongPath } from '../unexpected.js';

type Settings = Pick<ConnectionConfig, 'webhooks' | 'yapla' | 'fields'>;

/**
 * @param id of the member, which the receiver found in the body
 * @param context names the delivery in errors
 * @throws {UnexpectedResponse} when a configured path does not fit the body
 */
export function memberDelivered(settings: Settings, body: JsonObject, id: string, context: FailureContext): JsonObject {
  const { member: path, ...places } = settings.webhooks.yapla;
  const { answer } = settings.yapla.read;
  const delivery = { context };
  const member = contentIn(body, path);
  if (!isJsonObject(member)) throw wrongPath(delivery, 'webhooks.yapla.member', path, 'an object');
  return reading(delivery, () => {
    const shown = Object.keys(places.fields).length === 0 ? structuredClone(member) : mappedOnly(member, settings);
    if (places.modified !== null && answer.modified !== null) {
      place(shown, answer.modified, valueAt(member, places.modified, 'webhooks.yapla.modified'));
    }
    // What stands there in a webhook may be another number of theirs: the id is the one by which the receiver found the member.
    if (memberIdPath(settings) !== answer.id) putAt(shown, answer.id, id);
    return shown;
  });
}

/** Where names differ, what is not mapped cannot be told apart: it could stand in the place of something else. */
function mappedOnly(member: JsonObject, { webhooks, yapla, fields }: Settings): JsonObject {
  const shown: JsonObject = {};
  for (const [name, field] of Object.entries(fields)) {
    const own = webhooks.yapla.fields[name];
    const setting = own === undefined ? `fields.${name}.yapla` : `webhooks.yapla.fields.${name}`;
    place(shown, readPlace(field.yapla), valueAt(member, own ?? readPlace(field.yapla), setting));
  }
  const { modified, id } = yapla.read.answer;
  if (modified !== null && webhooks.yapla.modified === null) {
    place(shown, modified, valueAt(member, modified, 'yapla.read.answer.modified'));
  }
  if (memberIdPath({ webhooks, yapla }) === id) place(shown, id, contentIn(member, id));
  return shown;
}

function place(shown: JsonObject, path: string, value: Json | undefined): void {
  if (value !== undefined) putAt(shown, path, value);
}
