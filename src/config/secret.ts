/**
 * Marks a setting as a secret: the file may only name the environment variable that holds it (see references.ts), and the
 * generated reference says so.
 */
export const secret = { secret: true } as const;
