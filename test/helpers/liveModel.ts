/**
 * Live propagation in memory: two systems, webhooks, the inbox, one workflow per link, and the repair run, with crashes between any two
 * steps. What decides is the real pure code (core/live.ts, decide.ts, match.ts, normalise.ts, fingerprint.ts, plan.ts); what activities do
 * is modelled beside it, in the folder of this file's name.
 */
import { linkIdOf } from '../../src/core/linkId.js';
import { systemNames } from '../../src/core/record.js';
import { moveBase } from './liveModel/agree.js';
import { documentOf, doDeed, pickOf } from './liveModel/deeds.js';
import type { History, Action } from './liveModel/history.js';
import { checkAlways, checkEnd, checkLive, checkRepair, checkSame } from './liveModel/properties.js';
import { repair, type Repaired } from './liveModel/repair.js';
import { normal, valuesOf, type Setting } from './liveModel/setting.js';
import { Workflows } from './liveModel/workflow.js';
import { Violation, World, type FightingServers } from './liveModel/world.js';
import { comparablePeople, withoutMishaps } from './liveModel/history.js';

export { encounters, histories, type Action, type History } from './liveModel/history.js';
export { byExports, byFiles, byRest, listOnly, plainSetting, type Mutant, type Setting } from './liveModel/setting.js';
export { Violation } from './liveModel/world.js';

/** Far more than any history needs: whoever reaches it goes round in circles. */
const maxSteps = 3_000;

/** A history under way. */
export class LiveModel {
  readonly world: World;
  private readonly workflows: Workflows;
  private steps = 0;

  constructor(setting: Setting, fighting: FightingServers = {}) {
    this.world = new World(setting, fighting);
    this.workflows = new Workflows(this.world);
    for (let person = 0; person < setting.linkedPeople; person++) this.seed(person);
  }

  /** Somebody whom both systems have, and whom a bulk run has linked: what it would make of them, without the run. */
  private seed(person: number): void {
    const { servers, store } = this.world;
    const document = documentOf(person);
    const ids = { yapla: `m-${person}`, yoplanning: `c-${person}` };
    for (const system of systemNames) {
      const id = ids[system];
      store.keepShadow(
        system,
        servers[system].seed({ id, document, externalReference: null, person, madeBy: 'a person' }),
      );
    }
    moveBase(this.world, store.addLink(linkIdOf('yapla', ids.yapla), ids));
  }

  act(action: Action): void {
    const { world, workflows } = this;
    switch (action.do) {
      case 'enter':
      case 'edit':
      case 'note':
      case 'remove':
        return doDeed(world, action);
      case 'deliver':
        return this.deliver(action.nth, action.times);
      case 'lose':
        if (world.underWay.length === 0) return;
        world.underWay.splice(action.nth % world.underWay.length, 1);
        world.counts.lost += 1;
        return;
      case 'forward':
        return workflows.forward({ lost: action.dies });
      case 'work': {
        const workflow = pickOf(workflows.working(), action.nth);
        for (let step = 0; step < action.steps && workflow?.canWork; step++) this.step(workflow);
        return;
      }
      case 'crash':
        return pickOf(workflows.working(), action.nth)?.crash();
      case 'answer':
        return this.answer(action);
      case 'bring':
        while (world.underWay.length > 0) this.deliver(0, 1);
        workflows.forward();
        return this.act({ ...action, do: 'work' });
      case 'repair':
        world.servers.yoplanning.listIsShort = action.short;
        repair(world);
        world.servers.yoplanning.listIsShort = false;
        return;
      case 'settle':
        return this.settle();
    }
  }

  private deliver(nth: number, times: number): void {
    const { underWay, store, counts } = this.world;
    if (underWay.length === 0) return;
    const [delivery] = underWay.splice(nth % underWay.length, 1);
    for (let time = 0; time < times; time++) store.receive(delivery!);
    counts.deliveries += times;
  }

  private answer({ nth, take, value }: Extract<Action, { do: 'answer' }>): void {
    const { store, counts } = this.world;
    const asked = store.cases.filter(
      (one) => one.open && one.answer === null && !['doubt', 'removal'].includes(one.kind),
    );
    const question = pickOf(asked, nth);
    if (question === undefined) return;
    counts.changes += 1;
    if (question.kind === 'create') question.answer = { take: 'create' };
    else if (take === 'value') {
      const link = store.links.get(question.linkId)!;
      const person = store.shadow('yapla', link.ids.yapla)!.person;
      const raw = pickOf(valuesOf(person, question.field), value)!;
      this.world.enteredOf(person, question.field).add(normal(question.field, raw));
      question.answer = { take, value: normal(question.field, raw) };
    } else question.answer = { take };
    this.workflows.of(question.linkId).signal(true);
  }

  private step(workflow: { step: () => void }): void {
    if (++this.steps > maxSteps) throw new Violation('9: it does not end');
    workflow.step();
  }

  /** Everything that is under way arrives in order, and all work is done. */
  settle(): void {
    const { world, workflows } = this;
    for (;;) {
      while (world.underWay.length > 0) this.deliver(0, 1);
      workflows.forward({ again: true });
      const working = workflows.working();
      if (working.length === 0) return;
      for (const workflow of working) this.step(workflow);
    }
  }

  repair(): Repaired {
    return repair(this.world);
  }
}

/** Runs a history to its end. @throws {Violation} if one of the properties of docs/how-it-works.md does not hold */
export function runHistory(history: History): void {
  const world = ended(history);
  const comparable = comparablePeople(history);
  if (comparable.length > 0) checkSame(world, endedWithoutMishaps(history), comparable);
}

/** What `ended` would come to if nothing had gone wrong; it is not itself what is examined. */
export function endedWithoutMishaps(history: History): World {
  const { setting, actions } = withoutMishaps(history);
  const model = new LiveModel(setting);
  for (const action of actions) model.act(action);
  model.repair();
  model.settle();
  return model.world;
}

function ended(history: History): World {
  const model = new LiveModel(history.setting);
  const { world } = model;
  for (const action of history.actions) {
    model.act(action);
    checkAlways(world);
  }
  model.settle();
  checkLive(world);
  const repaired = model.repair();
  checkRepair(world, repaired);
  model.settle();
  const second = model.repair();
  if (second.writes > 0) throw new Violation(`1: a second run wrote ${second.writes} times`);
  checkEnd(world);
  return world;
}

/**
 * Lets people edit one field of one person while servers put back values of their own after each of our updates.
 *
 * @throws {Violation} if it does not end
 */
export function fightToTheEnd(
  setting: Setting,
  fighting: FightingServers,
  edits: readonly { readonly system: 'yapla' | 'yoplanning'; readonly nth: number }[],
): { readonly writes: number; readonly frozen: boolean } {
  const model = new LiveModel(setting, fighting);
  for (const { system, nth } of edits) {
    model.act({ do: 'edit', system, person: 0, field: 'club', nth });
    model.settle();
  }
  model.repair();
  model.settle();
  const frozen = model.world.store.cases.some(({ kind, open }) => kind === 'frozen' && open);
  return { writes: model.world.writes(), frozen };
}
