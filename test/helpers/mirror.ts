/** The same question to `decide`, asked from the other bank: for the property that it favours neither system. */
import type { Decision, DecideInput, Reason } from '../../src/core/decide.js';
import { otherSystem, type FieldDefinition } from '../../src/core/record.js';

const directions = { both: 'both', toYapla: 'toYoplanning', toYoplanning: 'toYapla' } as const;

const reasons: Readonly<Record<Reason, Reason>> = {
  firstEqual: 'firstEqual',
  bothChangedSame: 'bothChangedSame',
  changedInYapla: 'changedInYoplanning',
  changedInYoplanning: 'changedInYapla',
  emptyInYapla: 'emptyInYoplanning',
  emptyInYoplanning: 'emptyInYapla',
  ruleYapla: 'ruleYoplanning',
  ruleYoplanning: 'ruleYapla',
  newestYapla: 'newestYoplanning',
  newestYoplanning: 'newestYapla',
  ask: 'ask',
  oneWay: 'oneWay',
  nothingToSend: 'nothingToSend',
  created: 'created',
  moved: 'moved',
  notReturned: 'notReturned',
};

function mirrorField(field: FieldDefinition): FieldDefinition {
  const rule = field.rule === 'yapla' || field.rule === 'yoplanning' ? otherSystem(field.rule) : field.rule;
  return { ...field, rule, direction: directions[field.direction] };
}

/** Swaps the two systems in a question. */
export function mirrorInput(input: DecideInput): DecideInput {
  return { base: input.base, yapla: input.yoplanning, yoplanning: input.yapla, fields: input.fields.map(mirrorField) };
}

/** Swaps the two systems in a decision. */
export function mirrorDecision(decision: Decision): Decision {
  return {
    ...decision,
    write: { yapla: decision.write.yoplanning, yoplanning: decision.write.yapla },
    create: decision.create && otherSystem(decision.create),
    gone: decision.gone === null || decision.gone === 'both' ? decision.gone : otherSystem(decision.gone),
    reasons: Object.fromEntries(Object.entries(decision.reasons).map(([field, reason]) => [field, reasons[reason]])),
  };
}
