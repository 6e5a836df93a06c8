/** The ways to write to Yapla, and what each can do: said to the person who chooses one (docs/systems.md). */
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

/** What a connection can and cannot do, as its configuration says: sentences without a full stop. */
export function abilitiesOf({ read, write }: Pick<YaplaConfig, 'read' | 'write'>): readonly string[] {
  const readsOne = read.memberPath !== null || ownRead(write) !== null;
  return [
    write.mode === 'none'
      ? 'nothing is written to Yapla'
      : `changes and new people are written to Yapla as they come, by ${ways[write.mode]}`,
    readsOne
      ? 'one member can be read: an event is checked against what Yapla shows'
      : 'no single member can be read: what an event says counts until the next reconciliation reads the list',
    'that somebody is gone from Yapla is proven by a complete list only, and nobody is ever deleted there',
  ];
}

function ownRead(write: YaplaConfig['write']): unknown {
  if (write.mode === 'rest') return write.memberPath;
  return write.mode === 'graphql' ? write.read : null;
}
