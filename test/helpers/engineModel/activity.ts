/** Activities of bulk syncs and imports, each called as the function that it is. */
import { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
import type { Dependencies } from '../../../activities/dependencies.js';
import type { Stopping } from './attempt.js';
import type { EngineWorld } from './world.js';

export type Factory<I, R> = (dependencies: Dependencies) => (input: I) => Promise<R>;

/** One attempt at it, by a worker of its own. @param nth which attempt it is, from 1 */
export async function inBulk<I, R>(
  world: EngineWorld,
  stopping: Stopping,
  factory: Factory<I, R>,
  input: I,
  nth: number,
): Promise<R> {
  const { sql, claims, connection } = world.workerFor(stopping, 'bulk');
  const open = () => Promise.resolve(connection);
  const dependencies = { sql, keyedSql: sql, claims, connection: open, configured: open };
  return await inActivity(nth, () => factory(dependencies)(input));
}

/** What an activity asks Temporal: which attempt it is, and to be told of signs of life. It has no time-out here, so it gives none. */
async function inActivity<R>(attempt: number, work: () => Promise<R>): Promise<R> {
  const never = new Promise<never>(() => undefined);
  const nothing = {} as never;
  const info = { attempt, isLocal: false } as Info;
  const { signal } = new AbortController();
  const context = new Context(info, never, signal, () => undefined, undefined, nothing, nothing, nothing);
  return await asyncLocalStorage.run(context, work);
}
