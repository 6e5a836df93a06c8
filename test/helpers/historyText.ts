/** All that a workflow's history says, as text: payloads are bytes there, which JSON.stringify does not show. */
import type { WorkflowHandle } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';

export async function historyText(handle: Pick<WorkflowHandle, 'fetchHistory'>): Promise<string> {
  return textOf(await handle.fetchHistory());
}

/** The same of a history at hand. */
export function textOf(history: History): string {
  const texts: string[] = [];
  collect(history, texts);
  return texts.join('\n');
}

function collect(value: unknown, texts: string[]): void {
  if (typeof value === 'string') texts.push(value);
  else if (value instanceof Uint8Array) texts.push(unescaped(Buffer.from(value).toString('utf8')));
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      texts.push(key);
      collect(inner, texts);
    }
  }
}

/** A payload's JSON as its strings read, not as they are escaped. */
function unescaped(text: string): string {
  try {
    const found: string[] = [];
    collect(JSON.parse(text), found);
    return `${text}\n${found.join('\n')}`;
  } catch {
    return text;
  }
}
