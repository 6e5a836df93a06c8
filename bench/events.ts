/** The bench of events: what registrations cost, places that run out, and a catalogue that is kept fresh from few requests. */
import type { Bench } from './bench.js';
import { bookingRequestsLine, lastPlacesLine } from './lines/bookings.js';
import { catalogueLine } from './lines/catalogue.js';
import { benchOfParts, type Part } from './parts.js';

/** Sizes: a whole run takes some minutes on two cores, a quick one less than one. */
const parts: Readonly<Record<string, Part>> = {
  requests: (stage, quick) => bookingRequestsLine(stage, { registrations: quick ? 5 : 100, parallel: 5 }),
  places: (stage, quick) =>
    lastPlacesLine(stage, quick ? { registrations: 5, places: 2 } : { registrations: 20, places: 3 }),
  catalogue: (stage, quick) =>
    catalogueLine(
      stage,
      quick
        ? { products: 20, sessions: 60, requestsPerDay: 40, warmUpDays: 2, days: 1 }
        : { products: 300, sessions: 5_000, requestsPerDay: 100, warmUpDays: 8, days: 14 },
    ),
};

export const events: Bench = benchOfParts(
  'events',
  'events: requests of a registration, the last places, the age of a mirrored catalogue',
  parts,
);
