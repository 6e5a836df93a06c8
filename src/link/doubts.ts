import type { Doubt } from '../core/match.js';
import type { NewCase } from '../store/cases.js';

/** The question whether these records are one person, or several. */
export function doubtCase(doubt: Doubt): NewCase {
  const ids = [...doubt.yapla.map((id) => `yapla:${id}`), ...doubt.yoplanning.map((id) => `yoplanning:${id}`)];
  return { kind: 'doubt', subject: ids.join(' '), field: doubt.kind, details: doubt };
}
