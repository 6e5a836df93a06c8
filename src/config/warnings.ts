import { formatPath } from './settings.js';
import { readsOneMember } from './ways.js';
import type { Config } from './schema.js';

/** What is valid and yet dangerous, a sentence each, without any value. */
export function warningsOf({ connections }: Pick<Config, 'connections'>): readonly string[] {
  return Object.entries(connections).flatMap(([name, { yapla, webhooks }]) => {
    const { secret, hmac, header, basic, believe } = webhooks.yapla;
    const readsOne = readsOneMember(yapla);
    // Where a member can be read, a forged delivery costs a read and changes nothing.
    if (
      secret === undefined ||
      readsOne ||
      believe === 'nothing' ||
      hmac !== undefined ||
      header !== undefined ||
      basic !== undefined
    )
      return [];
    const place = formatPath(['connections', name, 'webhooks', 'yapla']);
    return [
      `${place}: bodies are believed, because no single member can be read, and only the address protects them: anybody who learns it can rewrite members. Agree on hmac, header or basic with Yapla if it can send one; else "believe: nothing" has the list read instead.`,
    ];
  });
}
