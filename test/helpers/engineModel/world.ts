/** The model's world around the real engine: the same two systems and webhooks, and a real database in the place of the model's store. */
import type { z } from 'zod';
import { restrict, type Permission } from '../../../src/core/decide.js';
import { hashFields } from '../../../src/core/fingerprint.js';
import { personsOf, type CanonicalFields, type FieldValue } from '../../../src/core/record.js';
import { configSchema, type connectionSchema, type ConnectionConfig } from '../../../src/config/schema.js';
import { openConnection, shadowMaker, type OpenConnection } from '../../../src/connection.js';
import { LinkClaims } from '../../../src/link/claims.js';
import type { Sql } from '../../../src/store/database.js';
import {
  type GraphqlWays,
  matchRules,
  matchSettings,
  normal,
  types,
  type Setting,
  type YaplaWays,
} from '../liveModel/setting.js';
import { fingerprint } from '../liveModel/store.js';
import type { Delivery } from '../liveModel/server.js';
import { valueIn, Violation, World } from '../liveModel/world.js';
import { uniqueName } from '../servers.js';
import { ClaimsOfAttempt, withPlaces, type Stopping } from './attempt.js';
import { ownColumns, untilLater } from './exports.js';
import { withFault, type Fault } from './faults.js';
import { documentsOf, GraphqlAccount, namesOf } from './graphqlServer.js';
import { SystemOverGraphql } from './graphqlSystem.js';
import { takeSnapshot, type Snapshot } from './snapshot.js';
import { SystemOverServer } from './system.js';

/** What an attempt at an activity works with: as a worker of its own, so that none waits for another in what a process shares. */
export interface Worker {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly connection: OpenConnection;
}

/** A value that was known to us when an import overwrote it. */
export interface Overwritten {
  readonly id: string;
  /** Null: the record had none. */
  readonly linkId: string | null;
  readonly field: string;
  readonly old: FieldValue;
  readonly value: FieldValue;
}

export class EngineWorld extends World {
  readonly connectionId = uniqueName('club');
  readonly scope = personsOf(this.connectionId);
  private open!: OpenConnection;
  private readonly claims: LinkClaims;
  /** Of the one who is logged in to Yapla's GraphQL; null: it is not written so. */
  readonly account: GraphqlAccount | null;
  /** What imports have overwritten in Yapla, and is not known to us yet. */
  readonly overwritten: Overwritten[] = [];
  /** People of whom a row of an old file arrived, after a younger one had been made: what it brings back nobody can tell from an edit. */
  readonly importedLate = new Set<number>();
  /** People whom somebody archived in Yapla: whom that becomes known to, and when, no webhook says. */
  readonly archived = new Set<number>();
  /** Records of which a server lost what is not mapped, when we wrote to them. */
  readonly damaged = new Set<string>();
  /** Links as their workflows see them, when the database was last looked at. */
  readonly views: Snapshot['views'] = new Map();
  /** Their cases' ids in the database. */
  readonly caseIds: Snapshot['caseIds'] = new Map();

  /** @param sql the database; `keyed`: with kept plans, as live work has it */
  constructor(
    setting: Setting,
    readonly sql: Sql,
    private readonly keyed: Sql,
    readonly fault: Fault | null,
  ) {
    super(setting);
    this.claims = new LinkClaims(sql);
    const { graphql } = setting.yapla;
    // What went wrong is asked for again.
    this.account = graphql === undefined ? null : new GraphqlAccount(graphql, () => void (this.counts.crashes += 1));
  }

  async begin(): Promise<void> {
    this.open = await openConnection(this.sql, this.scope, configurationOf(this.setting));
    await this.account?.logIn();
  }

  async end(): Promise<void> {
    await this.claims.close();
    await this.open.close();
  }

  /** The servers tell times of the database's own clock's span: the rule `newest` compares the two. */
  protected override nextMoment(last: number): number {
    return Math.max(last + 1, Date.now());
  }

  protected override sent(delivery: Delivery): void {
    const { system, id, body } = delivery;
    if (system === 'yapla' && this.setting.yapla.isSilent === true) this.counts.lost += 1;
    else super.sent(delivery);
    if (system !== 'yapla') return;
    // What is not shown any more when we look can be known to nobody.
    const isStill = (one: Overwritten) =>
      one.id !== id || (body !== null && valueIn(body.document, one.field) === one.value);
    this.overwritten.splice(0, Infinity, ...this.overwritten.filter(isStill));
  }

  /** A moment behind all that was done, here and in both systems, and before all that will be: in milliseconds since the epoch. */
  async moment(): Promise<number> {
    const at = this.now() + 1;
    await untilLater(at);
    return at;
  }

  /** A worker of one attempt. @param work `live`: keyed statements, as in activities/dependencies.ts */
  workerFor(attempt: Stopping, work: 'live' | 'bulk'): Worker {
    const worker = {
      sql: withPlaces(work === 'live' ? this.keyed : this.sql, attempt),
      claims: new ClaimsOfAttempt(this.sql, this.claims, attempt),
      connection: this.connectionOf(attempt),
    };
    return this.fault === null ? worker : withFault(this, this.fault, worker, work);
  }

  private connectionOf(attempt: Stopping): OpenConnection {
    const { open, setting } = this;
    const systems = {
      yapla:
        this.account === null
          ? new SystemOverServer('yapla', this, open.config.fields, attempt)
          : new SystemOverGraphql(this, open.config, attempt),
      yoplanning: new SystemOverServer('yoplanning', this, open.config.fields, attempt),
    };
    const permission: Permission = {
      writes: { yapla: systems.yapla.writes, yoplanning: true },
      creates: (system) => setting.creates[system] && systems[system].writes,
    };
    const { fields } = open;
    return {
      ...open,
      systems,
      // What a process shares, it shares by this object.
      budgets: { ...open.budgets },
      // The model's key: its checks compare hashes.
      hash: (values: CanonicalFields) => hashFields(values, fingerprint),
      shadowOf: shadowMaker({ fields, matchRules, defaultCountry: 'BE' }, fingerprint),
      permission,
      allowed: (decision) => restrict(decision, permission),
    };
  }

  /** The connection for looking only. */
  get lookingOn(): OpenConnection {
    return this.connectionOf({
      place: () => Promise.resolve(),
      holds: (claim) => claim,
      streams: () => () => undefined,
    });
  }

  /** Looks at what the database holds now: what the properties are checked on. */
  async look(): Promise<void> {
    Object.assign(this, await takeSnapshot(this));
    this.checkOverwritten();
  }

  /** Property 3, of what an import has overwritten: it is in the journal as soon as it is known that it was. */
  private checkOverwritten(): void {
    for (const one of [...this.overwritten]) {
      const { id, linkId, field, old, value } = one;
      if (this.store.shadow('yapla', id)?.fields[field] !== value) continue;
      this.overwritten.splice(this.overwritten.indexOf(one), 1);
      const isJournalled = this.store.journal.some(
        (entry) =>
          (linkId === null || entry.linkId === linkId) &&
          entry.system === 'yapla' &&
          entry.field === field &&
          entry.new === value &&
          normal(field, entry.old) === old,
      );
      if (!isJournalled)
        throw new Violation(`3: an import overwrote ${field} of yapla ${id}, and that is not in the journal`);
    }
  }
}

type ConnectionInput = z.input<typeof connectionSchema>;

function readOf({ reads, graphql }: YaplaWays): ConnectionInput['yapla']['read'] {
  if (reads === 'file') return { mode: 'workbook' };
  return {
    baseUrl: 'http://127.0.0.1:9/',
    key: { value: 'key' },
    ...(graphql && { memberPath: null, answer: { id: 'id', modified: 'updated_at' } }),
  };
}

function writeOf({ writes, graphql }: YaplaWays, keepsReference: boolean): ConnectionInput['yapla']['write'] {
  switch (writes) {
    case 'rest':
      return { mode: 'rest', apiKey: 'key', baseUrl: 'http://127.0.0.1:9/' };
    case 'workbook':
      // Two instead of three: a history comes to the question sooner.
      return { mode: 'workbook', maxFiles: 2 };
    case 'none':
      return { mode: 'none' };
    case 'graphql':
      return graphqlOf(graphql!, keepsReference);
  }
}

function graphqlOf(ways: GraphqlWays, keepsReference: boolean): ConnectionInput['yapla']['write'] {
  const { read, create, update } = documentsOf(ways);
  const { created, showsUpdated, renames } = ways;
  return {
    mode: 'graphql',
    address: 'http://127.0.0.1:9/graphql',
    oauth: {
      authorizeUrl: 'http://127.0.0.1:9/authorize',
      tokenUrl: 'http://127.0.0.1:9/token',
      clientId: 'client',
      redirectUri: 'http://127.0.0.1:9/callback',
      keys: [{ id: 'model', key: '0'.repeat(64) }],
    },
    read: { document: read, record: 'data.node' },
    create: {
      document: create,
      id: created === 'nothing' ? null : created === 'id' ? 'data.createMember.id' : 'data.createMember.node.id',
      record: created === 'member' ? 'data.createMember.node' : null,
    },
    update: { document: update, record: showsUpdated ? 'data.updateMember.node' : null },
    member: {
      modified: 'updated_at',
      reference: keepsReference ? 'external_reference' : null,
      fields: renames ? { city: namesOf(ways)['city']! } : {},
    },
  };
}

/** People are created freely: the guard has properties of its own (test/core/guard.unit.test.ts). */
const openRate = { maxPerHour: 1_000_000, maxPerDay: 1_000_000 };

function configurationOf(setting: Setting): ConnectionConfig {
  const rules = { city: setting.cityRule } as const;
  const place = (name: string) => ({ yapla: name, yoplanning: name });
  const fields = Object.entries(types).map(([name, type]) => [
    name,
    {
      type,
      rule: rules[name as keyof typeof rules] ?? ('ask' as const),
      direction: name === 'club' ? setting.clubDirection : ('both' as const),
      ...place(name),
    },
  ]);
  const creates = { ...setting.creates, yapla: setting.creates.yapla && setting.yapla.writes !== 'none' };
  const input: ConnectionInput = {
    yapla: {
      read: readOf(setting.yapla),
      // So small that a few people take several pages, and their rows several transactions.
      workbook: { columns: ownColumns, pageRows: 2, chunkRows: 3 },
      write: writeOf(setting.yapla, setting.yaplaKeepsReference),
      referenceField: setting.yaplaKeepsReference ? 'external_reference' : null,
    },
    yoplanning: {
      baseUrl: 'http://127.0.0.1:9/',
      token: 'token',
      team: '8d23503e-0000-4000-8000-000000000000',
      limits: { requestsPerSecond: null, requestsPerDay: null },
    },
    fields: Object.fromEntries(fields) as ConnectionInput['fields'],
    defaultCountry: 'BE',
    create: creates.yapla ? (creates.yoplanning ? 'both' : 'yapla') : creates.yoplanning ? 'yoplanning' : 'none',
    matching: { rules: matchRules.map(({ all }) => ({ all: [...all] })), nameAlone: matchSettings.nameAlone },
    duplicates: matchSettings.duplicates,
    bulk: { autoApprove: true, fillReferences: false, maxItemAttempts: 1_000, pagesPerStep: 3 },
    guard: {
      maxChangedShare: 1,
      maxCreatedShare: 1,
      maxRemovedShare: 1,
      blanked: openRate,
      changed: openRate,
      created: openRate,
    },
  };
  const { connections } = configSchema.parse({
    database: { url: 'postgres://127.0.0.1/none' },
    connections: { model: input },
  });
  return connections['model']!;
}
