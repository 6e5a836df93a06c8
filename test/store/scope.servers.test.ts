/**
 * Two kinds in one connection, with the same ids: each function of the store sees, changes and counts only what is of its own scope.
 * (That no statement forgets the kind is held by scope.unit.test.ts as well; here PostgreSQL says so.)
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { personsOf, type Scope, type SystemName } from '../../src/core/record.js';
import * as apart from '../../src/store/apart.js';
import * as awaited from '../../src/store/awaited.js';
import * as bookings from '../../src/store/bookings.js';
import * as candidates from '../../src/store/candidates.js';
import * as caseAnswers from '../../src/store/cases.js';
import * as cases from '../../src/store/cases.js';
import * as linkCases from '../../src/store/cases.js';
import * as catalogue from '../../src/store/catalogue.js';
import * as feed from '../../src/store/catalogueFeed.js';
import * as connections from '../../src/store/connections.js';
import type { StagedRow } from '../../src/core/export/rows.js';
import type { Sql, Transaction } from '../../src/store/database.js';
import * as exported from '../../src/store/exports.js';
import { RowChunk } from '../../src/store/exportRows.js';
import * as stand from '../../src/store/eventsStand.js';
import * as facts from '../../src/store/facts.js';
import * as fieldRules from '../../src/store/fieldRules.js';
import * as guard from '../../src/store/guard.js';
import * as importBatches from '../../src/store/importBatches.js';
import * as inbox from '../../src/store/inbox.js';
import * as news from '../../src/store/inbox.js';
import * as intents from '../../src/store/intents.js';
import * as journal from '../../src/store/journal.js';
import * as provenance from '../../src/store/journal.js';
import * as links from '../../src/store/links.js';
import * as linkState from '../../src/store/linkState.js';
import * as neighbours from '../../src/store/neighbours.js';
import * as openPlaces from '../../src/store/openPlaces.js';
import * as planItems from '../../src/store/planItems.js';
import * as plans from '../../src/store/plans.js';
import * as references from '../../src/store/references.js';
import * as scans from '../../src/store/scans.js';
import * as shadows from '../../src/store/shadows.js';
import * as unreadable from '../../src/store/unreadable.js';
import * as waiting from '../../src/store/waiting.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let people: Scope;
let others: Scope;
/** Of a connection in which nothing is stored. */
let nobody: Scope;
storeTest('scope test', (store) => {
  ({ sql, scope: people } = store);
  others = { ...people, kind: 'registration' };
  nobody = personsOf('nobody');
});

const hourMs = 3_600_000;
const linkIds = ['yapla:1', 'yapla:3', 'yapla:4', 'yapla:5', 'yapla:6'];
const inTransaction = async <T>(action: (tx: Transaction) => Promise<T>): Promise<T> => await sql.begin(action);

function shadow(id: string, city: string, more: Partial<shadows.ShadowRow> = {}): shadows.ShadowRow {
  return {
    id,
    document: { id, city },
    fields: { city },
    hashes: { city: `#${city}` },
    matchKeys: [null],
    modifiedAt: null,
    externalReference: null,
    ...more,
  };
}

function entry(writeId: string, newValue: string): journal.JournalEntry {
  return {
    linkId: 'yapla:1',
    system: 'yoplanning',
    externalId: 'a',
    field: 'city',
    oldValue: 'Brest',
    newValue,
    origin: 'yapla',
    reason: 'changedInYapla',
    writeId,
  };
}

function chunkOf(...rows: readonly StagedRow[]): RowChunk {
  const chunk = new RowChunk();
  for (const one of rows) chunk.add(one);
  return chunk;
}

function row(n: number, number: string | null, city: string) {
  return { row: n, number, values: [city], problem: number === null ? ({ is: 'noNumber' } as const) : null };
}

/** A value that waits for an import file, of the link of that record of Yapla. */
function waits(id: string, field: string, value: string) {
  const hashes = { valueHash: `#${value}`, valueForm: null, seenHash: '#Brest' };
  return {
    is: 'waits',
    linkId: `yapla:${id}`,
    system: 'yapla',
    field,
    value,
    ...hashes,
    writeId: 'live/run/3',
  } as const;
}

/** What was stored of a scope that later calls name by its id. */
interface Stored {
  readonly planId: number;
  /** Complete. */
  readonly scanId: number;
  /** Under way. */
  readonly readingId: number;
  readonly eventIds: readonly number[];
  readonly caseId: number;
  /** Staged. */
  readonly fileId: number;
}

/** One of everything, under the same ids in whichever scope; `city` tells the scopes apart. */
async function fill(scope: Scope, city: string): Promise<Stored> {
  await inTransaction((tx) =>
    connections.storeMadeUnder(tx, scope, {
      map: { normaliser: 1, defaultCountry: 'FR', fields: {} },
      mapDigest: `map of ${city}`,
      rulesDigest: 'rules',
    }),
  );
  // Two who are free and share a key and a reference; 1 and a are linked, 3 and c as well, and 3 will be gone; 8 has the place of 7, who is back.
  // The registration 4 and the order b are not cancelled.
  const stands = { fields: { city, status: 'active' } };
  const own = ['1', '3', '4', '5', '6', '7', '8'].map((id) => shadow(id, city, id === '4' ? stands : {}));
  await shadows.upsertShadows(sql, scope, 'yapla', [...own, shadow('2', city, { matchKeys: ['key'] })]);
  await shadows.upsertShadows(sql, scope, 'yoplanning', [
    shadow('a', city),
    shadow('c', city),
    shadow('b', city, { ...stands, matchKeys: ['key'], externalReference: '2' }),
  ]);
  await shadows.markGone(sql, scope, 'yapla', '3');
  const planId = (await plans.draftPlan(sql, scope, 'run')).id;
  await links.proposeLinks(
    sql,
    scope,
    [
      { linkId: 'yapla:1', yaplaId: '1', yoplanningId: 'a', matchedBy: city },
      { linkId: 'yapla:3', yaplaId: '3', yoplanningId: 'c', matchedBy: city },
      { linkId: 'yapla:4', yaplaId: '4', yoplanningId: null, matchedBy: city },
      { linkId: 'yapla:5', yaplaId: '5', yoplanningId: null, matchedBy: city },
      { linkId: 'yapla:6', yaplaId: '6', yoplanningId: null, matchedBy: city },
      { linkId: 'yapla:7', yaplaId: '8', yoplanningId: null, matchedBy: city },
    ],
    planId,
  );
  // Whoever is news to one kind is known to the other.
  const known = { linkId: 'yapla:9', yaplaId: '9', yoplanningId: 'b', matchedBy: city };
  if (scope.kind !== people.kind) {
    await links.proposeLinks(sql, scope, [known]);
    await shadows.upsertShadows(sql, scope, 'yapla', [shadow('9', city, { matchKeys: ['another key'] })]);
  }
  const agreed = { base: { city: `#${city}` }, baseFields: { city } };
  await links.agree(sql, scope, [
    { linkId: 'yapla:1', ...agreed, settles: 'heldBack' },
    { linkId: 'yapla:3', ...agreed },
  ]);
  await planItems.addItems(sql, planId, 'remote', [
    { n: 1, kind: 'write', linkId: 'yapla:1', decision: { city }, version: 1 },
  ]);
  await plans.readyPlan(sql, planId, { totals: { changes: { yapla: 3 } }, cost: {}, guard: [] });
  await plans.approvePlan(sql, scope, planId, `rule: ${city}`);
  await plans.notePlanDecision(sql, scope, 1, 'approve', city);

  await journal.recordIntended(sql, scope, [entry('live/run/1', city), entry('live/run/2', city)]);
  await journal.recordOutcomes(sql, scope, [
    { linkId: 'yapla:1', writeId: 'live/run/1', system: 'yoplanning', outcome: 'written', requestId: 'r' },
  ]);
  const creation = { linkId: 'yapla:5', system: 'yoplanning', externalId: 'e' } as const;
  await intents.recordIntents(sql, scope, [{ ...creation, hashes: { city: `#${city}` }, fields: { city } }]);

  await cases.openCases(sql, scope, planId, [
    { kind: 'conflict', subject: 'yapla:1', field: 'city', linkId: 'yapla:1', details: { city } },
    { kind: 'create', subject: 'yapla:6', linkId: 'yapla:6', details: { city } },
    { kind: 'doubt', subject: 'yapla:1 yoplanning:b', details: { city } },
  ]);
  const open = await cases.listOpenCases(sql, scope);
  const caseOf = (kind: string) => open.find((one) => one.kind === kind)!.id;
  await caseAnswers.storeAnswer(sql, caseOf('conflict'), { take: 'yapla' }, city, ['conflict']);
  await caseAnswers.storeClosing(sql, caseOf('create'), city, null, ['create']);
  const name = 'blanked/yoplanning';
  const held = { kind: guard.heldUnder.kind, subject: guard.heldUnder.subject, field: name, details: { city } };
  await guard.holdWrites(sql, scope, [held], [{ name, linkId: 'yapla:4', system: 'yoplanning', field: 'city' }]);
  const massChange = (await cases.listOpenCases(sql, scope)).find(({ kind }) => kind === guard.heldUnder.kind)!;
  await guard.releaseHold(sql, massChange.id, { take: 'goOn' }, city);
  await guard.holdWrites(sql, scope, [held], [{ name, linkId: 'yapla:1', system: 'yoplanning', field: 'city' }]);
  await inTransaction((tx) =>
    waiting.changeWaiting(tx, scope, [
      waits('4', 'city', city),
      waits('6', 'city', city),
      waits('6', 'phone', city),
      waits('5', 'city', city),
    ]),
  );
  const idsOf = async (id: string) =>
    (await inTransaction((tx) => importBatches.takeCollected(tx, scope, [`yapla:${id}`]))).map((one) => one.id);
  for (const [id, value] of [
    ['6', city],
    ['5', city],
  ] as const) {
    const file = new TextEncoder().encode(value);
    const ids = await idsOf(id);
    const batch = { purpose: 'update', system: 'yapla', people: 1, file, ids } as const;
    await inTransaction((tx) => importBatches.handOut(tx, scope, batch));
    if (id === '6') await inTransaction((tx) => importBatches.withdraw(tx, scope, [ids[1]!]));
  }
  await importBatches.markDone(sql, scope, 1);
  // After the answer, with which the count began anew.
  await journal.recordIntended(sql, scope, [entry('live/run/4', '')]);
  await fieldRules.rememberRule(sql, scope, 'city', 'yapla', caseOf('conflict'), city);
  // The rule unsettled the link that asks about the field.
  const { version } = (await links.pairsByIds(sql, scope, ['yapla:1'])).get('yapla:1')!;
  await links.settleLinks(sql, scope, [{ linkId: 'yapla:1', version, heldBack: true }]);
  await openPlaces.keepNewcomers(sql, scope, [{ system: 'yapla', id: '2', linkId: 'yapla:3' }]);
  await inTransaction((tx) => apart.keepApart(tx, scope, { yapla: '4', yoplanning: 'c' }));

  await inTransaction((tx) => inbox.lookAgain(tx, scope, 'yapla', ['1', '9']));
  const { connectionId } = scope;
  await inbox.addressEvents(sql, [{ connectionId, debounceMs: 0, resignalMs: 60_000 }], 10);
  await inbox.lookAtLinks(sql, scope, ['yapla:3']);
  const events = await sql<{ id: number }[]>`
    select id::int as id from inbox where connection_id = ${connectionId} and kind = ${scope.kind} order by id`;

  // A complete list that showed none of them, and one that is being read.
  for (const system of ['yapla', 'yoplanning'] as const)
    await scans.endScan(sql, await scans.openScan(sql, scope, system, 'run/0'), 'complete');
  const cannotBeRead = { kind: 'unreadable', subject: 'yapla:5', details: { city } };
  await inTransaction((tx) =>
    unreadable.recordUnreadable(tx, scope, 'yapla', [{ id: '5', position: null, question: cannotBeRead }]),
  );
  const [scan] = await sql<{ id: number }[]>`
    select id::int as id from scan where connection_id = ${connectionId} and kind = ${scope.kind} and system = 'yapla'`;
  const about = { found: [], ignored: [], headerRow: 1, otherSheets: 0, orders: {} };
  const given = { exportedAt: new Date(), whole: true };
  const { fileId } = await exported.openExport(sql, scope, { digest: 'of a file', about, given });
  await exported.stageRows(sql, scope, fileId, {
    before: 0,
    numbersAreIds: true,
    after: 0,
    lastRow: 4,
    rows: chunkOf(row(2, '1', city), row(3, '1', city), row(4, null, city)),
  });
  await exported.listMembers(sql, scope, fileId, true);
  // Which participants are members says a number that nobody here has.
  const participants = ['nobody', null].map((memberId) => ({ memberId, before: null }));
  const booked = { event: 'id 1', activity: city, rate: '', startsAt: null, endsAt: null, participants };
  await inTransaction((tx) => bookings.storeBooking(tx, scope, 'yapla:4', booked));
  await bookings.noteSession(sql, scope, 'yapla:4', 'session');
  await bookings.setWaiting(sql, scope, 'yapla:4', true);
  await bookings.savePlace(sql, scope, placeOf(city), { title: city, by: city });
  await fillCatalogue(scope, city);
  await fillFacts(scope, city);
  return {
    fileId,
    planId,
    scanId: scan!.id,
    readingId: await scans.openScan(sql, scope, 'yapla', 'run/1'),
    eventIds: events.map(({ id }) => id),
    caseId: caseOf('doubt'),
  };
}

/** One product that is sold, whose list and whose sessions are under way, with one session that the booking waits for. */
async function fillCatalogue(scope: Scope, city: string): Promise<void> {
  await inTransaction(async (tx) => {
    const list = { ...reading, whole: true, since: null };
    await catalogue.noteList(tx, scope, { ...step, underWay: list }, readAtMs);
    await catalogue.storeProducts(tx, scope, { items: [product(city)], unreadable: [], nowMs: readAtMs }, 'fr');
    await catalogue.storeSessions(tx, scope, 'product', shown('session', city, 2));
    if (scope.kind !== people.kind) await catalogue.storeSessions(tx, scope, 'product', shown('news', city, 2));
    const sessions = { productId: 'product', underWay: reading, whole: null, failed: true };
    await catalogue.noteSessions(tx, scope, sessions, readAtMs);
  });
}

/** What is booked and given, with two donations of which nobody knows who gave them, and a fact of the record 1 in Yapla. */
async function fillFacts(scope: Scope, city: string): Promise<void> {
  await inTransaction(async (tx) => {
    await facts.storeOrderItems(tx, scope, orderOf('order', 'a', city, '20.00'));
    const startsAt = new Date(startOf(city)).toISOString();
    await facts.learnSessions(tx, scope, [{ id: 'session', startsAt, title: city }]);
    await facts.storeDonation(tx, scope, donation('of 1', city, '1'));
    await facts.storeDonation(tx, scope, donation('of somebody', city, null));
    await facts.storeDonation(tx, scope, { ...donation('of a stranger', city, null), matchKeys: ['another key'] });
    if (scope.kind !== people.kind) {
      await facts.storeOrderItems(tx, scope, orderOf('news', 'c', city, '20.00'));
      await facts.storeDonation(tx, scope, donation('news', city, '1'));
    }
    // As `storeFacts` leaves it, which knows facts of persons only.
    await tx`
      insert into person_fact (connection_id, kind, system, external_id, fields, hashes, changes_at)
      values (${scope.connectionId}, ${scope.kind}, 'yapla', '1', jsonb_build_object('nextSession', ${city}::text), jsonb_build_object('nextSession', ${city}::text), now())`;
  });
}

const readAtMs = Date.UTC(2030, 0, 1);

/** When the session begins: the earlier, the shorter the name of the city is. */
function startOf(city: string): number {
  return readAtMs + city.length * hourMs;
}

const reading = { beganAtMs: readAtMs, offset: 1, count: 2, lastId: 'product', isComplete: true };

const step = { underWay: null, begunAtMs: readAtMs, isWhole: false, changedUntil: null, showsChanges: true };

function product(city: string): catalogue.ShownProduct {
  const where = { categoryName: null, meetingPoint: city, address: city };
  return { id: 'product', title: city, ...where, standardPrice: null, modifiedAt: null };
}

/** A page with a session. */
function shown(id: string, city: string, placesLeft: number): catalogue.ShownPage<catalogue.ShownSession> {
  const startsAt = new Date(startOf(city)).toISOString();
  const price = { amount: `${city.length}.00`, currency: 'EUR' };
  const items = [{ id, startsAt, endsAt: null, placesLeft, price, status: 'offered' }] as const;
  return { items, unreadable: [], nowMs: readAtMs };
}

/** An order that books a client into the session. */
function orderOf(orderId: string, clientId: string, city: string, amount: string): facts.NewOrderItems {
  const orderedAt = new Date(startOf(city) - hourMs).toISOString();
  return {
    orderId,
    orderedAt,
    items: [{ clientId, sessionId: 'session', amount: { amount, currency: 'EUR' } }],
  };
}

function donation(id: string, city: string, memberId: string | null) {
  const given = { status: 'validated', amount: '10.00', currency: 'EUR', madeAt: startOf(city) } as const;
  return { id, ...given, campaign: city, memberId, matchKeys: ['key'] };
}

function placeOf(city: string) {
  return { event: 'id 1', activity: '', rate: '', productId: `product of ${city}`, sessionId: null };
}

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

const matching = (scope: Scope): candidates.Matching => ({ scope, doubtful: [], among: null });

/** By name, what reads. Under `people` each finds something. */
const reads: Readonly<Record<string, (scope: Scope, stored: Stored) => Promise<unknown>>> = {
  apartPairs: (scope) => apart.apartPairs(sql, scope),
  freeRecords: (scope) => candidates.freeRecords(sql, scope, 10),
  groupsByKey: (scope) => all(candidates.groupsByKey(sql, matching(scope), 0)),
  referencedCandidates: (scope) => candidates.referencedCandidates(sql, matching(scope)),
  returnedRecords: (scope) => candidates.returnedRecords(sql, matching(scope)),
  declinedQuestions: (scope) => caseAnswers.declinedQuestions(sql, scope, linkIds),
  linkAskedAbout: (scope) => cases.linkAskedAbout(sql, scope, 'conflict', 'yapla:1'),
  countInQuestion: (scope) => cases.countInQuestion(sql, scope, ['conflict']),
  listOpenCases: (scope) => cases.listOpenCases(sql, scope),
  recordsOfOpenCases: (scope) => cases.recordsOfOpenCases(sql, scope),
  countOpenCases: (scope) => cases.countOpenCases(sql, scope),
  lockMadeUnder: (scope) => inTransaction((tx) => connections.lockMadeUnder(tx, scope)),
  isMadeWith: (scope) => connections.isMadeWith(sql, scope, 'another map'),
  findExport: (scope, { fileId }) => exported.findExport(sql, scope, fileId),
  isListed: async (scope, { fileId }) => {
    await sql`update export_file set rows = 1 where connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
    return await exported.isListed(sql, scope, fileId);
  },
  shownByFile: async (scope) => {
    await sql`update reading set file_at = read_at where connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
    return await exported.shownByFile(sql, scope, 'yapla', '1');
  },
  listedMembers: (scope, { fileId }) => exported.listedMembers(sql, scope, fileId, { from: 0, limit: 10 }),
  membersOfSeveralRows: (scope, { fileId }) => all(exported.membersOfSeveralRows(sql, scope, fileId)),
  unusableRows: (scope, { fileId }) => exported.unusableRows(sql, scope, fileId),
  fieldRules: (scope) => fieldRules.fieldRules(sql, scope),
  listRules: (scope) => fieldRules.listRules(sql, scope),
  countWrites: (scope) => guard.countWrites(sql, scope, [], []),
  blankedInDay: (scope) => guard.blankedInDay(sql, scope),
  guardedPeople: (scope) => guard.guardedPeople(sql, scope),
  heldNames: (scope) => guard.heldNames(sql, scope),
  releasedWrites: (scope) => guard.releasedWrites(sql, scope, [{ linkId: 'yapla:4' }]),
  heldByGuard: (scope) => guard.heldByGuard(sql, scope, linkIds),
  signalledLinks: (scope) => inbox.signalledLinks(sql, scope, linkIds),
  openIntents: (scope) => intents.openIntents(sql, scope, 'all'),
  timesWritten: (scope) => journal.timesWritten(sql, scope, 'yapla:1', { city: 'Rennes' }, hourMs),
  replacedUnseen: (scope) =>
    journal.replacedUnseen(sql, scope, { linkId: 'yapla:1', system: 'yoplanning', id: 'a' }, hourMs),
  openCasesOf: (scope) => linkCases.openCasesOf(sql, scope, linkIds),
  inOpenDoubt: (scope) => linkCases.inOpenDoubt(sql, scope, 'yoplanning', 'b'),
  doubtedTwins: (scope) => linkCases.doubtedTwins(sql, scope),
  findLinkStates: (scope) =>
    linkState.findLinkStates(sql, scope, linkIds, { depth: 'documents', writesWithinMs: hourMs }),
  findLinkState: (scope) => linkState.findLinkState(sql, scope, 'yapla:1', { depth: 'values' }),
  unsettledLinks: (scope) => linkState.unsettledLinks(sql, scope, { depth: 'hashes', after: '', limit: 10 }),
  selectPairs: async (scope) =>
    await sql`${links.selectPairs(sql, scope, 'values', sql`select * from link where connection_id = ${scope.connectionId} and kind = ${scope.kind}`)}`,
  pairsByIds: (scope) => links.pairsByIds(sql, scope, linkIds),
  lockLinks: (scope) => inTransaction((tx) => links.lockLinks(tx, scope, linkIds)),
  countLinkStates: (scope) => links.countLinkStates(sql, scope, { proposed: true }),
  linkedIds: (scope) => links.linkedIds(sql, scope),
  linksLackingReference: (scope) => references.linksLackingReference(sql, scope, 'yoplanning', '', 10, ['refused']),
  countUnreferenced: (scope) => references.countUnreferenced(sql, scope, 'yoplanning'),
  linkOfRecord: (scope) => links.linkOfRecord(sql, scope, 'yapla', '1'),
  bareLink: (scope) => links.bareLink(sql, scope, 'yapla:1'),
  neighbourhood: (scope) =>
    inTransaction((tx) => neighbours.neighbourhood(tx, scope, { system: 'yoplanning', id: 'b' })),
  unreadNews: (scope) =>
    inTransaction((tx) =>
      news.unreadNews(tx, scope, { systems: ['yapla'], creating: [], notOlderThanMs: 24 * hourMs }),
    ),
  sampleItems: async (scope, { planId }) =>
    (await planItems.sampleItems(sql, scope, planId, 5)).map(({ yapla, yoplanning }) => ({ yapla, yoplanning })),
  hasBegun: (scope) => plans.hasBegun(sql, scope),
  findPlan: (scope) => plans.findPlan(sql, scope, 1),
  knownRecords: (scope) => provenance.knownRecords(sql, scope, { yapla: ['1', '3'], yoplanning: ['a'] }),
  lastWrites: (scope) => provenance.lastWrites(sql, scope, 'yapla:1', 'city', 5),
  countUnseen: (scope, { scanId }) => scans.countUnseen(sql, { scope, system: 'yapla', scanId }),
  wasListed: (scope) => scans.wasListed(sql, scope, 'yapla'),
  lastListedAt: (scope) => scans.lastListedAt(sql, scope, 'yapla'),
  countPeople: (scope) => scans.countPeople(sql, scope, 'yapla'),
  wasStoredSince: (scope) =>
    inTransaction((tx) => shadows.wasStoredSince(tx, { scope, system: 'yapla', id: '1' }, '2000-01-01')),
  storedSince: (scope) => shadows.storedSince(sql, { scope, system: 'yapla' }, ['1'], '2000-01-01'),
  shadowDocuments: (scope) => shadows.shadowDocuments(sql, scope, 'yapla', '', 10),
  hashesByIds: (scope) => shadows.hashesByIds(sql, { scope, system: 'yapla' }, ['1']),
  shadowsByIds: (scope) => shadows.shadowsByIds(sql, scope, 'yapla', ['1']),
  unlinkedShadow: (scope) => shadows.unlinkedShadow(sql, scope, 'yapla', '1'),
  unlinkedShadows: (scope) => shadows.unlinkedShadows(sql, scope, 'yapla'),
  fieldsShown: (scope) => awaited.fieldsShown(sql, scope, 'yapla'),
  openBatches: (scope) => importBatches.openBatches(sql, scope),
  findBatch: async (scope) => (await importBatches.findBatch(sql, scope, 1))?.file?.toString(),
  collectedLinks: (scope) => inTransaction((tx) => importBatches.collectedLinks(tx, scope, false, 10)),
  takeCollected: async (scope) =>
    (await inTransaction((tx) => importBatches.takeCollected(tx, scope, linkIds))).map(({ value }) => value),
  unconfirmed: async (scope) =>
    (await importBatches.unconfirmed(sql, scope, 1)).map(({ linkId, field }) => `${linkId} ${field}`),
  valuesShown: (scope) =>
    inTransaction((tx) =>
      importBatches.valuesShown(tx, scope, { system: 'yapla', field: 'city' }, ['Rennes', 'Lille']),
    ),
  endedPeople: (scope) => importBatches.endedPeople(sql, scope, 1),
  lastJudged: async (scope) => {
    const counts = { confirmed: 1, edited: 0, notShown: 0, asked: 0 };
    await inTransaction((tx) => importBatches.markJudged(tx, people, 1, counts));
    return await importBatches.lastJudged(sql, scope);
  },
  countCollected: (scope) => waiting.countCollected(sql, scope),
  recordsOfFile: (scope, { fileId }) => all(exported.recordsOfFile(sql, scope, fileId)),
  lastTold: async (scope) => {
    const { connectionId, kind } = scope;
    const body = JSON.stringify({ told: kind });
    const told = {
      connectionId: people.connectionId,
      kind: people.kind,
      system: 'yapla',
      event: 'updated',
      externalId: '1',
      body,
    } as const;
    if (connectionId === people.connectionId && kind === people.kind) await inbox.addEvents(sql, [told]);
    return [...(await inbox.lastTold(sql, scope, 'yapla', ['1'])).values()].map((one) => one.body);
  },
  findBooking: (scope) => bookings.findBooking(sql, scope, 'yapla:4'),
  placesOf: (scope) => bookings.placesOf(sql, scope, ['id 1']),
  knownEvents: (scope) => bookings.knownEvents(sql, scope),
  orderNamed: (scope) => inTransaction((tx) => bookings.orderNamed(tx, scope, { linkId: 'yapla:4', reference: '2' })),
  secondOrdersOf: (scope) => bookings.secondOrdersOf(sql, scope, '2'),
  ordersKnownBefore: (scope) => bookings.ordersKnownBefore(sql, scope, '2', Date.now() + 60_000),
  partsOf: (scope) => bookings.partsOf(sql, scope, 'id 1'),
  mirrorProgress: (scope) => catalogue.mirrorProgress(sql, scope, readAtMs),
  sessionsUnderWay: (scope) => catalogue.sessionsUnderWay(sql, scope, 'product'),
  catalogueProducts: (scope) => catalogue.catalogueProducts(sql, scope),
  catalogueSessions: (scope) => catalogue.catalogueSessions(sql, scope, { fromMs: readAtMs }),
  catalogueShown: (scope) => feed.catalogueShown(sql, scope, readAtMs),
  mirrorStand: (scope) => stand.mirrorStand(sql, scope, readAtMs),
  bookingStand: (scope) => stand.bookingStand(sql, scope),
  sessionAt: (scope) => catalogue.sessionAt(sql, scope, 'product', startOf('Rennes')),
  titleOfProduct: (scope) => catalogue.titleOfProduct(sql, scope, 'product', 'fr'),
  productOfSession: (scope) => catalogue.productOfSession(sql, scope, 'session'),
  itemsOfClients: (scope) => facts.itemsOfClients(sql, scope, ['a']),
  findDonation: (scope) => facts.findDonation(sql, scope, 'of 1'),
  donorsToFind: (scope) => facts.donorsToFind(sql, scope),
  donationsOf: (scope) => facts.donationsOf(sql, scope, ['1']),
  isAwaited: async (scope) => {
    await unlist(scope);
    return awaited.isAwaited(sql, { scope, system: 'yapla', begunAt: 'infinity' });
  },
};

const collectedIds = async (scope: Scope) =>
  (await inTransaction((tx) => importBatches.takeCollected(tx, scope, ['yapla:4']))).map(({ id }) => id);

/** As though no list had been read since its events came. */
const unlist = async ({ connectionId, kind }: Scope) =>
  await sql`update inbox set listed_at = null where connection_id = ${connectionId} and kind = ${kind}`;

const noSystem: Readonly<Record<SystemName, readonly string[]>> = { yapla: [], yoplanning: [] };

/** By name, what changes. Each changes something of `people`. */
const changes: Readonly<Record<string, (scope: Scope, stored: Stored) => Promise<unknown>>> = {
  keepApart: (scope) => inTransaction((tx) => apart.keepApart(tx, scope, { yapla: '5', yoplanning: 'c' })),
  forgetApart: (scope) => inTransaction((tx) => apart.forgetApart(tx, scope, { yapla: '4', yoplanning: 'c' })),
  closeDoubtsWithin: (scope) =>
    inTransaction((tx) => cases.closeDoubtsWithin(tx, scope, { yapla: '1', yoplanning: 'b' }, 'test')),
  openCases: (scope) =>
    cases.openCases(sql, scope, null, [
      { kind: 'conflict', subject: 'yapla:1', field: 'city', linkId: 'yapla:1', details: {} },
      { kind: 'refused', subject: 'yapla:1', linkId: 'yapla:1', details: {} },
    ]),
  closeCasesOn: (scope) => cases.closeCasesOn(sql, scope, 'conflict', 'yapla:1', 'test'),
  storeMadeUnder: (scope) =>
    inTransaction((tx) =>
      connections.storeMadeUnder(tx, scope, {
        map: { normaliser: 2, defaultCountry: 'BE', fields: {} },
        mapDigest: 'another',
        rulesDigest: 'another',
      }),
    ),
  openExport: (scope) =>
    exported.openExport(sql, scope, {
      digest: 'of another file',
      about: { found: [], ignored: [], headerRow: 1, otherSheets: 0, orders: {} },
      given: { exportedAt: new Date(), whole: false },
    }),
  stageRows: (scope, { fileId }) =>
    exported.stageRows(sql, scope, fileId, {
      after: 4,
      lastRow: 5,
      rows: chunkOf(row(5, '2', 'Quimper')),
      before: 3,
      numbersAreIds: true,
    }),
  listMembers: (scope, { fileId }) => exported.listMembers(sql, scope, fileId, false),
  nameMembers: (scope, { fileId }) => exported.nameMembers(sql, scope, fileId, [{ number: '1', id: '7' }]),
  placeMembers: async (scope, { fileId }) => {
    await exported.listMembers(sql, scope, fileId, false);
    await exported.placeMembers(sql, scope, fileId);
  },
  noteProblems: (scope, { fileId }) =>
    exported.noteProblems(sql, scope, fileId, [{ number: '1', problem: { is: 'sharedNumber' } }]),
  endStaging: (scope, { fileId }) => exported.endStaging(sql, scope, fileId, {}),
  discardExport: (scope, { fileId }) => exported.discardExport(sql, scope, fileId),
  rememberRule: (scope, { caseId }) => fieldRules.rememberRule(sql, scope, 'city', 'yoplanning', caseId, 'test'),
  forgetRule: (scope) => fieldRules.forgetRule(sql, scope, 'city'),
  holdWrites: (scope) =>
    guard.holdWrites(
      sql,
      scope,
      [],
      [{ name: 'blanked/yoplanning', linkId: 'yapla:4', system: 'yoplanning', field: 'city' }],
    ),
  lookAgain: (scope) => inTransaction((tx) => inbox.lookAgain(tx, scope, 'yapla', ['1'])),
  lookAtLinks: (scope) => inbox.lookAtLinks(sql, scope, ['yapla:6']),
  takeEvents: (scope) => inbox.takeEvents(sql, scope, 'yapla:1'),
  storeAwaited: async (scope) => {
    await unlist(scope);
    const page = { askedAt: 'infinity', rows: [shadow('1', 'Quimper')], unreadable: [] };
    await awaited.storeAwaited(sql, { scope, system: 'yapla', begunAt: 'infinity' }, page);
  },
  markListed: async (scope) => {
    await unlist(scope);
    await awaited.markListed(sql, { scope, system: 'yapla', begunAt: 'infinity' }, { allBut: ['9'] });
  },
  changeWaiting: (scope) => inTransaction((tx) => waiting.changeWaiting(tx, scope, [waits('4', 'city', 'Quimper')])),
  handOut: async (scope) => {
    const file = new TextEncoder().encode('file');
    const ids = await collectedIds(scope);
    await inTransaction((tx) =>
      importBatches.handOut(tx, scope, { purpose: 'update', system: 'yapla', people: 1, file, ids }),
    );
  },
  withdraw: async (scope) => {
    const ids = await collectedIds(scope);
    await inTransaction((tx) => importBatches.withdraw(tx, scope, ids));
  },
  markDone: (scope) => importBatches.markDone(sql, scope, 2),
  markListRead: (scope) => importBatches.markListRead(sql, scope, '2100-01-01'),
  collectAgain: async (scope) => {
    const ids = (await importBatches.unconfirmed(sql, scope, 1)).map(({ id }) => id);
    await inTransaction((tx) => importBatches.collectAgain(tx, scope, ids, 'notImported'));
  },
  markJudged: (scope) =>
    inTransaction((tx) => importBatches.markJudged(tx, scope, 1, { confirmed: 1, edited: 0, notShown: 0, asked: 0 })),
  markHandled: (scope, { eventIds }) => inbox.markHandled(sql, scope, eventIds),
  readdress: (scope) => inbox.readdress(sql, scope, 'yapla:1', 'yapla:3'),
  recordIntents: (scope) =>
    intents.recordIntents(sql, scope, [
      { linkId: 'yapla:5', system: 'yoplanning', externalId: 'e', hashes: {}, fields: {} },
    ]),
  renewIntents: (scope) => intents.renewIntents(sql, scope, ['yapla:5']),
  settleIntents: (scope) => intents.settleIntents(sql, scope, [{ linkId: 'yapla:5', system: 'yoplanning' }]),
  recordIntended: (scope) => journal.recordIntended(sql, scope, [entry('live/run/3', 'Rennes')]),
  recordOutcomes: (scope) =>
    journal.recordOutcomes(sql, scope, [
      { linkId: 'yapla:1', writeId: 'live/run/2', system: 'yoplanning', outcome: 'abandoned', requestId: null },
    ]),
  closeCasesAbout: (scope) => inTransaction((tx) => linkCases.closeCasesAbout(tx, scope, 'yapla:1', ['conflict'])),
  moveCases: (scope) => inTransaction((tx) => linkCases.moveCases(tx, scope, 'yapla:1', 'yapla:3', [])),
  proposeLinks: (scope) =>
    links.proposeLinks(sql, scope, [{ linkId: 'yapla:2', yaplaId: '2', yoplanningId: 'b', matchedBy: 'test' }]),
  proposeUnmatched: (scope) => links.proposeUnmatched(sql, scope, noSystem, null),
  keepProposals: (scope) => inTransaction((tx) => links.keepProposals(tx, scope, ['yapla:4'])),
  dropProposals: (scope) => links.dropProposals(sql, scope, 'all'),
  agree: (scope) => links.agree(sql, scope, [{ linkId: 'yapla:1', base: {}, baseFields: {} }]),
  settleLinks: async (scope) => {
    const { version } = (await links.pairsByIds(sql, scope, ['yapla:3'])).get('yapla:3')!;
    await links.settleLinks(sql, scope, [{ linkId: 'yapla:3', version, heldBack: true }]);
  },
  unsettleUnseen: (scope) => scans.unsettleUnseen(sql, scope),
  unsettleAll: (scope) => inTransaction((tx) => links.unsettleAll(tx, scope)),
  remakeLinks: (scope) =>
    inTransaction((tx) => links.remakeLinks(tx, scope, [{ linkId: 'yapla:1', base: {}, baseFields: {}, equal: {} }])),
  addLink: (scope) =>
    inTransaction((tx) =>
      links.addLink(tx, scope, { linkId: 'yapla:2', yaplaId: '2', yoplanningId: null, matchedBy: 'test' }),
    ),
  completeLink: (scope) =>
    inTransaction((tx) => links.completeLink(tx, scope, 'yapla:4', { system: 'yoplanning', id: 'b' }, 'test')),
  deleteLink: (scope) => inTransaction((tx) => links.deleteLink(tx, scope, 'yapla:6')),
  takePlaces: (scope) =>
    openPlaces.takePlaces(sql, scope, [{ linkId: 'yapla:3', system: 'yapla', id: '2', matchedBy: 'test' }]),
  keepNewcomers: (scope) => openPlaces.keepNewcomers(sql, scope, []),
  releaseNewcomers: (scope) => inTransaction((tx) => openPlaces.releaseNewcomers(tx, scope, ['yapla:3'])),
  draftPlan: (scope) => plans.draftPlan(sql, scope, 'run'),
  approvePlan: (scope, { planId }) => plans.approvePlan(sql, scope, planId, 'test'),
  notePlanDecision: (scope) => plans.notePlanDecision(sql, scope, 1, 'reject', 'test'),
  openScan: (scope) => scans.openScan(sql, scope, 'yapla', 'run/2'),
  storePage: async (scope, { readingId }) =>
    scans.storePage(
      sql,
      { scope, system: 'yapla', scanId: readingId, pass: 1 },
      { start: 0, count: 1, rows: [shadow('1', 'Quimper')], askedAt: await scans.databaseTime(sql) },
    ),
  upsertShadows: (scope) => shadows.upsertShadows(sql, scope, 'yapla', [shadow('1', 'Quimper')]),
  storeListed: (scope) => inTransaction((tx) => shadows.storeListed(tx, scope, 'yapla', [shadow('1', 'Quimper')], {})),
  remakeShadows: (scope) => inTransaction((tx) => shadows.remakeShadows(tx, scope, 'yapla', [shadow('1', 'Quimper')])),
  markSeen: (scope, { readingId }) =>
    shadows.markSeen(sql, { scope, system: 'yapla', scanId: readingId, pass: 1 }, ['1']),
  markGone: (scope) => shadows.markGone(sql, scope, 'yapla', '1'),
  recordUnreadable: (scope) =>
    inTransaction((tx) =>
      unreadable.recordUnreadable(tx, scope, 'yapla', [
        { id: '6', position: null, question: { kind: 'unreadable', subject: 'yapla:6', details: {} } },
      ]),
    ),
  attachUnreadable: async (scope) => {
    // Another link has the record by now, under the same ids in both scopes.
    await sql`update link set link_id = 'yapla:0' where connection_id = ${scope.connectionId} and yapla_id = '5' and kind in ('person', 'registration')`;
    await unreadable.attachUnreadable(sql, scope);
    await sql`update link set link_id = 'yapla:5' where connection_id = ${scope.connectionId} and yapla_id = '5' and kind in ('person', 'registration')`;
  },
  endUnreadable: (scope) => unreadable.endUnreadable(sql, scope, 'yapla', ['5']),
  storeBooking: (scope) =>
    inTransaction((tx) =>
      bookings.storeBooking(tx, scope, 'yapla:4', {
        event: 'id 2',
        activity: '',
        rate: '',
        startsAt: 0,
        endsAt: null,
        participants: [{ memberId: null, before: null }],
      }),
    ),
  noteSession: (scope) => bookings.noteSession(sql, scope, 'yapla:4', 'another'),
  chooseSession: (scope) => bookings.chooseSession(sql, scope, 'yapla:4', 'another'),
  setWaiting: (scope) => bookings.setWaiting(sql, scope, 'yapla:4', false),
  wakeWaiting: (scope) => bookings.wakeWaiting(sql, scope, ['session']),
  // Sooner than it is to be looked at anyway.
  lookWhenDue: (scope) => bookings.lookWhenDue(sql, scope, 'yapla:4', -hourMs),
  rememberClients: (scope) => inTransaction((tx) => bookings.rememberClients(tx, scope, 'yapla:4', ['a', 'b'])),
  savePlace: (scope) => bookings.savePlace(sql, scope, placeOf('Quimper'), { title: null, by: 'test' }),
  noteList: (scope) =>
    inTransaction(async (tx) => {
      // The list ends without the product that either kind has.
      const over = { ...step, isWhole: true, begunAtMs: readAtMs + 1 };
      expect(await catalogue.noteList(tx, scope, over, readAtMs + 1)).toBe(1);
    }),
  storeProducts: (scope) =>
    inTransaction((tx) =>
      catalogue.storeProducts(
        tx,
        scope,
        { items: [product('Quimper')], unreadable: ['product'], nowMs: readAtMs + 1 },
        'en',
      ),
    ),
  storeSessions: (scope) =>
    inTransaction(async (tx) => {
      const page = { ...shown('session', 'Quimper', 3), unreadable: ['session'], nowMs: readAtMs + 1 };
      expect(await catalogue.storeSessions(tx, scope, 'product', page)).toEqual(['session']);
      expect(await catalogue.storeSessions(tx, scope, 'product', shown('news', 'Quimper', 3))).toEqual([]);
    }),
  noteSessions: (scope) =>
    inTransaction(async (tx) => {
      const whole = { sinceMs: readAtMs + 1, untilMs: readAtMs + 24 * hourMs };
      const over = { productId: 'product', underWay: null, whole, failed: false };
      expect(await catalogue.noteSessions(tx, scope, over, readAtMs + 1)).toBe(1);
    }),
  forgetSessions: (scope) => inTransaction((tx) => catalogue.forgetSessions(tx, scope, readAtMs + 24 * hourMs)),
  storeOrderItems: (scope) =>
    inTransaction((tx) => facts.storeOrderItems(tx, scope, orderOf('order', 'a', 'Rennes', '30.00'))),
  learnSessions: (scope) =>
    inTransaction(async (tx) => {
      const learnt = { id: 'session', startsAt: null, title: 'Quimper' };
      expect(await facts.learnSessions(tx, scope, [learnt])).toEqual(['a']);
    }),
  storeDonation: (scope) =>
    inTransaction(async (tx) => {
      expect(await facts.storeDonation(tx, scope, donation('of 1', 'Quimper', '4'))).toBe('1');
      expect(await facts.storeDonation(tx, scope, donation('news', 'Quimper', '4'))).toBeNull();
    }),
  setDonor: (scope) => inTransaction((tx) => facts.setDonor(tx, scope, 'of somebody', '4')),
  // These two take a connection, and change facts of its persons.
  holdFacts: ({ connectionId }) =>
    inTransaction((tx) => facts.holdFacts(tx, { connectionId, system: 'yapla' }, ['1', '2'])),
  storeFacts: ({ connectionId }) =>
    inTransaction((tx) => {
      const changed = { id: '1', fields: {}, hashes: {}, changesAt: null };
      return facts.storeFacts(tx, { connectionId, system: 'yapla' }, [changed]);
    }),
};

/** Of a case's id: what an answer changes beyond the case is of the case's scope. */
const answers: Readonly<Record<string, (id: number) => Promise<unknown>>> = {
  releaseHold: (id) => guard.releaseHold(sql, id, { take: 'goOn' }, 'test'),
};

/** Takes a lock and touches no row. */
const locks = ['lockFirstSights', 'lockImports'];

/** Everything that is stored of a scope, table by table. */
async function everythingOf({ connectionId, kind }: Scope): Promise<Record<string, unknown>> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.columns where column_name in ('connection_id', 'kind')
     group by 1 having count(*) = 2 order by 1`;
  const rows = async (name: string, from: ReturnType<Sql>) => [
    name,
    (await sql<{ row: unknown }[]>`select to_jsonb(t) as row ${from} order by to_jsonb(t)::text`).map(({ row }) => row),
  ];
  return Object.fromEntries(
    await Promise.all([
      ...tables.map(({ name }) =>
        rows(name, sql`from ${sql(name)} t where connection_id = ${connectionId} and kind = ${kind}`),
      ),
      rows(
        'plan_item',
        sql`from plan_item t join plan p on p.id = t.plan_id where p.connection_id = ${connectionId} and p.kind = ${kind}`,
      ),
      rows(
        'journal_outcome',
        sql`from journal_outcome t join journal j on j.id = t.journal_id where j.connection_id = ${connectionId} and j.kind = ${kind}`,
      ),
    ]),
  ) as Record<string, unknown>;
}

describe('what reads', () => {
  test.each(Object.keys(reads))('%s: sees its own scope only', async (name) => {
    const read = reads[name]!;
    const stored = await fill(people, 'Rennes');
    const nothing = await read(nobody, stored);
    expect(await read(others, stored)).toEqual(nothing);
    const own = await read(people, stored);
    expect(own).not.toEqual(nothing);
    await fill(others, 'Lille');
    expect(await read(people, stored)).toEqual(own);
  });
});

describe('what changes', () => {
  let stored: Stored;
  beforeEach(async () => {
    stored = await fill(people, 'Rennes');
    await fill(others, 'Lille');
  });

  test.each(Object.keys(changes))('%s: changes its own scope only', async (name) => {
    const [own, theirs] = [await everythingOf(people), await everythingOf(others)];
    await changes[name]!(people, stored);
    expect(await everythingOf(people)).not.toEqual(own);
    expect(await everythingOf(others)).toEqual(theirs);
  });

  test('fills every table that has a scope', async () => {
    const tables = Object.entries(await everythingOf(others));
    expect(tables.length).toBeGreaterThan(14);
    expect(tables.filter(([, rows]) => (rows as unknown[]).length === 0)).toEqual([]);
  });

  test.each(Object.keys(answers))('%s: what an answer lets go is of the case’s scope', async (name) => {
    const { id } = (await cases.listOpenCases(sql, people)).find(({ kind }) => kind === guard.heldUnder.kind)!;
    const theirs = await everythingOf(others);
    await answers[name]!(id);
    expect(await guard.heldByGuard(sql, people, linkIds)).toEqual([]);
    expect(await everythingOf(others)).toEqual(theirs);
  });

  test('a case tells its scope', async () => {
    const [one] = await cases.listOpenCases(sql, others);
    expect(await cases.findCase(sql, one!.id)).toMatchObject({ scope: others });
  });

  test.each(['advanceItems', 'reopenItems'] as const)('%s: takes the version of its plan’s link', async (name) => {
    await sql`update link set version = 77 where connection_id = ${others.connectionId} and kind = ${others.kind}`;
    const { version } = (await links.pairsByIds(sql, people, ['yapla:1'])).get('yapla:1')!;
    if (name === 'advanceItems') await planItems.advanceItems(sql, stored.planId, 'remote', [1]);
    else {
      await planItems.endItems(sql, stored.planId, 'remote', [{ n: 1, status: 'done', outcome: 'unknown' }]);
      expect(await planItems.reopenItems(sql, stored.planId, 'unknown', ['yapla:1'])).toBe(1);
    }
    expect(await planItems.nextPending(sql, stored.planId, 'remote', 0, 5)).toMatchObject([{ version }]);
  });

  test('a change of a record, an answer and a hold increase the version of the link of their own scope', async () => {
    const versions = async (scope: Scope) =>
      [...(await links.pairsByIds(sql, scope, linkIds)).values()].map(({ version }) => version);
    const theirs = await versions(others);
    const own = await versions(people);
    await shadows.upsertShadows(sql, people, 'yapla', [shadow('1', 'Quimper')]);
    const conflict = (await cases.listOpenCases(sql, people)).find(({ kind }) => kind === 'conflict')!;
    await caseAnswers.storeAnswer(sql, conflict.id, { take: 'yoplanning' }, 'test', ['conflict']);
    const name = 'blanked/yoplanning';
    await guard.holdWrites(sql, people, [], [{ name, linkId: 'yapla:5', system: 'yoplanning', field: 'city' }]);
    expect(await versions(people)).not.toEqual(own);
    expect(await versions(others)).toEqual(theirs);
  });
});

test('the statements by which an operator erases a person leave another kind under the same ids alone', async () => {
  await fill(people, 'Rennes');
  await fill(others, 'Lille');
  const before = await everythingOf(others);
  const text = readFileSync('docs/operators.md', 'utf8');
  const script = /```sql\n(begin;\ncreate temporary table person[^`]*)```/.exec(text)![1]!;
  const statements = script.replaceAll("'club'", `'${people.connectionId}'`).replace('yapla:1042', 'yapla:1');
  // A transaction of its own, on one connection.
  await inTransaction((tx) => tx.script(statements.replaceAll(/\b(begin|commit);/g, '')));
  expect(JSON.stringify(await everythingOf(people)).includes('"yapla:1"')).toBe(false);
  expect(await everythingOf(others)).toEqual(before);
});

describe('the forwarder', () => {
  test('addresses, signals and revives each kind for itself', async () => {
    const { connectionId } = people;
    const rules = [{ connectionId, debounceMs: 0, resignalMs: 60_000 }];
    // Only the others know that record by a link of another name.
    const named = { linkId: 'yoplanning:a', yaplaId: '1', yoplanningId: 'a', matchedBy: 'test' };
    await links.proposeLinks(sql, others, [named]);
    for (const { kind } of [people, others])
      await inbox.addEvents(sql, [
        { connectionId, kind, system: 'yapla', event: 'updated', externalId: '1', body: '{}' },
      ]);
    expect(await inbox.addressEvents(sql, rules, 10)).toBe(2);
    const due = await inbox.takeDueSignals(sql, rules, 10);
    const gathered = { yapla: 1, yoplanning: 0 };
    expect(due).toHaveLength(2);
    expect(due).toEqual(
      expect.arrayContaining([
        { scope: people, linkId: 'yapla:1', gathered, attempt: 1 },
        { scope: others, linkId: 'yoplanning:a', gathered, attempt: 1 },
      ]),
    );
    const ofPeople = due.filter(({ scope }) => scope.kind === people.kind);
    await inbox.releaseSignals(sql, ofPeople, 0);
    expect(await inbox.takeDueSignals(sql, rules, 10)).toEqual(ofPeople);
    expect(await inbox.takeEvents(sql, people, 'yapla:1')).toHaveLength(1);
    expect(await inbox.takeEvents(sql, others, 'yapla:1')).toHaveLength(0);
    expect(await inbox.takeEvents(sql, others, 'yoplanning:a')).toHaveLength(1);
    expect(await inbox.reviveStranded(sql, rules, 0)).toBe(2);
  });

  test('takes what is due of one kind only, where the other waits under the same id', async () => {
    const { connectionId, kind } = others;
    for (const scope of [people, others]) await inbox.lookAtLinks(sql, scope, ['yapla:1']);
    await sql`
      update link_signal set due_at = now() + interval '1 hour' where connection_id = ${connectionId} and kind = ${kind}`;
    const theirs = await everythingOf(others);
    const due = await inbox.takeDueSignals(sql, [{ connectionId, debounceMs: 0, resignalMs: 60_000 }], 10);
    expect(due.map(({ scope }) => scope)).toEqual([people]);
    await inbox.releaseSignals(sql, due, 0);
    expect(await everythingOf(others)).toEqual(theirs);
  });

  test('takes an event without a kind only where nobody acts on it', async () => {
    const { connectionId } = people;
    const event = { connectionId, kind: null, system: 'yapla', externalId: null, body: '{}' } as const;
    await inbox.addEvents(sql, [{ ...event, event: 'other' }]);
    await expect(inbox.addEvents(sql, [{ ...event, event: 'updated', externalId: '1' }])).rejects.toThrow();
  });
});

test('no function of the store that takes a scope is left out here', () => {
  const folder = 'src/store';
  const scoped = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const file = ts.createSourceFile(
        name,
        readFileSync(path.join(folder, name), 'utf8'),
        ts.ScriptTarget.Latest,
        true,
      );
      return file.statements
        .filter(ts.isFunctionDeclaration)
        .filter(({ modifiers }) => modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true)
        .filter(({ parameters }) =>
          parameters.some(({ type }) => /\b(Scope|Matching|ScanKey)\b/.test(type?.getText() ?? '')),
        )
        .map((declaration) => declaration.name!.text);
    });
  expect(scoped.length).toBeGreaterThan(80);
  const tried = new Set([...Object.keys(reads), ...Object.keys(changes), ...locks]);
  expect(scoped.filter((name) => !tried.has(name))).toEqual([]);
});
