/** Members through Yapla's REST 2.0: read one, create, update. Paths, wrapping and shape are configuration. */
import { setProperty } from 'dot-prop';
import { laidOver } from '../../core/document.js';
import type { YaplaConfig, YaplaRestConfig } from '../../config/yapla.js';
import type { Answer, Ask, HttpClient } from '../../http/client.js';
import { RecordMissing, RequestRefused } from '../../http/failures.js';
import type { Permit } from '../../store/budget.js';
import { fillPath } from '../places.js';
import { type RecordPlaces, toRecord } from '../records.js';
import type { JsonObject, Merge, System, SystemRecord, UpdateResult } from '../system.js';
import { changeOf, type DocumentAnswer, newDocument, nothingToWrite, readMergeWrite } from '../update.js';
import { accepted, contentAt, idAt, objectAt, timesOf, type YaplaDataApi } from './dataApi.js';
import type { SessionSend, YaplaSession } from './session.js';

export interface RestWriterOptions {
  readonly config: YaplaConfig;
  readonly rest: YaplaRestConfig;
  readonly places: RecordPlaces;
  readonly http: HttpClient;
  readonly session: YaplaSession;
  /** Reads one member where REST 2.0 cannot and the DATA API can. */
  readonly dataApi: YaplaDataApi;
}

/** What an update is told besides what to write. */
export interface UpdateOptions {
  readonly reference: string | undefined;
  readonly ask: Ask;
  readonly known?: SystemRecord | undefined;
}

export function createRestWriter({ config, rest, places, http, session, dataApi }: RestWriterOptions): YaplaWriter {
  const { campaign } = config;
  const { errorWhen } = config.read.answer;
  const { memberPath } = rest;
  const readsOne = memberPath !== null || config.read.memberPath !== null;

  async function readOne(send: SessionSend, memberPath: string, id: string, ask: Ask, permit?: Permit) {
    const path = fillPath(memberPath, { campaign, id });
    const answer = accepted(
      await send({ method: 'GET', access: 'read', path, kind: memberPath } as const, ask, permit),
      errorWhen,
    );
    const document = answer.status === 404 ? null : objectAt(answer, rest.answerRecord, 'yapla.write.answerRecord');
    return { ...timesOf(answer), document };
  }

  async function put(send: SessionSend, id: string, document: JsonObject, ask: Ask, permit?: Permit) {
    const { method, path: template, wrap, record, shape } = rest.update;
    const path = fillPath(template, { campaign, id });
    const request = { method, access: 'update', path, body: wrapped(document, wrap), kind: template } as const;
    const answer = accepted(await send(request, ask, permit), errorWhen);
    return { ...timesOf(answer), document: updatedRecord(answer, record, shape) };
  }

  /**
   * An update of only our fields, where no member can be read: the caller decides on what it knows. What was sent is laid over that, and
   * then what the answer shows: the answer may be the whole member, a part, or nothing at all.
   */
  async function writeUnread(send: SessionSend, before: SystemRecord, merge: Merge, { reference, ask }: UpdateOptions) {
    const { id } = before;
    const decision = merge(before);
    if ('stop' in decision) return { outcome: 'stopped', reason: decision.stop, before } as const;
    const change = changeOf(before, decision.set, reference, { places, shape: 'partial' });
    if (change === null) return { outcome: 'stopped', reason: nothingToWrite, before } as const;
    try {
      const written = await put(send, id, change.sent, ask);
      const after = toRecord(laidOver(change.expected, written.document ?? {}), places, written, id);
      const answered = written.document !== null;
      const { requestId } = written;
      return { outcome: 'written', before, after, answered, gapMs: 0, unmappedChanged: [], requestId } as const;
    } catch (error) {
      if (error instanceof RecordMissing) return { outcome: 'missing' } as const;
      throw error;
    }
  }

  function update(send: SessionSend, id: string, merge: Merge, { reference, ask, known }: UpdateOptions) {
    let read: (permit: Permit | undefined) => Promise<DocumentAnswer>;
    if (memberPath !== null) read = (permit) => readOne(send, memberPath, id, ask, permit);
    else if (config.read.memberPath !== null) read = (permit) => dataApi.readOne(id, ask, permit);
    else return writeUnread(send, known ?? nothingKnown(id), merge, { reference, ask });
    return readMergeWrite(id, merge, reference, ask, {
      http,
      places,
      volatileFields: config.volatileFields,
      shape: rest.update.shape,
      read,
      write: (document, permit) => put(send, id, document, ask, permit),
    });
  }

  return {
    writes: true,

    read:
      memberPath === null
        ? null
        : (id, ask) =>
            session.run(ask, async (send) => {
              const got = await readOne(send, memberPath, id, ask);
              return got.document === null ? null : toRecord(got.document, places, got, id);
            }),

    async create({ fields, externalReference }, ask) {
      const { method, path: template, wrap, id: idPath, record } = rest.create;
      const { sent, expected } = newDocument(fields, externalReference, places);
      const path = fillPath(template, { campaign });
      const request = { method, access: 'create', path, body: wrapped(sent, wrap), kind: template } as const;
      const answer = await session.run(ask, (send) => send(request, ask));
      accepted(answer, errorWhen);
      const document = answeredRecord(answer, record, 'yapla.write.create.record');
      const { requestId } = answer;
      if (idPath === null) return { record: document === null ? null : toRecord(document, places, answer), requestId };
      const id = idAt(answer, idPath, 'yapla.write.create.id');
      const shown = readsOne ? (document ?? expected) : laidOver(expected, document ?? {});
      return { record: toRecord(shown, places, answer, id), requestId };
    },

    update: (id, merge, ask, reference, known): Promise<UpdateResult> =>
      session.run(ask, (send) => update(send, id, merge, { reference, ask, known })),
  };
}

/** `null` where the configuration says that a write answers no record, or the answer has no content at all. */
function answeredRecord(answer: Answer, path: string | null, setting: string): JsonObject | null {
  return path === null || answer.body === null ? null : objectAt(answer, path, setting);
}

/**
 * An update of only our fields may well be answered by a word: where nothing stands at the path, no record was answered. An update of the
 * whole must show what became of the rest, if it is said to.
 */
function updatedRecord(answer: Answer, path: string | null, shape: 'whole' | 'partial'): JsonObject | null {
  const isNothing = path !== null && path !== '' && contentAt(answer, path) === undefined;
  return isNothing && shape === 'partial' ? null : answeredRecord(answer, path, 'yapla.write.update.record');
}

export function nothingKnown(id: string): SystemRecord {
  return { id, document: {}, fields: {}, modifiedAt: null, externalReference: null };
}

function wrapped(document: JsonObject, wrap: string): JsonObject {
  return wrap === '' ? document : setProperty<JsonObject>({}, wrap, document);
}

/*
 * The seam between Yapla's members and the ways to write them. Yapla's own documents contradict each other on whether its API
 * writes at all (docs/systems.md), so the way is chosen for each connection (`yapla.write.mode`).
 */

/** One way to write members at once. A way that reads one member for its own updates offers that reading to all. */
export interface YaplaWriter extends Pick<System, 'create' | 'update' | 'writes' | 'checkWrites'> {
  /** `null` where this way cannot read one member. */
  readonly read: ((id: string, ask: Ask) => Promise<SystemRecord | null>) | null;
}

/** `yapla.write.mode: none`: Yapla is only read. @param connection for the error of the one who writes all the same. */
export function createNoWriter(connection: string): YaplaWriter {
  const refuse = (record: string | undefined) => {
    const context = { connection, system: 'yapla', access: 'none', method: 'none', path: 'members' } as const;
    const what = 'nothing was sent: yapla.write.mode is "none", so Yapla is only read';
    const whatToDo = 'Set yapla.write.mode, or let fields and creations travel to Yoplanning only';
    return Promise.reject(
      new RequestRefused(record === undefined ? context : { ...context, record }, 0, what, whatToDo),
    );
  };
  return {
    writes: false,
    read: null,
    create: (_request, ask) => refuse(ask.record),
    update: (id) => refuse(id),
  };
}
