/** Records that may be one person, or several. None of them is linked or created meanwhile: matching looks for open doubts itself. */
import type { Doubt } from '../core/match.js';
import type { SystemName } from '../core/record.js';
import type { NewCase } from '../store/cases.js';
import { noAnswers, type Kind } from './kind.js';

export const doubt = {
  code: 'doubt',
  about: 'records',
  answers: { ...noAnswers, close: 'asksAgain' },
  holds: null,
  endsByMerging: false,
  stands: () => true,
  shows: { what: 'people', writes: 0 },
  facts: ({ details }) => {
    const { kind, by } = (details ?? {}) as Partial<Doubt>;
    return [{ code: 'foundBy' as const, rule: by ?? null, why: kind ?? null }];
  },
} as const satisfies Kind;

/** The question whether these records are one person, or several. */
export function doubtCase(found: Doubt): NewCase<Doubt> {
  const ids = [...found.yapla.map((id) => `yapla:${id}`), ...found.yoplanning.map((id) => `yoplanning:${id}`)];
  return { kind: doubt.code, subject: ids.join(' '), field: found.kind, details: found };
}

/** The question about a record that was gone from a link and is back, while another record has its place there. */
export function returnedDoubt(system: SystemName, id: string, instead: string): Doubt {
  return { kind: 'several', by: 'returned', yapla: [], yoplanning: [], [system]: [id, instead].sort() };
}
