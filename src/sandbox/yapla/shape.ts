/** What one account's API looks like. Nothing of it is public (systems/yapla.md): three shapes stand for what may come. */
import { setProperty } from 'dot-prop';
import type { FastifyRequest } from 'fastify';
import { localTime } from '../../core/zone.js';
import type { JsonObject } from '../../systems/system.js';
import type { Answer } from '../door.js';
import type { ListEnd } from '../options.js';
import type { PersonField } from '../person.js';
import type { PersonEvent } from '../registry.js';
import type { Member, MemberFields } from './members.js';

/** Which part of the list is asked for. */
export interface Window {
  readonly start: number;
  readonly size: number;
}

/** What a write asks for: `whole` sets everything it does not name to empty, `partial` leaves it. */
export interface MemberWrite {
  readonly mode: 'whole' | 'partial';
  readonly person: Readonly<Partial<Record<PersonField, unknown>>>;
  readonly rest: Partial<Omit<MemberFields, 'person'>>;
  /** Complaints about choice fields, by canonical field. */
  readonly refused?: Readonly<Record<string, string>>;
}

export interface YaplaShape {
  /** Which of the two APIs can read one member. Of the others each id is answered as if there were no such address. */
  readonly readsOne: { readonly data: boolean; readonly rest: boolean };
  /** Path of the members in REST 2.0, and the verb that updates one. */
  readonly restPath: string;
  readonly updateMethod: 'PUT' | 'PATCH';

  /** The DATA key that the request carries. */
  keyOf(request: FastifyRequest): string | undefined;
  windowOf(query: URLSearchParams, maxPageSize: number): Window;
  /** @param says what of the list's length the page shows */
  page(members: readonly Member[], total: number, window: Window, says: ListEnd): JsonObject;
  /** A member as it is read, in the DATA API and in REST 2.0 alike. */
  document(member: Member): JsonObject;
  readAnswer(member: Member): JsonObject;
  /** The body of a webhook. @param document of the member, as it is read */
  webhookBody(event: PersonEvent, document: JsonObject): JsonObject;
  /** What the body of a creation or an update asks for. */
  parse(body: JsonObject): MemberWrite;
  createdAnswer(member: Member): Answer;
  updatedAnswer(member: Member): Answer;
  /** Complaints by canonical field. */
  invalid(complaints: Readonly<Record<string, string>>): Answer;
  failure(status: number, message: string, headers?: Record<string, string>): Answer;
}

/** The document as the API shows it, whatever should stand there (`Member.spoilt`). */
export function asSpoilt({ spoilt }: Member, document: JsonObject): JsonObject {
  for (const [path, value] of Object.entries(spoilt)) setProperty(document, path, value);
  return document;
}

/** The shape with each member as `show` gives it, wherever it is read. */
export function showing(shape: YaplaShape, show: (member: Member) => Member): YaplaShape {
  return {
    ...shape,
    page: (members, total, window, says) => shape.page(members.map(show), total, window, says),
    document: (member) => shape.document(show(member)),
    readAnswer: (member) => shape.readAnswer(show(member)),
    createdAnswer: (member) => shape.createdAnswer(show(member)),
    updatedAnswer: (member) => shape.updatedAnswer(show(member)),
  };
}

/** An account whose times without an offset are those of a clock on its wall. For shapes that write them so. */
export function zonedShape(shape: YaplaShape, zone: string): YaplaShape {
  return showing(shape, (member) => ({
    ...member,
    createdAtMs: localTime(member.createdAtMs, zone),
    updatedAtMs: localTime(member.updatedAtMs, zone),
  }));
}
