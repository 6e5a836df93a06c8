/** Every order of a sandbox in this process that bears a reference, who placed it, and whether two of ours ever stood for one registration at once. */
import type { SandboxHooks } from '../../../src/sandbox/sandbox.js';

export class OrderLedger {
  /** Of each reference, ids of orders of ours that stand. */
  readonly #standing = new Map<string, Set<string>>();
  readonly #references = new Map<string, string>();
  readonly #ours = new Set<string>();
  readonly #twice: string[] = [];
  #placed = 0;

  readonly hooks: SandboxHooks = {
    onOrder: ({ record: id, event, by }, order) => {
      if (event === 'created' && by === 'api') this.#place(id, order?.reference ?? '');
      const standing = this.#standing.get(this.#references.get(id) ?? '');
      if (order === null || order.cancelled) standing?.delete(id);
    },
  };

  /** Placed through the API: whatever else there is staff entered at the desk. */
  isOurs(id: string): boolean {
    return this.#ours.has(id);
  }

  /** Orders that we placed so far. */
  get placed(): number {
    return this.#placed;
  }

  /** References for which an order of ours was placed while another stood, in the order in which that happened. */
  get twice(): readonly string[] {
    return this.#twice;
  }

  #place(id: string, reference: string): void {
    this.#placed += 1;
    this.#ours.add(id);
    this.#references.set(id, reference);
    const standing = this.#standing.get(reference) ?? new Set();
    if (standing.size > 0) this.#twice.push(reference);
    this.#standing.set(reference, standing.add(id));
  }
}
