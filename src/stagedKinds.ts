/** What there are exports of, and what reading each takes: its columns, its rows, and when the rows of one record cannot be used. */
import type { ConnectionConfig } from './config/schema.js';
import type { YaplaEventsConfig } from './config/yaplaEvents.js';
import { findColumns, type FoundColumn, type FoundColumns } from './core/export/columns.js';
import type { DateOrder } from './core/export/dates.js';
import { findRegistrationColumns, foldRegistration, registrationDays } from './core/export/registrations.js';
import { foldMember, isProblem, type RowLayout, type RowProblem, type StagedRow } from './core/export/rows.js';
import { columnTroubleText } from './core/export/troubleText.js';
import type { RecordKind, Scope } from './core/record.js';
import type { Sql } from './store/database.js';
import { membersOfSeveralRows, recordsOfFile, type ListedMember } from './store/exports.js';
import { registrationOf } from './systems/yapla/events.js';
import { registrationExported } from './systems/yapla/exportedRegistration.js';

/** The file is a table, and no export that can be read for certain. The message is one sentence for the person. */
export class ExportRefused extends Error {
  override readonly name = 'ExportRefused';
}

export interface StagedKind {
  readonly kind: RecordKind;
  /** The columns of a header. @throws {ExportRefused} */
  columns(header: readonly (string | null)[]): FoundColumns;
  layout(columns: FoundColumns): RowLayout;
  /** The numbers in the file are the records' ids. */
  readonly numbersAreIds: boolean;
  /** All settings by which a file is read: read by others it is another file. */
  readonly readBy: readonly unknown[];
  /** The records whose rows are looked at together, some at a time. */
  checked(sql: Sql, scope: Scope, fileId: number): AsyncGenerator<readonly ListedMember[]>;
  /** What keeps the rows of one record from being used, though each can be read; null: nothing. */
  problemOf(
    rows: readonly StagedRow[],
    columns: readonly FoundColumn[],
    orders: Readonly<Record<string, DateOrder>>,
  ): RowProblem | null;
}

/** Members: one row for each membership. */
export function stagedMembers({ fields, yapla }: ConnectionConfig): StagedKind {
  const { columns, numberDigits, numberField } = yapla.workbook;
  const days = Object.entries(fields).map(([name, { type }]) => [name, type === 'date'] as const);
  return {
    kind: 'person',
    columns: (header) => {
      const found = findColumns(header, { fields: Object.keys(fields), labels: columns });
      if ('is' in found) throw new ExportRefused(columnTroubleText(found));
      return found;
    },
    layout: ({ found }) => ({
      columns: found,
      dayFields: new Set(days.flatMap(([name, isDay]) => (isDay ? [name] : []))),
      numberDigits,
    }),
    // Without an API the number is the id.
    numbersAreIds: yapla.read.mode === 'workbook',
    readBy: [columns, numberDigits, numberField, days],
    checked: membersOfSeveralRows,
    problemOf: (rows, found, orders) => {
      const folded = foldMember(rows, found, orders);
      return isProblem(folded) ? folded : null;
    },
  };
}

/** Registrations: one row for each participant. */
export function stagedRegistrations({ yapla: { timeZone } }: ConnectionConfig, events: YaplaEventsConfig): StagedKind {
  const { columns: labels } = events.registration;
  return {
    kind: 'registration',
    columns: (header) => {
      const found = findRegistrationColumns(header, labels);
      if ('trouble' in found) throw new ExportRefused(found.trouble);
      return found;
    },
    layout: ({ found }) => ({
      columns: found,
      numberColumn: 'registrationNumber',
      dayFields: new Set(registrationDays),
      numberDigits: 1,
    }),
    numbersAreIds: true,
    readBy: ['registration', events.registration, events.currency],
    checked: recordsOfFile,
    problemOf: (rows, found, orders) => {
      const folded = foldRegistration(rows, found, orders);
      if ('is' in folded) return folded;
      const { problems } = registrationOf({ events, timeZone }, registrationExported(events, folded));
      return problems === undefined ? null : { is: 'unreadable', problems };
    },
  };
}
