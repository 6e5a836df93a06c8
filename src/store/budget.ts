/** Who asks, first in line first: a person's change before a person's review before a bulk sync before housekeeping. */
export const lanes = ['live', 'review', 'bulk', 'idle'] as const;
export type Lane = (typeof lanes)[number];
