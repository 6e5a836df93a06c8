/** A worker in a process of its own that dies of kill -9 and is started again. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordWorkflows } from '../../src/cli/recordWorkflows.js';
import { Random } from '../../src/sandbox/random.js';
import type { TestPasserelle } from './passerelle.js';

/** `PENDING_ACTIVITY_STATE_STARTED` of Temporal's API. */
const started = 2;

/** `TIMEOUT_TYPE_START_TO_CLOSE`. */
const startToClose = 1;

export class MortalWorker {
  #process: ChildProcess | null = null;
  readonly #dead = new Set<number>();

  constructor(private readonly house: TestPasserelle) {}

  async start(): Promise<void> {
    this.#process = await this.house.startWorkerProcess();
  }

  /** Does nothing where none runs. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (process === null) return;
    this.#process = null;
    this.#dead.add(process.pid!);
    process.kill('SIGKILL');
    if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
  }

  /** Dies at moments chosen by what the systems have seen, and is started again each time. @returns the attempts that were cut off */
  async dieAndRiseAgain({
    deaths,
    seed,
    isOver,
  }: {
    readonly deaths: number;
    readonly seed: number;
    readonly isOver: () => boolean;
  }): Promise<number> {
    const random = new Random(seed);
    let cutOff = 0;
    for (let nth = 0; nth < deaths; nth++) {
      const moment = (await this.requests()) + random.between(20, 120);
      while (!isOver() && (await this.requests()) < moment) await sleep(5);
      await this.kill();
      await this.start();
      cutOff += await this.giveUpAttempts();
    }
    return cutOff;
  }

  private async requests(): Promise<number> {
    const { yapla, yoplanning } = await this.house.sandbox.control.counts();
    return yapla.requests + yoplanning.requests;
  }

  /**
   * Does what the server does when the heartbeats of a dead worker's attempts stay away, without the waiting.
   *
   * @returns how many attempts the deaths so far have cut off
   */
  async giveUpAttempts(): Promise<number> {
    const { client } = this.house;
    let attempts = 0;
    for (const { workflowId, runId, status } of await recordWorkflows(this.house)) {
      if (status.name !== 'RUNNING') continue;
      const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
      for (const { activityId, lastWorkerIdentity, state } of raw.pendingActivities ?? []) {
        // Started, by a process that is no more (identities begin with its id).
        if (Number(state) !== started || !this.#dead.has(Number.parseInt(lastWorkerIdentity ?? '', 10))) continue;
        await client.workflowService.respondActivityTaskFailedById({
          namespace: client.options.namespace,
          workflowId,
          runId,
          activityId: activityId!,
          failure: { message: 'the worker died', applicationFailureInfo: { type: 'WorkerDied', nonRetryable: false } },
        });
        attempts += 1;
      }
    }
    return attempts;
  }

  /** How many workflow tasks, with the local attempts in them, the deaths have cut off so far. */
  async cutOffTasks(): Promise<number> {
    const { client } = this.house;
    let tasks = 0;
    for (const { workflowId, runId } of await recordWorkflows(this.house)) {
      const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      for (const { workflowTaskTimedOutEventAttributes: timedOut } of events ?? [])
        if (Number(timedOut?.timeoutType) === startToClose) tasks += 1;
    }
    return tasks;
  }
}
