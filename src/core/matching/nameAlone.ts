/** People of one name, and nothing more to tell them by. */
import { otherSystem, type SystemName } from '../record.js';
import type { Candidate, Doubt, GroupResult } from './candidate.js';
import { nameAloneRule, ruleName } from './keys.js';
import { idsOf, isAnswered, sides, type Person, type Sides } from './people.js';

/**
 * Judges records that no rule found a counterpart for, and that have one name. They are not made a second time on each side without a
 * question: no rule could look further than the name. Whose birthday contradicts everybody's on the other side is somebody else; and so
 * are people of one system only.
 */
export function matchNameAlone(group: readonly Candidate[]): GroupResult {
  const people = sides(group.filter((one) => one.standing === undefined || one.standing === 'open'));
  const birthDates = {
    yapla: new Set(people.yapla.map((one) => one.birthDate)),
    yoplanning: new Set(people.yoplanning.map((one) => one.birthDate)),
  };
  /** Told by looking each up: a big club has many of one name. */
  const hasCounterpart = (system: SystemName, { birthDate }: Person) => {
    const others = birthDates[otherSystem(system)];
    return others.size > 0 && (birthDate === null || others.has(null) || others.has(birthDate));
  };
  const asked = {
    yapla: people.yapla.filter((one) => hasCounterpart('yapla', one)),
    yoplanning: people.yoplanning.filter((one) => hasCounterpart('yoplanning', one)),
  };
  const isOneQuestion = birthDates.yapla.has(null) || birthDates.yoplanning.has(null);
  const questions = isOneQuestion ? [asked] : byBirthDate(asked);
  const doubts = questions.flatMap(({ yapla, yoplanning }): Doubt[] =>
    isAnswered({ yapla, yoplanning }) || ![...yapla, ...yoplanning].some((one) => one.isNew)
      ? []
      : [{ kind: 'nameAlone', by: ruleName(nameAloneRule), yapla: idsOf(yapla), yoplanning: idsOf(yoplanning) }],
  );
  return { links: [], doubts };
}

/** One side each for every birthday. */
function byBirthDate({ yapla, yoplanning }: Sides): readonly Sides[] {
  const dates = [...new Set(yapla.map((one) => one.birthDate))];
  const of = (people: readonly Person[], date: string | null) => people.filter((one) => one.birthDate === date);
  return dates.map((date) => ({ yapla: of(yapla, date), yoplanning: of(yoplanning, date) }));
}
