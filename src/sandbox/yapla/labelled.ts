/** An account of any shape that shows choice fields by label, and takes "the exact label or the value" (systems/yapla.md), and nothing else. */
import type { Labels } from '../labels.js';
import { type MemberWrite, showing, type YaplaShape } from './shape.js';

export function labelledShape(shape: YaplaShape, labels: Labels): YaplaShape {
  if (labels.isEmpty) return shape;
  const shown = showing(shape, (member) => ({
    ...member,
    fields: { ...member.fields, person: labels.shown(member.fields.person) },
  }));
  return { ...shown, parse: (body) => chosen(shape.parse(body), labels) };
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
