/**
 * Carries out what was decided about one registration: exactly that, and only while its link is as it was when it was decided. What an order is
 * sent for stands in the database before (its intent, and its entry in the journal); what came back is recorded with what it changes, in one
 * transaction (link/results.ts).
 *
 * An order is never sent twice: one of which nobody knows what became of it is looked for by its reference first, and where the search cannot
 * be certain, nothing is sent.
 */
import type { BookingDecision, BookingQuestion, BookingView } from '../../core/events/bookings.js';
import { aimOf, wantsNone } from '../../core/events/bookings.js';
import { compareMoney } from '../../core/events/money.js';
import type { Wanted } from '../../core/events/wanted.js';
import { bookingCase, orderRefusedCase } from '../../cases/bookings.js';
import type { Ask } from '../../http/client.js';
import { type Failure, InvalidRecord, RequestRefused, ServerFailed, UnreadableRecord } from '../../http/failures.js';
import { ordersKnownBefore, rememberClients, setWaiting, wakeWaiting } from '../../store/bookings.js';
import type { NewCase } from '../../store/cases.js';
import type { Sql, Transaction } from '../../store/database.js';
import type { Permit } from '../../store/budget.js';
import { recordIntents } from '../../store/intents.js';
import { type JournalOutcome, recordIntended } from '../../store/journal.js';
import type { ShadowRow } from '../../store/shadows.js';
import type { SystemName } from '../../core/record.js';
import type { Order, OrderEdit } from '../../systems/yoplanning/orders.js';
import type { FoundOrders } from '../../systems/yoplanning/orderLookup.js';
import { LinkBusy, type LinkClaims } from '../claims.js';
import { isTheRecord } from '../unreadable.js';
import { keepOrder } from '../facts/orders.js';
import { bookingPurpose } from '../eventRequests.js';
import { commitResults, type KeptShadow, type LinkResult } from '../results.js';
import type { OpenEvents } from './open.js';
import { emptyView, viewNow } from './read.js';
import { clientsIn, draftOf, isAsWanted, itemsFor, paymentsMissing, sameOrder } from './drafts.js';
import { type BookingState, bookingText, loadBooking, orderShadow, orderViewOf, priceOf } from './state.js';

export interface ApplyingBooking {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly events: OpenEvents;
  readonly linkId: string;
  readonly decision: BookingDecision;
  /** Of the view that was decided on. */
  readonly version: number;
  /** Names this application, the same at every attempt. */
  readonly writeId: string;
  /** See `PermitAsk`. */
  readonly patienceMs?: number | undefined;
}

export interface AppliedBooking {
  /**
   * - `done`: all of it;
   * - `stale`: the link or the order changed meanwhile: it is decided again;
   * - `refused`: Yoplanning does not take it, or has no place; a case is open;
   * - `unsettled`: an order was sent, and it is not certain whether it took effect.
   */
  readonly outcome: 'done' | 'stale' | 'refused' | 'unsettled' | 'held';
  /** Names of what was written, by system. Nothing is ever written to Yapla. */
  readonly written: Readonly<Record<SystemName, readonly string[]>>;
  readonly created: SystemName | null;
  /** Kinds of the cases opened. */
  readonly cases: readonly string[];
  readonly view: BookingView;
}

const nothing = { written: { yapla: [], yoplanning: [] }, created: null, cases: [] } as const;

/** @throws {LinkBusy} {@link Failure} the attempt can be repeated */
export async function applyBooking(applying: ApplyingBooking): Promise<AppliedBooking> {
  const { sql, claims, events, linkId, version } = applying;
  const claim = await claims.claim(events.scope, [linkId]);
  try {
    if (!claim.linkIds.has(linkId)) throw new LinkBusy([linkId]);
    const state = await loadBooking(sql, events, linkId);
    if (state === null) return { ...nothing, outcome: 'stale', view: emptyView(events, 'unknown', null) };
    if (state.link.pair.version !== version)
      return { ...nothing, outcome: 'stale', view: await viewNow(sql, events, linkId) };
    return await new BookingWork(applying, state, () => claim.verify()).run();
  } finally {
    await claim.release();
  }
}

/** What an order was sent as. */
interface Sent {
  readonly wants: string;
  /** With its payment. */
  readonly isPaid: boolean;
}

/** What came of one step, before it is recorded. */
interface Came {
  readonly outcome: AppliedBooking['outcome'];
  readonly shadow?: ShadowRow;
  /** The registration, where it is stored anew. */
  readonly registration?: ShadowRow;
  readonly gone?: boolean;
  /** What both sides agree on since this; null: as before. */
  readonly agrees?: Readonly<Record<string, string>> | null;
  /** Id of an order that takes the place in the link. */
  readonly orderId?: string;
  readonly journal?: readonly JournalOutcome[];
  readonly settlesIntent?: boolean;
  readonly isUnsettled?: boolean;
  readonly cases?: readonly NewCase[];
  readonly written?: readonly string[];
  readonly created?: boolean;
  /** What else belongs to it. */
  readonly also?: (tx: Transaction) => Promise<unknown>;
}

class BookingWork {
  private readonly ask: Ask;

  constructor(
    private readonly applying: ApplyingBooking,
    private readonly state: BookingState,
    private readonly verifyClaim: () => Promise<void>,
  ) {
    const { linkId, decision, patienceMs, events } = applying;
    const lane = decision.kind === 'book' && decision.waited ? ('idle' as const) : ('live' as const);
    const purpose = bookingPurpose(events.scope.connectionId, linkId);
    this.ask = { lane, record: state.link.pair.ids.yapla ?? linkId, purpose, patienceMs };
  }

  async run(): Promise<AppliedBooking> {
    const { decision } = this.applying;
    const came = await this.carryOut(decision);
    const view = await this.record(came, 'answers' in decision ? decision.answers : null);
    return {
      outcome: came.outcome,
      written: { yapla: [], yoplanning: came.written ?? [] },
      created: came.created ? 'yoplanning' : null,
      cases: (came.cases ?? []).map(({ kind }) => kind),
      view,
    };
  }

  private async carryOut(decision: BookingDecision): Promise<Came> {
    switch (decision.kind) {
      case 'ask':
        return {
          outcome: 'done',
          cases: [this.question(decision.question, decision.why === null ? {} : { why: decision.why })],
        };
      case 'agree':
        // What was sent, and left at that, is awaited no more.
        return {
          outcome: 'done',
          agrees: this.asTheyAre(),
          ...(decision.answers === 'orderUncertain' ? this.forgotten() : {}),
        };
      case 'forget':
        return { outcome: 'done', ...this.forgotten() };
      case 'bookAgain':
        return { outcome: 'done', agrees: { ...this.asTheyAre(), wants: wantsNone, cancelled: 'yes', paid: 'no' } };
      case 'wait':
        return { outcome: 'done', also: (tx) => this.waits(tx, true) };
      case 'reopen':
        return { outcome: 'done', registration: this.reopened() };
      case 'find':
        return await this.find();
      case 'book':
        return await this.book();
      case 'change':
        return await this.edit('booking', (order) => itemsFor(order, this.state.wanted!));
      case 'pay':
        return await this.edit('payments', (order) => {
          const addPayments = paymentsMissing(order, this.state.wanted!);
          return addPayments.length === 0 ? null : { addPayments };
        });
      case 'cancel':
        return await this.edit('cancelled', () => ({ cancel: true }));
    }
  }

  // --- an order that is to be made ---

  private async book(): Promise<Came> {
    const { events } = this.applying;
    const wanted = this.state.wanted!;
    if (this.state.link.intents.length > 0) {
      const found = await this.find();
      // Found, or not certain: decided again on what is known then.
      if (found.orderId !== undefined || found.outcome === 'unsettled') return found;
    }
    const writeId = `${this.applying.writeId}/1`;
    try {
      // Both at once, so that no validation is spent on an order that must wait for its permit.
      const ask = { ...this.ask, writes: true };
      return await events.bookings.withPermits(2, ask, (next) => this.place(wanted, writeId, next));
    } catch (error) {
      const refused = orderRefusedCase(this.applying.linkId, error as Failure, this.wants(wanted));
      // It may have taken effect: the intent stays, and the order is looked for.
      if (await this.keepsFailing(error)) return { outcome: 'refused', cases: [refused] };
      if (!(error instanceof InvalidRecord) && !(error instanceof RequestRefused)) throw error;
      if (error instanceof RequestRefused && error.status !== 404 && error.status !== 405) throw error;
      const abandoned = { writeId, system: 'yoplanning', outcome: 'abandoned', requestId: null } as const;
      return { outcome: 'refused', cases: [refused], journal: [abandoned], settlesIntent: true };
    }
  }

  /** Validates and places. */
  private async place(wanted: Wanted, writeId: string, nextPermit: () => Permit | undefined): Promise<Came> {
    const { bookings } = this.applying.events;
    const draft = draftOf(this.state, wanted);
    // Under a name of its own: how often an order fails is counted by its name, and a validation that passes is no order that does.
    const validating = { ...this.ask, record: `validation/${draft.externalReference}` };
    const validation = (await bookings.validate(draft, validating, nextPermit())).value;
    if (!validation.success) return this.noPlace(validation.unavailable.sessionIds);
    await this.verifyClaim();
    await this.intend(writeId, wanted);
    const placed = await bookings.orders.place(draft, this.ask, nextPermit());
    const abandoned: JournalOutcome = { writeId, system: 'yoplanning', outcome: 'abandoned', requestId: null };
    // Somebody was faster between the two requests.
    if (placed.outcome === 'unavailable')
      return { ...this.noPlace(placed.unavailable.sessionIds), journal: [abandoned], settlesIntent: true };
    const journal = [{ writeId, system: 'yoplanning', outcome: 'written', requestId: placed.requestId } as const];
    // An answer without content: it is found by its reference.
    if (placed.order === null) return { outcome: 'unsettled', isUnsettled: true, journal, written: ['booking'] };
    const sent = { wants: this.wants(wanted), isPaid: wanted.paid !== null };
    return { ...this.ours(placed.order, sent), journal, created: true };
  }

  /** Looks for an order that was sent, or was about to be. */
  private async find(): Promise<Came> {
    const { link, order } = this.state;
    const [intent] = link.intents;
    // An attempt whose result was lost has looked, and recorded what it found: that it found nothing makes no other version.
    if (intent === undefined) return { outcome: 'stale' };
    const sent = { wants: intent.hashes['wants'] ?? '', isPaid: intent.hashes['paid'] === 'yes' };
    const reference = link.pair.ids.yapla!;
    // It came with a webhook of its own.
    if (
      order !== null &&
      order.externalReference === reference &&
      order.status === 'active' &&
      !link.pair.base?.['booking']
    )
      return this.ours(order, sent);
    const found = await this.search(reference, intent.recordedAtMs);
    if (found === 'unreadable') return this.uncertain();
    // One that staff have cancelled since is ours all the same: sent again, it would be booked against their word.
    const ours = found.orders.find(({ status }) => status === 'active') ?? found.orders[0];
    if (ours !== undefined) return this.ours(ours, sent);
    return found.complete ? { outcome: 'done', ...this.forgotten() } : this.uncertain();
  }

  private async search(reference: string, sentAtMs: number): Promise<FoundOrders | 'unreadable'> {
    const { sql, events } = this.applying;
    const except = await ordersKnownBefore(sql, events.scope, reference, sentAtMs);
    try {
      return await events.bookings.orders.findByReference({ reference, since: new Date(sentAtMs), except }, this.ask);
    } catch (error) {
      if (error instanceof UnreadableRecord) return 'unreadable';
      throw error;
    }
  }

  /** Nobody can tell whether an order is there. It is not sent again, and not looked for again, before a person says so. */
  private uncertain(): Came {
    return { outcome: 'unsettled', isUnsettled: true, cases: [this.question('orderUncertain', {})] };
  }

  /** An order that was sent, or was about to be, is not there. */
  private forgotten(): Pick<Came, 'settlesIntent' | 'journal'> {
    return { settlesIntent: true, journal: this.openWrites('abandoned') };
  }

  /** An order of ours, as it is: from now on, what differs from it was changed by others. If it is cancelled, others did that, too. */
  private ours(order: Order, { wants, isPaid }: Sent): Came {
    return {
      outcome: 'done',
      shadow: orderShadow(this.applying.events, order),
      orderId: order.id,
      agrees: { ...this.agreedOn(order, wants, isPaid), cancelled: 'no' },
      settlesIntent: true,
      journal: this.openWrites('written'),
      written: ['booking'],
      also: async (tx) => {
        // Else it is of others than those who are registered now.
        if (this.state.wanted !== null && this.wants(this.state.wanted) === wants) await this.remember(tx, order);
        await this.waits(tx, false);
      },
    };
  }

  /** Which client each participant is now, where the order says so. */
  private async remember(tx: Transaction, order: Order): Promise<void> {
    const { events, linkId } = this.applying;
    await rememberClients(tx, events.scope, linkId, clientsIn(order, this.state));
  }

  /** Writes of attempts that were cut off, of which it is known now what became. */
  private openWrites(outcome: JournalOutcome['outcome']): JournalOutcome[] {
    return this.state.link.writes.open.map((writeId) => ({ writeId, system: 'yoplanning', outcome, requestId: null }));
  }

  private noPlace(sessions: readonly string[]): Came {
    // Whoever waits goes on waiting.
    if (this.state.view.waits !== null) return { outcome: 'refused', also: (tx) => this.waits(tx, true) };
    return { outcome: 'refused', cases: [this.question('noPlace', { sessions })] };
  }

  private async waits(tx: Transaction, isWaiting: boolean): Promise<void> {
    await setWaiting(tx, this.applying.events.scope, this.applying.linkId, isWaiting);
  }

  private async intend(writeId: string, wanted: Wanted): Promise<void> {
    const { sql, events, linkId } = this.applying;
    const hashes = { wants: this.wants(wanted), paid: wanted.paid === null ? 'no' : 'yes' };
    await sql.begin(async (tx) => {
      await recordIntents(tx, events.scope, [{ linkId, system: 'yoplanning', externalId: null, hashes, fields: {} }]);
      await recordIntended(tx, events.scope, [this.entry(writeId, 'booking', null, wanted.text)]);
    });
  }

  // --- an order that is there ---

  /** @param editOf null: nothing is left to do, because an attempt that was cut off did it, or staff did */
  private async edit(field: string, editOf: (order: Order) => OrderEdit | null): Promise<Came> {
    const { sql, events, decision } = this.applying;
    const { link, order: known, wanted } = this.state;
    const id = link.pair.ids.yoplanning!;
    const writeId = `${this.applying.writeId}/1`;
    await this.verifyClaim();
    const before = known === null ? null : bookingText(known);
    await recordIntended(sql, events.scope, [this.entry(writeId, field, before, wanted?.text ?? wantsNone)]);
    const abandoned = { writeId, system: 'yoplanning', outcome: 'abandoned', requestId: null } as const;
    const stale = (order: Order) => sameOrder(events, order, known) === false;
    try {
      const edited = await events.bookings.orders.edit(
        id,
        (order) => {
          if (!stale(order)) return editOf(order) ?? { stop: 'there' };
          // An attempt that was cut off did it.
          return { stop: field === 'booking' && wanted !== null && isAsWanted(order, wanted) ? 'there' : 'stale' };
        },
        { ...this.ask, record: id },
      );
      if (edited.outcome === 'missing') return { outcome: 'stale', gone: true, journal: [abandoned] };
      if (edited.outcome === 'stopped' && edited.reason === 'there') {
        const journal = [{ ...abandoned, outcome: 'written' } as const];
        const agrees = this.agreedOn(edited.before, this.wants(wanted!), this.staysPaid(edited.before));
        const also = (tx: Transaction) => this.remember(tx, edited.before);
        return { outcome: 'done', shadow: orderShadow(events, edited.before), agrees, journal, written: [field], also };
      }
      if (edited.outcome === 'stopped')
        return { outcome: 'stale', shadow: orderShadow(events, edited.before), journal: [abandoned] };
      const journal = [{ writeId, system: 'yoplanning', outcome: 'written', requestId: null } as const];
      const isCancel = decision.kind === 'cancel';
      const wants = isCancel ? wantsNone : wanted === null ? wantsNone : this.wants(wanted);
      const freed = isCancel ? edited.before.items.flatMap(({ sessionId }) => sessionId ?? []) : [];
      // A server that answers a PUT with nothing is asked what it made of it.
      const isDeleted = isCancel && decision.by === 'delete';
      const after =
        edited.after ?? (isDeleted ? null : (await events.bookings.orders.get(id, { ...this.ask, record: id })).value);
      const also = async (tx: Transaction) => {
        await wakeWaiting(tx, events.scope, freed);
        if (after !== null && !isCancel) await this.remember(tx, after);
      };
      if (after === null && isCancel) {
        const agrees = { ...this.agreedOn(edited.before, wants, this.staysPaid(edited.before)), cancelled: 'yes' };
        return { outcome: 'done', gone: true, agrees, journal, written: [field], also };
      }
      if (after === null) return { outcome: 'stale', gone: true, journal, written: [field] };
      return {
        outcome: 'done',
        shadow: orderShadow(events, after),
        agrees: this.agreedOn(after, wants, this.staysPaid(after)),
        journal,
        written: [field],
        also,
      };
    } catch (error) {
      const isItsOwn = error instanceof InvalidRecord || error instanceof UnreadableRecord;
      if (!isItsOwn && !(await this.keepsFailing(error))) throw error;
      const cases = [orderRefusedCase(this.applying.linkId, error as Failure, aimOf(this.state.view))];
      return { outcome: 'refused', cases, journal: [abandoned] };
    }
  }

  /** A server that fails at this order, and answers others: it does not take it. */
  private async keepsFailing(error: unknown): Promise<boolean> {
    const { sql, events } = this.applying;
    return error instanceof ServerFailed && (await isTheRecord({ sql, connection: events.connection }, error));
  }

  // --- what is recorded ---

  private wants(wanted: Wanted): string {
    return this.applying.events.hash('wants', wanted.text);
  }

  /** @param isPaid whatever the order shows of its payments: a server may show none */
  private agreedOn(order: Order, wants: string, isPaid: boolean): Readonly<Record<string, string>> {
    const shown = orderViewOf(this.applying.events, order);
    return {
      wants,
      booking: shown.booking,
      cancelled: shown.isCancelled ? 'yes' : 'no',
      paid: isPaid || shown.isPaid ? 'yes' : 'no',
    };
  }

  /** Whether an order that we edited counts as paid: a payment was added, or it was paid before and costs no more now. */
  private staysPaid(after: Order): boolean {
    const { state, applying } = this;
    if (applying.decision.kind === 'pay') return true;
    if (state.view.base?.isPaid !== true || state.order === null) return false;
    const { currency } = applying.events;
    return compareMoney(priceOf(after, currency), priceOf(state.order, currency)) <= 0;
  }

  /** What both sides show now. */
  private asTheyAre(): Readonly<Record<string, string>> {
    const { registration, order } = this.state.view;
    const { status, wants, shown, isPaid } = registration!;
    return {
      wants: status === 'cancelled' ? wantsNone : (wants ?? shown),
      booking: order?.booking ?? '',
      cancelled: order?.isCancelled ? 'yes' : 'no',
      paid: isPaid ? 'yes' : 'no',
    };
  }

  private reopened(): ShadowRow {
    const { hash } = this.applying.events;
    const shadow = this.state.link.pair.shadows.yapla!;
    const fields = { ...shadow.fields, reopened: 'no' };
    return {
      id: shadow.id,
      document: shadow.document,
      fields,
      hashes: { ...shadow.hashes, reopened: hash('reopened', 'no') },
      matchKeys: [],
      externalReference: null,
      modifiedAt: shadow.modifiedAt,
    };
  }

  private question(question: BookingQuestion, details: Parameters<typeof bookingCase>[2]): NewCase {
    return bookingCase(this.applying.linkId, question, details, this.state.view.registration?.wants ?? null);
  }

  private entry(writeId: string, field: string, oldValue: string | null, newValue: string) {
    const { linkId } = this.applying;
    const externalId = this.state.link.pair.ids.yoplanning;
    return {
      linkId,
      system: 'yoplanning' as const,
      externalId,
      field,
      oldValue,
      newValue,
      origin: 'yapla' as const,
      reason: 'registration',
      writeId,
    };
  }

  /** @returns the link as it stands then */
  private async record(came: Came, answers: BookingQuestion | null): Promise<BookingView> {
    const { sql, events, linkId } = this.applying;
    const { scope } = events;
    const { pair } = this.state.link;
    const shadows: KeptShadow[] = [
      ...(came.shadow === undefined ? [] : [{ system: 'yoplanning' as const, row: came.shadow }]),
      ...(came.registration === undefined ? [] : [{ system: 'yapla' as const, row: came.registration }]),
    ];
    const ids = came.orderId === undefined ? {} : { yoplanning: came.orderId };
    const base = came.agrees ?? {};
    const result: LinkResult = {
      linkId,
      version: pair.version,
      decidedOn: {
        base: pair.base,
        readAt: { yapla: pair.shadows.yapla?.readAt ?? null, yoplanning: pair.shadows.yoplanning?.readAt ?? null },
      },
      outcome: came.isUnsettled ? 'unsettled' : came.created ? 'created' : 'agreed',
      shadows,
      // A person's word is no fact about a system: it counts for what it was said about.
      facts: { base: came.written === undefined ? {} : base, baseFields: {}, ids, equal: {} },
      agreement: came.agrees === undefined || came.agrees === null ? null : { linkId, base, baseFields: {}, ids },
      journal: came.journal ?? [],
      cases: came.cases ?? [],
      settledIntents: came.settlesIntent ? ['yoplanning'] : [],
      gone: came.gone && pair.ids.yoplanning !== null ? [{ system: 'yoplanning', id: pair.ids.yoplanning }] : [],
      carriedOut: [
        ...(answers === null || came.outcome === 'stale' ? [] : this.answersTo(answers)),
        ...(came.created ? this.answersTo('newClient') : []),
      ],
    };
    return await commitResults(sql, { scope, plan: null }, [{ ...result, item: null }], async (tx) => {
      await came.also?.(tx);
      // What it says about its people; the times of its sessions stand in what its webhook has read.
      if (came.shadow !== undefined)
        await keepOrder(tx, events, { order: came.shadow.document as unknown as Order, sessions: [] });
      else if (came.gone && pair.ids.yoplanning !== null) await keepOrder(tx, events, { gone: pair.ids.yoplanning });
      return await viewNow(tx, events, linkId);
    });
  }

  private answersTo(question: BookingQuestion) {
    return this.state.link.answers.filter(({ kind }) => kind === question);
  }
}
