import { z } from 'zod';

const days = (text: string, most: number, least = 0) => z.number().min(least).max(36_500).default(most).describe(text);

/** The guard looks back a day on what was written and on what persons answered (core/guard.ts): that much must be there. */
const guardDays = 2;

/** How long each kind of data is kept, whatever the connection. */
export const retentionSchema = z
  .strictObject({
    everyHours: z
      .number()
      .min(1)
      .default(24)
      .describe('How often what is over its time is deleted, by a schedule of Temporal’s that the workers set up.'),
    batchRows: z
      .number()
      .int()
      .min(1)
      .default(1_000)
      .describe('Rows that one transaction deletes: few enough that nobody waits for their locks.'),
    webhooksDays: days(
      'Webhooks that were handled, with their bodies: to show what came and when. A month covers most complaints; bodies hold people’s data.',
      30,
    ),
    otherWebhookBodies: z
      .boolean()
      .default(false)
      .describe(
        'Keep the bodies of webhooks that nobody acts on (a donation, an order). They hold people’s data and are of no use here, but to see what a system sends: then only that they came is kept.',
      ),
    requestLogDays: days(
      'The log of requests: what a sync cost, and what a token has used. A quarter, to compare. Never shorter than the longest window of `limits`, in which they count.',
      90,
    ),
    planItemsDays: days(
      'What each plan was to do to whom, and what became of it, after the plan has ended. The plan itself stays, with its totals and who approved it.',
      90,
    ),
    scansDays: days(
      'Readings of a whole list: when, how many pages and records. The newest complete one of each system stays: it is what proves that a record is missing.',
      90,
    ),
    exportsDays: days(
      'Exports of members that were given to `passerelle import-members`, as they were staged. They are needed until their bulk sync has read them; a month, to look into what a file said.',
      30,
      1,
    ),
    closedCasesDays: days(
      'Closed cases, with what was answered; they hold values. A year, so that the next season’s questions can be held against this one’s. Those by which a person said not to be asked again stay as long as their link.',
      365,
      guardDays,
    ),
    importFilesDays: days(
      'Files that were imported in Yapla by hand and judged, with the values that were in them; they hold people’s data. A quarter, to look up what a file had. How many it had, and what became of them, stays.',
      90,
    ),
    tombstonesDays: days(
      'Our copies of records that are proven gone, where no link needs them: one of which the other record is there keeps its open place. Where both are gone, the link goes with them. Somebody who comes back next season is still recognised.',
      400,
    ),
    journalDays: days(
      'The journal: the only copy of the values that writes replaced. Three years, the time that most advise for members who left; what is older cannot be put back.',
      1_095,
      guardDays,
    ),
    auditDays: days(
      'Who gave which command. Five years: longer than the journal, so that whatever it tells can be traced to somebody.',
      1_825,
      30,
    ),
  })
  .prefault({});

export type RetentionConfig = z.infer<typeof retentionSchema>;
