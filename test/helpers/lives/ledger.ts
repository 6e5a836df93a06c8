/** Every version of every record of a sandbox in this process, and who made it: what is said about overwriting is held against it. */
import type { SandboxRecord } from '../../../src/sandbox/control.js';
import type { Change } from '../../../src/sandbox/registry.js';
import type { SandboxHooks } from '../../../src/sandbox/sandbox.js';
import { parseLinkId } from '../../../src/core/linkId.js';
import type { SystemName } from '../../../src/core/record.js';

export interface Version {
  readonly by: Change['by'];
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** As the change left it; `null`: removed. */
  readonly record: SandboxRecord | null;
}

/** The versions of one record, oldest first. */
export interface RecordVersions {
  readonly system: SystemName;
  readonly id: string;
  readonly versions: readonly Version[];
}

/** Of records of either system, by name: `<system>:<id>`. */
export class Ledger {
  readonly #versions = new Map<string, Version[]>();

  readonly hooks: SandboxHooks = {
    onChange: ({ system, record: id, by }, record) => {
      const name = `${system}:${id}`;
      const versions = this.#versions.get(name) ?? [];
      versions.push({ by, atMs: Date.now(), record });
      this.#versions.set(name, versions);
    },
  };

  all(): RecordVersions[] {
    return [...this.#versions].map(([name, versions]) => ({ ...parseLinkId(name), versions }));
  }

  /** Records of people whom `holds` accepts that are there now, in the order in which they came. */
  present(system: SystemName, holds: (record: SandboxRecord) => boolean): SandboxRecord[] {
    return this.all().flatMap((one) => {
      const record = one.versions.at(-1)!.record;
      return one.system === system && record !== null && holds(record) ? [record] : [];
    });
  }

  /** Changes by people since a moment. */
  deskChangesSince(atMs: number): number {
    return this.all().reduce(
      (sum, { versions }) => sum + versions.filter((one) => one.by === 'desk' && one.atMs >= atMs).length,
      0,
    );
  }
}
