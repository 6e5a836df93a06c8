/**
 * Yapla's import wizard over the model's server, and the person at it. Its rules are those of the sandbox's (src/sandbox/yapla/importWizard.ts):
 * members are found by their number or by their e-mail address, and an empty cell changes nothing.
 */
import { read, utils } from '@e965/xlsx';
import type { findBatch } from '../../../src/store/importBatches.js';
import { normal, people, valuesOf } from '../liveModel/setting.js';
import type { ServerRecord } from '../liveModel/server.js';
import { valueIn } from '../liveModel/world.js';
import type { EngineWorld } from './world.js';

export type ImportedFile = NonNullable<Awaited<ReturnType<typeof findBatch>>>;

/** Which column is which: as Yapla's own export names them, and the name of a field that it does not know. */
const columns: Readonly<Record<string, string>> = {
  'Membre - N° de membre': 'number',
  'Membre - Prénom': 'firstName',
  'Membre - Nom': 'lastName',
  'Membre - Courriel': 'email',
  'Membre - Ville': 'city',
  club: 'club',
};

type Row = Readonly<Record<string, string>>;

export class Wizard {
  /** Files of people who are made whatever stands there: whoever imports them twice makes everybody twice (docs/yapla-imports.md). */
  private readonly importedOnce = new Set<number>();

  /** Values that arrived, by file, member and field: imported once more over an edit they are the importing person's own. */
  private readonly arrived = new Set<string>();

  constructor(private readonly world: EngineWorld) {}

  /** @param lost bit by bit: rows that do not arrive */
  async importFile(file: ImportedFile, lost: number): Promise<void> {
    const { number, purpose, state } = file;
    if (purpose === 'createWithoutEmail') {
      if (state === 'judged' || this.importedOnce.has(number)) return;
      this.importedOnce.add(number);
    }
    // What is known at this moment is what must not be lost.
    await this.world.look();
    rowsOf(file).forEach((row, at) => {
      if (((lost >> at) & 1) === 0) this.take(row, file);
    });
  }

  private take({ number, ...row }: Row, file: ImportedFile): void {
    const { purpose, state } = file;
    const { world } = this;
    const { yapla } = world.servers;
    const found = purpose === 'update' ? yapla.records.get(number!) : purpose === 'create' ? this.byEmail(row) : null;
    // No such member, or several: the wizard refuses the row.
    if (found === undefined) return;
    const person = found?.person ?? whoIs(row);
    world.counts.changes += 1;
    if (state === 'judged') world.importedLate.add(person);
    const before = yapla.takeRow(found?.id ?? null, row, person);
    if (before !== null && state !== 'judged') this.remember(file, before, row);
  }

  /** @returns null: nobody has this address; undefined: several do */
  private byEmail({ email }: Row): ServerRecord | null | undefined {
    const those = [...this.world.servers.yapla.records.values()].filter(
      ({ document }) => normal('email', document['email'] as string | null) === email,
    );
    return those.length > 1 ? undefined : (those[0] ?? null);
  }

  /** Property 3: what was known of the record and is overwritten must be in the journal, once it is known that it was. */
  private remember({ number }: ImportedFile, before: ServerRecord, row: Row): void {
    const { world } = this;
    const shadow = world.store.shadow('yapla', before.id);
    const linkId = world.store.holder('yapla', before.id)?.linkId ?? null;
    if (shadow === undefined) return;
    for (const field of Object.keys(row)) {
      const arrival = `${number}/${before.id}/${field}`;
      if (this.arrived.has(arrival)) continue;
      this.arrived.add(arrival);
      const [old, value] = [valueIn(before.document, field), normal(field, row[field]!)];
      if (old === value || shadow.fields[field] !== old) continue;
      world.overwritten.push({ id: before.id, linkId, field, old, value });
    }
  }
}

function rowsOf({ file }: ImportedFile): Row[] {
  const book = read(file!);
  const sheet = book.Sheets[book.SheetNames[0]!]!;
  const [headers = [], ...rows] = utils.sheet_to_json<(string | null)[]>(sheet, {
    header: 1,
    raw: false,
    defval: null,
  });
  return rows.map((cells) =>
    Object.fromEntries(
      headers.flatMap((header, at) => {
        const [field, text] = [columns[header ?? ''], cells[at] ?? null];
        if (field === undefined) throw new Error(`the wizard does not know the column "${header}"`);
        return text === null || text.trim() === '' ? [] : [[field, text]];
      }),
    ),
  );
}

/** Whom a row is about: nobody else has these names. */
function whoIs(row: Row): number {
  const fits = (person: number, field: string) =>
    row[field] !== undefined &&
    valuesOf(person, field).some((value) => normal(field, value) === normal(field, row[field]!));
  const person = people.findIndex((_, index) => ['firstName', 'lastName', 'email'].some((field) => fits(index, field)));
  if (person === -1) throw new Error('a row is about nobody');
  return person;
}
