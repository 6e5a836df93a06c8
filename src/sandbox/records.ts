/** A system's records in the order of its list: by creation, and constant time for everything but insertion and removal. */
export class Records<T extends { readonly id: string }> {
  readonly #byId = new Map<string, T>();
  readonly #order: T[] = [];

  get size(): number {
    return this.#order.length;
  }

  get(id: string): T | undefined {
    return this.#byId.get(id);
  }

  all(): readonly T[] {
    return this.#order;
  }

  /** @param at position in the list; default: the end. */
  add(record: T, at = this.#order.length): void {
    if (this.#byId.has(record.id)) throw new Error(`record ${record.id} exists already`);
    this.#byId.set(record.id, record);
    if (at >= this.#order.length) this.#order.push(record);
    else this.#order.splice(at, 0, record);
  }

  remove(id: string): boolean {
    const record = this.#byId.get(id);
    if (record === undefined) return false;
    this.#byId.delete(id);
    this.#order.splice(this.#order.indexOf(record), 1);
    return true;
  }

  clear(): void {
    this.#byId.clear();
    this.#order.length = 0;
  }
}
