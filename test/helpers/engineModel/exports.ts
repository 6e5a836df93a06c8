/**
 * The person at Yapla's export button, and the files that she keeps and gives to `passerelle import-members`: some late, some twice, some of
 * only a part of the members. And what must hold of them at every moment: nothing older undoes what is known.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DateOrder } from '../../../src/core/export/dates.js';
import { Day, tableFile, type Value } from '../../../src/sandbox/yapla/tableFile.js';
import type { Given } from '../../../src/store/exports.js';
import { fieldNames, normal } from '../liveModel/setting.js';
import type { ServerRecord } from '../liveModel/server.js';
import { valueIn, Violation } from '../liveModel/world.js';
import type { EngineWorld } from './world.js';

/** What the person at the export button does. */
export type ExportAction =
  /** Exports what the list shows now. `leaveOut`: bit by bit, members that it does not show, as after a search; 0: all. `form`: of the file. */
  | { readonly do: 'export'; readonly leaveOut: number; readonly form: number }
  /** Gives a file, counted from the newest backwards, whether it was given before or not. `whole`: says that it is the whole list, if it is. */
  | { readonly do: 'give'; readonly nth: number; readonly whole: boolean }
  /** A member is archived: she is in no later file. */
  | { readonly do: 'archive'; readonly person: number };

export interface GivenFile {
  readonly path: string;
  readonly given: Given;
  readonly dateOrder: DateOrder | null;
}

interface KeptFile {
  readonly path: string;
  readonly exportedAt: Date;
  readonly isPart: boolean;
}

/** The header of a field that Yapla does not know is named in `yapla.workbook.columns`. */
export const ownColumns = { club: ['Club'] };

/** Of the member, and of one of her memberships. */
const headers = [
  ...[
    'Membre - N° de membre',
    'Membre - Prénom',
    'Membre - Nom',
    'Membre - Courriel',
    'Membre - Ville',
    'Membre - Club',
  ],
  ...['Membre - Statut', 'Adhésion - # adhésion', "Adhésion - Début de l'adhésion"],
];

export class Exports {
  private readonly files: KeptFile[] = [];
  private directory: string | null = null;

  constructor(private readonly world: EngineWorld) {}

  async act(action: Exclude<ExportAction, { do: 'give' }>): Promise<void> {
    if (action.do === 'export') return await this.press(action.leaveOut, action.form);
    const { servers, archived, counts } = this.world;
    const record = [...servers.yapla.records.values()].find(({ person }) => person === action.person);
    if (record === undefined) return;
    servers.yapla.archive(record.id);
    archived.add(record.person);
    // Only a file can show it.
    counts.lost += 1;
    counts.changes += 1;
  }

  /** Exports the list, or what of it a search has found. */
  async press(leaveOut: number, form: number): Promise<void> {
    const listed = [...this.world.servers.yapla.records.values()];
    const shown = listed.filter((_, at) => ((leaveOut >> at) & 1) === 0);
    this.directory ??= mkdtempSync(path.join(tmpdir(), 'passerelle-exports-'));
    const file = path.join(this.directory, `${this.files.length}.csv`);
    const content = await tableFile(headers, rowsOf(shown, form), { form: 'csv', dates: 'iso', sheet: 'Membres' });
    const exportedAt = new Date(await this.world.moment());
    writeFileSync(file, content);
    this.files.push({ path: file, exportedAt, isPart: shown.length < listed.length });
  }

  /** @returns null: nobody has exported so many */
  take(nth: number, whole: boolean): GivenFile | null {
    const file = this.files.at(-1 - nth);
    if (file === undefined) return null;
    const { exportedAt, isPart } = file;
    return { path: file.path, given: { exportedAt, whole: whole && !isPart }, dateOrder: null };
  }

  end(): void {
    if (this.directory !== null) rmSync(this.directory, { recursive: true });
  }
}

/** A row for each membership. `form`: how many those are, and whether those of one member stand together. */
function rowsOf(members: readonly ServerRecord[], form: number): readonly (readonly Value[])[] {
  const rows = members.flatMap(({ id, document }, nth) =>
    Array.from({ length: 1 + ((form + nth) % 3) }, (_, membership) => ({
      membership,
      cells: [
        id,
        ...fieldNames.map((field) => document[field] as string | null),
        ...['Actif', `${id}/${membership}`, new Day(`202${membership}-01-31`)],
      ],
    })),
  );
  if (form % 2 === 1) rows.sort((a, b) => a.membership - b.membership);
  return rows.map(({ cells }) => cells);
}

/**
 * Property 8, of what has no order but its own: whatever a file or a body shows, what is known of a member never goes back to what it had
 * replaced, once that was known.
 */
export class NeverBackwards {
  /** By member and field: of the versions that a server ever had, the first that had what is known. */
  private readonly known = new Map<string, number>();

  constructor(private readonly world: EngineWorld) {}

  check(): void {
    const { store, servers } = this.world;
    for (const shadow of store.shadows.values()) {
      if (shadow.system !== 'yapla') continue;
      const versions = servers.yapla.versions.get(shadow.id) ?? [];
      for (const field of fieldNames) {
        const value = normal(field, shadow.fields[field] ?? null);
        const had = versions.map(({ document }) => valueIn(document, field) === value);
        const name = `${shadow.id}/${field}`;
        const before = this.known.get(name) ?? -1;
        const last = had.lastIndexOf(true);
        if (last < before) throw new Violation(`8: ${field} of yapla ${shadow.id} is known again as it was before`);
        // The first of those that stand together up to the last.
        this.known.set(name, Math.max(before, had.lastIndexOf(false, last) + 1));
      }
    }
  }
}

/** Waits until all clocks show a later time: what was done before it and what is done after it can be told apart. */
export async function untilLater(at: number): Promise<void> {
  while (Date.now() <= at) await nextTurn();
}
