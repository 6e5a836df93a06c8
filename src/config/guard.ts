import { z } from 'zod';

const share = (fallback: number, text: string) => z.number().min(0).max(1).default(fallback).describe(text);
const count = (fallback: number, text: string) => z.number().int().nonnegative().default(fallback).describe(text);

/** How many of a kind pass within an hour and a day without a person: the larger of a number, for small clubs, and a share, for large ones. */
function rateSchema(
  defaults: { maxPerHour: number; maxPerDay: number; maxSharePerHour: number; maxSharePerDay: number },
  why: string,
) {
  return z
    .strictObject({
      maxPerHour: count(
        defaults.maxPerHour,
        `So many in the last 60 minutes pass without a person, or \`maxSharePerHour\`, whichever is more; what goes beyond is held and asked about in one case. ${why}`,
      ),
      maxPerDay: count(defaults.maxPerDay, 'The same in the last 24 hours.'),
      maxSharePerHour: share(
        defaults.maxSharePerHour,
        'The same as a share of the linked people; for `created`, of the people of the system that receives them.',
      ),
      maxSharePerDay: share(defaults.maxSharePerDay, 'The same in the last 24 hours.'),
    })
    .prefault({});
}

/** When a person must look, whatever may be done by rule. */
export const guardSchema = z
  .strictObject({
    maxChangedShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.2)
      .describe(
        'A plan that changes a larger share of the linked people is never approved by rule: a person must look.',
      ),
    maxCreatedShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe(
        'The same for creations, as a share of all people of the system that receives them. Does not apply to an empty system.',
      ),
    maxRemovedShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.02)
      .describe(
        "If more than this share of a system's records is gone at once, nothing is taken for a removal: the list is suspect.",
      ),
    minPeople: z
      .number()
      .int()
      .nonnegative()
      .default(20)
      .describe(
        'Below this number of people shares say nothing and are not applied; numbers per hour and day still are.',
      ),
    blanked: rateSchema(
      { maxPerHour: 15, maxPerDay: 30, maxSharePerHour: 0.02, maxSharePerDay: 0.05 },
      "Values that are cleared in one system, live and by plans of the rule together; for a plan, the day's. What one plugin or one import can empty for everybody is lost to the other system as well, so few are believed: a club of 300 clears some in a week.",
    ),
    changed: rateSchema(
      { maxPerHour: 50, maxPerDay: 100, maxSharePerHour: 0.1, maxSharePerDay: 0.2 },
      'Records of which live work, and plans of the rule, change anything in one system. A club of 300 with 40 edits on a Saturday stays below.',
    ),
    created: rateSchema(
      { maxPerHour: 50, maxPerDay: 100, maxSharePerHour: 0.1, maxSharePerDay: 0.2 },
      'Records that live work, and plans of the rule, create in one system. An import of 150 members into a club of 300 is asked about.',
    ),
    maxCanaryTrips: z
      .number()
      .int()
      .positive()
      .default(3)
      .describe(
        'Writes whose answer shows an unmapped value changed, before the connection is stopped. Each opens a case.',
      ),
  })
  .prefault({});
