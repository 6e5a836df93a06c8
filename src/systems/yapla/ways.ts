/** The ways to write to Yapla by name, for a person who has to choose another one. What each can do: config/ways.ts. */
import type { YaplaConfig } from '../../config/yapla.js';

type Mode = 'rest' | 'graphql' | 'workbook' | 'none';

const ways: Readonly<Record<Mode, string>> = {
  rest: 'REST 2.0',
  graphql: 'GraphQL',
  workbook: 'Excel imports by hand',
  none: 'Yapla is only read',
};

/** What to do about an account that may read and not write. */
export function ifReadOnly(mode: YaplaConfig['write']['mode']): string {
  const others = (Object.keys(ways) as Mode[]).filter((other) => other !== mode);
  const list = others.map((other) => `${other} (${ways[other]})`).join(', ');
  return `This account may not write by ${ways[mode]}: have the right granted in Yapla, or set yapla.write.mode to ${list}`;
}
