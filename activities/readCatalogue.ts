/** The activity of `mirrorCatalogue` (workflows/mirrorCatalogue.ts): one turn. Input and result are numbers and counts. */
import { cancellationSignal } from '@temporalio/activity';
import { turnMs } from '../src/core/events/catalogue.js';
import { personsOf } from '../src/core/record.js';
import { eventsOf } from '../src/link/bookings/open.js';
import { mirrorTurn } from '../src/link/catalogue.js';
import type { CatalogueTurn } from '../workflows/mirrorCatalogue.messages.js';
import { type AttemptInput, withHeartbeat } from './attempts.js';
import type { Dependencies } from './dependencies.js';

export interface ReadCatalogueInput extends AttemptInput {
  readonly connectionId: string;
}

/** Sends the requests of one turn, in the lane `idle`. A turn that is made again goes on where the one before it was cut off. */
export const readCatalogue =
  ({ keyedSql, configured }: Dependencies) =>
  async ({ connectionId }: ReadCatalogueInput): Promise<CatalogueTurn> =>
    await withHeartbeat(async () => {
      const connection = await configured(personsOf(connectionId));
      const config = connection.config.events?.catalogue ?? null;
      if (config === null) return { isOver: true };
      const { shownWaitMs, stoppedRetryMs, maxStoppedRetryMs, heartbeatTimeoutMs } = connection.config.live;
      const signal = cancellationSignal();
      const turn = await mirrorTurn({ sql: keyedSql, events: eventsOf(connection), config, signal });
      signal.throwIfAborted();
      const { maxHistoryEvents } = config;
      const pauseMs = turnMs(config);
      return {
        isOver: false,
        turn,
        settings: { pauseMs, shownWaitMs, stoppedRetryMs, maxStoppedRetryMs, heartbeatTimeoutMs, maxHistoryEvents },
      };
    });
