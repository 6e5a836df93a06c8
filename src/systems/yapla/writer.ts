/**
 * The seam between Yapla's members and the ways to write them. Yapla's own documents contradict each other on whether its API
 * writes at all (docs/systems.md), so the way is chosen for each connection (`yapla.write.mode`).
 */
import type { Ask } from '../../http/client.js';
import { RequestRefused } from '../../http/failures.js';
import type { SystemRecord, System } from '../system.js';

/** One way to write members at once. A way that reads one member for its own updates offers that reading to all. */
export interface YaplaWriter extends Pick<System, 'create' | 'update' | 'writes'> {
  /** `null` where this way cannot read one member. */
  readonly read: ((id: string, ask: Ask) => Promise<SystemRecord | null>) | null;
}

/** `yapla.write.mode: none`: Yapla is only read. @param connection for the error of whoever writes all the same. */
export function createNoWriter(connection: string): YaplaWriter {
  const refuse = (record: string | undefined) => {
    const context = { connection, system: 'yapla', method: 'none', path: 'members' };
    const what = 'nothing was sent: yapla.write.mode is "none", so Yapla is only read';
    const whatToDo = 'Set yapla.write.mode, or let fields and creations travel to Yoplanning only';
    return Promise.reject(
      new RequestRefused(record === undefined ? context : { ...context, record }, 0, what, whatToDo),
    );
  };
  return {
    writes: false,
    read: null,
    create: (_request, ask) => refuse(ask.record),
    update: (id) => refuse(id),
  };
}
