/** What a connection can do by the ways that it reads and writes Yapla, in sentences: for `passerelle config` and `passerelle doctor`. */
import type { ConnectionConfig } from './schema.js';

/** A sentence for each way, and what it cannot do. */
export function waysOf({ yapla }: Pick<ConnectionConfig, 'yapla'>): readonly string[] {
  return [writing(yapla), reading(yapla)];
}

function writing({ write }: ConnectionConfig['yapla']): string {
  switch (write.mode) {
    case 'rest':
      return 'Yapla is written at once, through REST 2.0.';
    case 'graphql':
      return 'Yapla is written at once, through GraphQL, for the person who logged in ("passerelle login").';
    case 'workbook':
      return `Yapla is written by files that a person imports (docs/yapla-imports.md): a change arrives when its file was imported, a file has ${write.maxRows} people at most, and no file clears a field, which becomes a case.`;
    case 'none':
      return 'Yapla is only read: changes travel to Yoplanning alone.';
  }
}

/** Whether one member can be read, by the DATA API or by the way to write. */
export function readsOneMember({ read, write }: ConnectionConfig['yapla']): boolean {
  const readsByWriter =
    (write.mode === 'rest' && write.memberPath !== null) || (write.mode === 'graphql' && write.read !== null);
  return read.memberPath !== null || readsByWriter;
}

function reading(yapla: ConnectionConfig['yapla']): string {
  if (yapla.read.mode === 'workbook')
    return 'Yapla is read from its exports ("passerelle import-members") and by what webhooks tell: only a file given with --whole says that somebody is gone.';
  return readsOneMember(yapla)
    ? 'Yapla is read by its API, one member or all: a removal is proven by asking for the member.'
    : 'Yapla is read by its API as a whole list, and by what webhooks tell: a removal is proven by a complete list only.';
}
