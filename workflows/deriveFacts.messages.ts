/** What the `deriveFacts` workflow is called and asked, defined once for both sides. */

export interface DeriveFactsInput {
  readonly connectionId: string;
}

/** The workflow's id: one for each connection. */
export function deriveFactsId(connectionId: string): string {
  return `facts/${connectionId}`;
}
