import { z } from 'zod';
import { isTimeZone } from '../core/zone.js';

/** The zone of the times that a system writes without one. @param why the default is UTC */
export const timeZoneSchema = (why: string) =>
  z
    .string()
    .refine(isTimeZone, 'expected the name of a time zone, such as Europe/Paris, America/Montreal or UTC')
    .default('UTC')
    .describe(
      `Time zone (IANA) of times that it writes without one; an offset that stands with a time counts before it. ${why} A time in the hour that happens twice in autumn, or in the one that does not exist in spring, counts as known to the hour only: it sets nothing aside that may be newer, and \`newest\` asks.`,
    );
