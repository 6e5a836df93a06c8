/**
 * A connection's imports as a state machine: what is done next, which messages are taken. No Temporal: the workflow (yaplaImport.ts) carries
 * the steps out and hands the whole state to its next run.
 *
 *     collecting ── enough waits, or for long enough, or somebody asks ──> make ──> announce
 *         ↑                                                                            │
 *         │                                                                            ↓
 *     all files are judged <── judge <── `importDone`, for weeks if need be ── waitingForImport
 *
 * What waits, and which files there are, stands in Postgres: each look brings the state to it. While files are out none is made, so that none
 * is imported out of its order.
 */
import type { ImportFile, ImportProgress, ImportRefusal, ImportState, ImportTotals } from './yaplaImport.messages.js';

/** What a look at the database tells. */
export interface ImportLook {
  /** The connection does not collect (any more). */
  readonly isOver: boolean;
  readonly people: number;
  readonly sinceMs: number | null;
  readonly files: readonly ImportFile[];
  /** Of the newest file, judged or not; 0: there was none. */
  readonly lastNumber: number;
  readonly settings: ImportSettings;
}

/** Numbers of the configuration. */
export interface ImportSettings {
  readonly maxRows: number;
  readonly closeAfterMs: number;
  readonly checkMs: number;
  readonly maxHistoryEvents: number;
  /** Without a sign of life for so long, a worker that reads or writes files is taken for dead. */
  readonly heartbeatTimeoutMs: number;
}

/** Everything that the next run must know. */
export interface ImportRunState {
  readonly look: ImportLook | null;
  readonly lookedAtMs: number;
  /** Somebody asked for a file. */
  readonly isWanted: boolean;
  /** Times that files were made, or found to be out: who asked for one waits for the next. */
  readonly makes: number;
  /** When a file was last to be made, and nothing that waits could be in one; null, or absent in older histories: it could. */
  readonly madeNothingAtMs?: number | null;
  /** Files that nobody was told of yet. */
  readonly unannounced: readonly number[];
  /** Of the file that is judged: the list was read since it was imported. */
  readonly isListRead: boolean;
  /** Looks in vain, one behind the other, at what an import brought. */
  readonly vainLooks: number;
  readonly totals: ImportTotals;
  readonly failure: string | null;
}

export const newImportRun: ImportRunState = {
  look: null,
  lookedAtMs: 0,
  isWanted: false,
  makes: 0,
  madeNothingAtMs: null,
  unannounced: [],
  isListRead: false,
  vainLooks: 0,
  totals: { files: 0, confirmed: 0, edited: 0, notShown: 0, asked: 0 },
  failure: null,
};

export type ImportStep =
  | { readonly do: 'look' | 'make' }
  | { readonly do: 'announce'; readonly number: number }
  /** Says in the database that it is imported, reads the list once, and judges. */
  | { readonly do: 'judge'; readonly number: number; readonly readsList: boolean }
  /** Null: until somebody says something. */
  | { readonly do: 'wait'; readonly ms: number | null }
  | { readonly do: 'end' };

/** What a judgement comes to. */
export interface Judged {
  /** Values that were not read since the import. 0: it is judged. */
  readonly unread: number;
  readonly counts: Omit<ImportTotals, 'files'> | null;
}

/** The longest pause between two looks at what nobody has read yet: the next reading of the list tells, and those are a day apart. */
const longestPauseMs = 24 * 3_600_000;

/** Of runs that looked before there was a setting, and until the first look. */
const defaultHeartbeatTimeoutMs = 30_000;

export class ImportRun {
  #state: ImportRunState;
  /** Something was said since the last step. Not carried on: a run begins with a look. */
  #isWoken = false;
  /** After a vain look or a failure: nothing is done before. */
  #restsUntilMs = 0;

  constructor(
    private readonly connectionId: string,
    carried: ImportRunState = newImportRun,
  ) {
    this.#state = { ...carried, lookedAtMs: 0 };
  }

  get state(): ImportRunState {
    return this.#state;
  }

  get isWoken(): boolean {
    return this.#isWoken;
  }

  get files(): readonly ImportFile[] {
    return this.#state.look?.files ?? [];
  }

  get maxHistoryEvents(): number {
    return this.#state.look?.settings.maxHistoryEvents ?? Number.POSITIVE_INFINITY;
  }

  get heartbeatTimeoutMs(): number {
    return this.#state.look?.settings.heartbeatTimeoutMs ?? defaultHeartbeatTimeoutMs;
  }

  /** The next step. Pure, but for what was said: that is looked at now. */
  next(nowMs: number): ImportStep {
    this.#isWoken = false;
    const { look, lookedAtMs, unannounced, isWanted, isListRead, madeNothingAtMs = null } = this.#state;
    if (look === null || lookedAtMs === 0) return { do: 'look' };
    if (look.isOver) return { do: 'end' };
    if (nowMs < this.#restsUntilMs) return { do: 'wait', ms: this.#restsUntilMs - nowMs };
    const [number] = unannounced;
    if (number !== undefined) return { do: 'announce', number };
    const done = look.files.find(({ isDone }) => isDone);
    if (done !== undefined) return { do: 'judge', number: done.number, readsList: !isListRead };
    if (look.files.length > 0) return { do: 'wait', ms: null };
    const { maxRows, closeAfterMs, checkMs } = look.settings;
    const closesMs = look.people >= maxRows ? 0 : (look.sinceMs ?? Number.POSITIVE_INFINITY) + closeAfterMs;
    // What is held back may wait for as long as a question is open.
    const againMs = madeNothingAtMs === null ? 0 : madeNothingAtMs + checkMs;
    const dueMs = look.people === 0 ? Number.POSITIVE_INFINITY : Math.max(closesMs, againMs);
    if (isWanted || nowMs >= dueMs) return { do: 'make' };
    const checkAtMs = Math.min(lookedAtMs + checkMs, dueMs);
    return nowMs >= checkAtMs ? { do: 'look' } : { do: 'wait', ms: checkAtMs - nowMs };
  }

  looked(look: ImportLook, nowMs: number): void {
    const told = this.#state.unannounced;
    const isKnown = (number: number) => look.files.some((one) => one.number === number);
    // Of a file that was said to be imported the database may not have heard yet.
    const said = new Set(this.files.filter(({ isDone }) => isDone).map(({ number }) => number));
    const files = look.files.map((one) => (said.has(one.number) ? { ...one, isDone: true } : one));
    this.#become({
      look: { ...look, files },
      lookedAtMs: nowMs,
      unannounced: told.filter(isKnown),
      failure: null,
    });
  }

  /** @param files all that are out now, those that were made and those that stood */
  made(files: readonly ImportFile[], nowMs: number): void {
    const { makes, look, unannounced } = this.#state;
    const before = new Set(this.files.map(({ number }) => number));
    const since = files.flatMap(({ number }) => (before.has(number) ? [] : [number]));
    this.#become({
      makes: makes + 1,
      madeNothingAtMs: files.length === 0 ? nowMs : null,
      isWanted: false,
      unannounced: [...unannounced, ...since],
      look: look === null ? null : { ...look, files },
      // What is left to be collected, and the newest number, are looked at before anything else.
      lookedAtMs: 0,
      failure: null,
    });
  }

  announced(number: number): void {
    this.#become({ unannounced: this.#state.unannounced.filter((one) => one !== number), failure: null });
  }

  listRead(): void {
    this.#become({ isListRead: true, failure: null });
  }

  judged(number: number, { unread, counts }: Judged, nowMs: number): void {
    const { look, vainLooks, totals } = this.#state;
    if (unread > 0) {
      const pauseMs = Math.min(
        (look?.settings.checkMs ?? longestPauseMs) * 2 ** Math.min(vainLooks, 20),
        longestPauseMs,
      );
      this.#restsUntilMs = nowMs + pauseMs;
      this.#become({ vainLooks: vainLooks + 1, failure: null });
      return;
    }
    const none = { confirmed: 0, edited: 0, notShown: 0, asked: 0 };
    const more = counts ?? none;
    this.#become({
      look: look === null ? null : { ...look, files: look.files.filter((one) => one.number !== number) },
      lookedAtMs: 0,
      isListRead: false,
      vainLooks: 0,
      totals: {
        files: totals.files + 1,
        confirmed: totals.confirmed + more.confirmed,
        edited: totals.edited + more.edited,
        notShown: totals.notShown + more.notShown,
        asked: totals.asked + more.asked,
      },
      failure: null,
    });
  }

  /** A step failed in a way that Temporal does not try again. @returns how long nothing is done */
  failed(failure: string, nowMs: number): number {
    const pauseMs = this.#state.look?.settings.checkMs ?? 60_000;
    this.#restsUntilMs = nowMs + pauseMs;
    this.#become({ failure });
    return pauseMs;
  }

  // --- messages ---

  refusalOfClosing(): ImportRefusal | null {
    if (this.#state.look?.isOver)
      return { code: 'ended', text: `${this.connectionId} collects nothing for files (yapla.write.mode)` };
    const [file] = this.files;
    if (file === undefined) return null;
    const since = new Date(file.madeAtMs).toISOString().slice(0, 10);
    const text = file.isDone
      ? `file ${file.number} of ${this.connectionId} was imported, and it is looked what it brought: the next can be made when that is known`
      : `file ${file.number} of ${this.connectionId} (${file.people} people) waits since ${since} to be imported, and files are imported in their order: fetch it with "passerelle import-batch ${this.connectionId} --number ${file.number}", import it, then "passerelle import-done ${this.connectionId} ${file.number}"`;
    return { code: 'filesOut', text };
  }

  /** Files are to be made. @returns what to wait for: `state.makes` beyond it */
  want(): number {
    this.#become({ isWanted: true, lookedAtMs: 0 });
    this.wake();
    return this.#state.makes;
  }

  refusalOfDone(number: number): ImportRefusal | null {
    const last = this.#state.look?.lastNumber ?? 0;
    if (this.files.some((one) => one.number === number)) return null;
    if (Number.isInteger(number) && number >= 1 && number <= last) return null;
    const out = this.files.filter(({ isDone }) => !isDone).map((one) => one.number);
    const those = out.length === 0 ? 'none waits to be imported' : `to be imported: ${out.join(', ')}`;
    return { code: 'noSuchFile', text: `${this.connectionId} has no file ${number}; ${those}` };
  }

  /** A person has imported a file. Twice is once. */
  done(number: number): { readonly people: number | null; readonly isRepeated: boolean } {
    const file = this.files.find((one) => one.number === number);
    if (file === undefined || file.isDone) return { people: file?.people ?? null, isRepeated: true };
    const { look } = this.#state;
    const files = this.files.map((one) => (one.number === number ? { ...one, isDone: true } : one));
    // What was read before says nothing about it.
    this.#become({ look: look && { ...look, files }, isListRead: false, vainLooks: 0 });
    this.#restsUntilMs = 0;
    this.wake();
    return { people: file.people, isRepeated: false };
  }

  wake(): void {
    this.#isWoken = true;
  }

  // --- what others see ---

  get progress(): ImportProgress {
    const { look, totals, failure } = this.#state;
    return {
      connectionId: this.connectionId,
      state: this.shown,
      collected: { people: look?.people ?? 0, sinceMs: look?.sinceMs ?? null },
      files: this.files,
      totals,
      failure,
    };
  }

  get shown(): ImportState {
    if (this.#state.failure !== null) return 'stopped';
    if (this.files.some(({ isDone }) => isDone)) return 'judging';
    return this.files.length > 0 ? 'waitingForImport' : 'collecting';
  }

  /** For Temporal's UI: who waits for whom, since when. */
  get details(): string {
    const { look, totals, failure } = this.#state;
    const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    const lines = this.files.map(({ number, people, madeAtMs, isDone }) =>
      isDone
        ? `file ${number} (${people} people) is imported: it is looked what it brought`
        : `${people} people wait since ${day(madeAtMs)} for somebody who imports file ${number}`,
    );
    const since = look === null || look.sinceMs === null ? '' : ` since ${day(look.sinceMs)}`;
    lines.push(`${look?.people ?? 0} people wait${since} for the next file`);
    lines.push(
      `so far: ${totals.files} files, ${totals.confirmed} people confirmed, ${totals.edited} edited meanwhile, ${totals.notShown} not shown and in the next file, ${totals.asked} asked about`,
    );
    if (failure !== null) lines.push(`stopped: ${failure}; tried again now and then`);
    return lines.join('; ');
  }

  #become(change: Partial<ImportRunState>): void {
    this.#state = { ...this.#state, ...change };
  }
}
