/** An account of any shape that shows choice fields by label, and takes "the exact label or the value" (systems/yapla.md), and nothing else. */
import type { Labels } from '../labels.js';
import type { Member } from './members.js';
import type { MemberWrite, YaplaShape } from './shape.js';

export function labelledShape(shape: YaplaShape, labels: Labels): YaplaShape {
  if (labels.isEmpty) return shape;
  const shown = (member: Member): Member => ({
    ...member,
    fields: { ...member.fields, person: labels.shown(member.fields.person) },
  });
  return {
    ...shape,
    page: (members, total, window, says) => shape.page(members.map(shown), total, window, says),
    document: (member) => shape.document(shown(member)),
    readAnswer: (member) => shape.readAnswer(shown(member)),
    createdAnswer: (member) => shape.createdAnswer(shown(member)),
    updatedAnswer: (member) => shape.updatedAnswer(shown(member)),
    parse: (body) => chosen(shape.parse(body), labels),
  };
}

function chosen(write: MemberWrite, labels: Labels): MemberWrite {
  const person: Record<string, unknown> = { ...write.person };
  const refused: Record<string, string> = {};
  for (const [field, text] of Object.entries(write.person)) {
    if (!labels.has(field) || typeof text !== 'string' || text === '') continue;
    const value = labels.valueOf(field, text) ?? (labels.isValue(field, text) ? text : undefined);
    if (value === undefined) refused[field] = `"${text}" is not one of the choices.`;
    else person[field] = value;
  }
  return { ...write, person, refused };
}
