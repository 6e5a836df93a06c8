/**
 * The histories of the in-memory model (liveModel.ts), through the real engine: readRecord, applyDecision and the bulk activities of `src/link`
 * and `activities`, the state machines of both workflows, and the real store on the real PostgreSQL. What the model writes a second time is
 * itself under test here. In memory are the two servers (the model's own) and time. No HTTP, no Temporal.
 *
 * The store is not replaced by one in memory: what the engine promises, it promises by set-wise SQL, triggers, locks and transactions, so
 * that a store in memory would be one more second writing, and the one in which its faults are missing.
 */
import type { SystemName } from '../../src/core/record.js';
import { storeAnswer } from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import { bulkSync, type BulkEnd, type Meanwhile } from './engineModel/bulk.js';
import type { Besides, EngineAction, EngineHistory } from './engineModel/histories.js';
import { Exports, type GivenFile, NeverBackwards } from './engineModel/exports.js';
import { YaplaImport } from './engineModel/imports.js';
import { countEvents, dueSignals, receive } from './engineModel/inbox.js';
import type { Fault } from './engineModel/faults.js';
import { Workflows, type Working } from './engineModel/workflow.js';
import { EngineWorld } from './engineModel/world.js';
import { endedWithoutMishaps } from './liveModel.js';
import { documentOf, doDeed, pickOf } from './liveModel/deeds.js';
import { comparablePeople, type Action, type Deed, type History } from './liveModel/history.js';
import { checkAlways, checkEnd, checkLive, checkRepair, checkSame } from './liveModel/properties.js';
import { byRest, listOnly, normal, valuesOf, type Setting } from './liveModel/setting.js';
import type { Answer } from './liveModel/store.js';
import { Violation } from './liveModel/world.js';

export {
  besides,
  fileHistories,
  fileBesides,
  exportBesides,
  exportHistories,
  graphqlHistories,
  type Besides,
  type EngineAction,
  type EngineHistory,
} from './engineModel/histories.js';
export type { Crash } from './engineModel/workflow.js';

/** Far more than any history needs: whoever reaches it goes round in circles. */
const maxSteps = 3_000;

/** Kinds of cases that people answer in histories. */
const answered: readonly string[] = ['conflict', 'frozen', 'notTaken', 'notImported', 'create'];

export interface Pools {
  readonly sql: Sql;
  /** With kept plans. */
  readonly keyed: Sql;
}

/** A history under way. */
export class EngineModel {
  private steps = 0;
  private crashes = 0;
  private besides = 0;
  private readonly workflows: Workflows;
  /** Null: Yapla takes no files. */
  private readonly imports: YaplaImport | null;
  /** Null: Yapla's list can be asked for. */
  private readonly exports: Exports | null;
  private readonly order: NeverBackwards;
  /** What people did so far, also while a bulk run was under way. */
  readonly deeds: Deed[] = [];

  private constructor(
    readonly world: EngineWorld,
    private readonly beside: Besides,
  ) {
    this.workflows = new Workflows(world);
    const { writes, reads } = world.setting.yapla;
    this.imports = writes === 'workbook' ? new YaplaImport(world) : null;
    this.exports = reads === 'file' ? new Exports(world) : null;
    this.order = new NeverBackwards(world);
  }

  /** Both systems with the people whom they have from the beginning, linked by a first bulk run. */
  static async begin(
    { sql, keyed }: Pools,
    setting: Setting,
    beside: Besides,
    fault: Fault | null,
  ): Promise<EngineModel> {
    const world = new EngineWorld(setting, sql, keyed, fault);
    await world.begin();
    for (let person = 0; person < setting.linkedPeople; person++) {
      const document = documentOf(person);
      const common = { document, externalReference: null, person, madeBy: 'a person' as const };
      world.servers.yapla.seed({ ...common, id: `m-${person}` });
      world.servers.yoplanning.seed({ ...common, id: `c-${person}` });
    }
    const model = new EngineModel(world, beside);
    await model.repair();
    for (const server of Object.values(world.servers)) server.requests.pages = 0;
    await world.look();
    return model;
  }

  async end(): Promise<void> {
    this.exports?.end();
    await this.world.end();
  }

  async act(action: EngineAction): Promise<void> {
    const { world } = this;
    switch (action.do) {
      case 'enter':
      case 'edit':
      case 'note':
      case 'remove':
        this.deeds.push(action);
        return doDeed(world, action);
      case 'deliver':
        return await this.deliver(action.nth, action.times);
      case 'lose':
        if (world.underWay.length === 0) return;
        world.underWay.splice(action.nth % world.underWay.length, 1);
        world.counts.lost += 1;
        return;
      case 'forward':
        return await this.forward({ lost: action.dies });
      case 'work': {
        const workflow = pickOf(this.working(), action.nth);
        for (let step = 0; step < action.steps && workflow?.canWork; step++) await this.step(workflow);
        return;
      }
      case 'crash':
        return await pickOf(this.working(), action.nth)?.crash(pickOf(this.beside.crashes, this.crashes++)!);
      case 'answer':
        return await this.answer(action);
      case 'bring':
        while (world.underWay.length > 0) await this.deliver(0, 1);
        await this.forward({});
        return await this.act({ ...action, do: 'work' });
      case 'repair':
        world.servers.yoplanning.listIsShort = action.short;
        await this.repair({ disturbed: true, file: null });
        world.servers.yoplanning.listIsShort = false;
        return;
      case 'settle':
        return await this.settle();
      case 'ask':
      case 'import':
      case 'done':
        return await this.imports?.act(action);
      case 'export':
      case 'archive':
        return await this.exports?.act(action);
      case 'give': {
        const file = this.exports?.take(action.nth, action.whole) ?? null;
        if (file !== null) await this.repair({ disturbed: true, file });
        return;
      }
    }
  }

  private working(): readonly Working[] {
    const { imports } = this;
    return [...this.workflows.working(), ...(imports?.canWork ? [imports] : [])];
  }

  private async deliver(nth: number, times: number): Promise<void> {
    const { underWay, counts } = this.world;
    if (underWay.length === 0) return;
    const [delivery] = underWay.splice(nth % underWay.length, 1);
    for (let time = 0; time < times; time++) await receive(this.world, delivery!);
    counts.deliveries += times;
  }

  private async forward({ again = false, lost = false }: { readonly again?: boolean; readonly lost?: boolean }) {
    const due = await dueSignals(this.world, again);
    if (!lost) for (const { linkId, gathered } of due) this.workflows.of(linkId).signal(gathered);
  }

  private async answer({ nth, take, value }: Extract<Action, { do: 'answer' }>): Promise<void> {
    const { world } = this;
    await world.look();
    const { store, counts, sql } = world;
    const asked = store.cases.filter((one) => one.open && one.answer === null && answered.includes(one.kind));
    const question = pickOf(asked, nth);
    if (question === undefined) return;
    counts.changes += 1;
    await storeAnswer(sql, world.caseIds.get(question)!, this.given(question, take, value), 'a person', answered);
    this.workflows.of(question.linkId).answered();
  }

  private given(
    { kind, linkId, field }: { kind: string; linkId: string; field: string },
    take: SystemName | 'value',
    nth: number,
  ): Answer {
    if (kind === 'create') return { take: 'create' };
    if (take !== 'value') return { take };
    const { store } = this.world;
    const { person } = store.shadow('yapla', store.links.get(linkId)!.ids.yapla)!;
    const value = normal(field, pickOf(valuesOf(person, field), nth)!);
    this.world.enteredOf(person, field).add(value);
    return { take, value };
  }

  private async step(workflow: Working): Promise<void> {
    if (++this.steps > maxSteps) throw new Violation('9: it does not end');
    await workflow.step();
  }

  /** Everything that is under way arrives in order, and all work is done. */
  async settle(): Promise<void> {
    const { world } = this;
    for (;;) {
      while (world.underWay.length > 0) await this.deliver(0, 1);
      await this.forward({ again: true });
      const working = this.working();
      if (working.length === 0) return;
      for (const workflow of working) await this.step(workflow);
    }
  }

  /** A person imports all files, until nothing waits. */
  async importAll(): Promise<void> {
    const show = async () => void (this.exports && (await this.repair()));
    await this.imports?.importAll(() => this.settle(), show);
  }

  /** All that must hold of what is known now. */
  check(): void {
    checkAlways(this.world);
    if (this.exports !== null) this.order.check();
  }

  /**
   * A bulk run.
   *
   * @param options `disturbed`: what else happens meanwhile goes on where it left off. `file`: what is given as Yapla's list; null: nothing.
   *   Left out: where it is read from files, a new one of all members
   */
  async repair(options: { readonly disturbed?: boolean; readonly file?: GivenFile | null } = {}): Promise<BulkEnd> {
    const { disturbed = false, file = await this.wholeFile() } = options;
    const meanwhile: Meanwhile = {
      atPlace: async () => {
        const next = disturbed ? this.beside.duringBulk[this.besides++] : undefined;
        if (next === 'kill' || next === 'fail') return next;
        if (next !== undefined && next !== null) await this.act(next);
        return 'go on';
      },
      whileBusy: async () => {
        await this.forward({ again: true });
        for (const workflow of this.working()) await this.step(workflow);
      },
    };
    return await bulkSync(this.world, meanwhile, file);
  }

  private async wholeFile(): Promise<GivenFile | null> {
    await this.exports?.press(0, 0);
    return this.exports?.take(0, true) ?? null;
  }
}

/**
 * Runs a history to its end.
 *
 * @param fault put in on purpose
 * @throws {Violation} if one of the properties of docs/how-it-works.md does not hold
 */
export async function runEngineHistory(
  pools: Pools,
  history: EngineHistory,
  beside: Besides,
  fault: Fault | null = null,
): Promise<void> {
  const model = await EngineModel.begin(pools, history.setting, beside, fault);
  try {
    await live(model, history);
  } finally {
    await model.end();
  }
}

/** What changes nothing in the database. */
const outside: readonly EngineAction['do'][] = [
  'enter',
  'edit',
  'note',
  'remove',
  'deliver',
  'lose',
  'forward',
  'ask',
  'import',
  'done',
  'export',
  'archive',
];

async function live(model: EngineModel, history: EngineHistory): Promise<void> {
  const { world } = model;
  for (const action of history.actions) {
    await model.act(action);
    if (outside.includes(action.do)) continue;
    await world.look();
    model.check();
  }
  await model.settle();
  await world.look();
  model.check();
  world.counts.deliveries = await countEvents(world);
  checkLive(world, (linkId) => world.views.get(linkId)!);
  const repaired = await model.repair();
  await world.look();
  checkRepair(world, { ...repaired, requests: repaired.requests - 2 * repaired.reopened });
  checkVerified(repaired);
  await model.settle();
  await model.importAll();
  const second = await model.repair();
  if (second.requests > 0) throw new Violation(`1: a second run sent ${second.requests} requests`);
  await model.settle();
  await world.look();
  await checkNothingWaits(world);
  model.check();
  checkEnd(world);
  checkCanaries(world);
  // However Yapla is written and read, it ends as where it is written at once, or where its list can be read.
  const lived: History = {
    setting: { ...history.setting, yapla: world.setting.yapla.writes === 'none' ? listOnly : byRest },
    actions: model.deeds,
  };
  const comparable = comparablePeople(lived).filter(
    (person) => !world.importedLate.has(person) && !world.archived.has(person),
  );
  // Without mishaps the model says what it comes to: the two are held against each other.
  if (comparable.length > 0) checkSame(world, endedWithoutMishaps(lived), comparable);
}

/** Property 1, of what is written by files: all of it arrived, or is asked about. */
async function checkNothingWaits({ sql, connectionId }: EngineWorld): Promise<void> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from waiting where connection_id = ${connectionId} and ended is null`;
  if (row!.n > 0) throw new Violation(`1: ${row!.n} values wait for an import still`);
}

/** A bulk run that nothing disturbed leaves nothing that needs something. */
function checkVerified({ differences }: BulkEnd): void {
  if (differences > 0) throw new Violation(`1: a bulk run left ${differences} links that need something`);
}

/** Property 5, of what we cannot prevent: a server that loses what is not mapped is told of, and nobody else. */
function checkCanaries({ store, damaged }: EngineWorld): void {
  const told = store.cases.some(({ kind }) => (kind as string) === 'canary');
  if (damaged.size > 0 && !told) throw new Violation('5: a server lost what is not mapped, and nobody is told');
  if (damaged.size === 0 && told) throw new Violation('5: a server is said to have lost what it kept');
}
