/** What tests of the model's club have in common: one registration after the other, settled, and persons who answer. */
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { BookingAnswer, BookingQuestion } from '../../../src/core/events/bookings.js';
import { answerCase } from '../../../src/cases/answers.js';
import { openDatabase, type Sql } from '../../../src/store/database.js';
import { freshDatabase, type FreshDatabase } from '../servers.js';
import { type Faulty, Registrations } from './workflow.js';
import { BookingWorld, type ClubSetting, plainSetting } from './world.js';

export interface ModelClub {
  readonly world: BookingWorld;
  readonly workflows: Registrations;
  /** A person answers the open question of this kind, and it is carried out. */
  answer(question: BookingQuestion, take: BookingAnswer): Promise<void>;
}

/** @returns opens a club; it is closed after the test */
export function bookingTest(name: string): {
  readonly sql: () => Sql;
  readonly open: (
    setting?: Partial<ClubSetting>,
    options?: { readonly mapped?: boolean; readonly faulty?: Faulty },
  ) => Promise<ModelClub>;
} {
  let database: FreshDatabase;
  let sql: Sql;
  const opened: BookingWorld[] = [];
  beforeAll(async () => {
    database = await freshDatabase();
    sql = openDatabase(database.url, { maxConnections: 6, applicationName: name });
  });
  afterEach(async () => {
    for (const world of opened.splice(0)) await world.end();
  });
  afterAll(async () => {
    await sql.end({ timeout: 5 });
    await database.drop();
  });
  return {
    sql: () => sql,
    open: async (setting = {}, { mapped = true, faulty = {} } = {}) => {
      const world = await BookingWorld.begin(sql, { ...plainSetting, ...setting }, { mapped });
      opened.push(world);
      const workflows = new Registrations(world, faulty);
      const answer = async (question: BookingQuestion, take: BookingAnswer) => {
        const { id, linkId } = (await world.cases()).find(({ kind }) => kind === question)!;
        await answerCase(sql, id, { take }, 'tester');
        workflows.of(linkId!).answered();
        await workflows.settle();
      };
      return { world, workflows, answer };
    },
  };
}
