/**
 * One connection, open for records of one kind: its two systems behind their budgets, and the rules that its configuration sets, in the
 * form in which activities and commands use them.
 */
import { createHash } from 'node:crypto';
import { secretOf, type CredentialConfig } from './config/credentials.js';
import { factRulesOf } from './config/events.js';
import type { FieldPlace } from './config/fields.js';
import { derivedIn } from './core/events/derived.js';
import type { ConnectionConfig } from './config/schema.js';
import { formOf, hashForm } from './core/alike.js';
import { choicesOf } from './core/choices.js';
import { restrict, type Decision, type Permission } from './core/decide.js';
import { createFingerprint, hashFields, type Fingerprint } from './core/fingerprint.js';
import type { MapVersion } from './core/fieldMap.js';
import { normaliserVersion } from './core/normalise.js';
import { matchKeys, type MatchRule, type MatchSettings } from './core/match.js';
import {
  systemNames,
  type CanonicalFields,
  type FieldDefinition,
  type FieldHash,
  type FieldHashes,
  type FieldName,
  type Scope,
  type SystemName,
} from './core/record.js';
import { createBudget, type Budget } from './store/budget.js';
import { ensureConnection, fingerprintKey } from './store/connections.js';
import { createSchemaStore } from './store/graphqlSchemas.js';
import { createTokenStore } from './store/oauthTokens.js';
import { credentialNames, noteUse, type Credentials } from './store/credentials.js';
import type { Sql } from './store/database.js';
import type { ShadowRow } from './store/shadows.js';
import { openSystems } from './systems/index.js';
import type { Bookings } from './systems/yoplanning/bookings.js';
import { readPlace, shownFields, valueAt, writePlace } from './systems/mapping.js';
import type { Json, JsonObject, System, SystemRecord } from './systems/system.js';

export interface OpenConnection {
  /** Which connection, and which kind of its records: all that it is used for is about these. */
  readonly scope: Scope;
  readonly config: ConnectionConfig;
  readonly systems: Readonly<Record<SystemName, System>>;
  /** Their names in the database. */
  readonly credentials: Credentials;
  readonly budgets: Readonly<Record<SystemName, Budget>>;
  /** What Yoplanning has about events. */
  readonly bookings: Bookings;
  readonly fields: readonly FieldDefinition[];
  readonly matchRules: readonly MatchRule[];
  readonly matchSettings: MatchSettings;
  /** Keyed hashes of normalised values. */
  readonly hash: (fields: CanonicalFields) => FieldHashes;
  /** The record as it is stored. */
  readonly shadowOf: (record: SystemRecord) => ShadowRow;
  /** A mapped field's value as it stands in a document; null where it has none. */
  readonly rawValue: (system: SystemName, document: JsonObject, field: FieldName) => Json;
  /** The field map and normaliser that its shadows and bases are made with. */
  readonly map: MapVersion;
  readonly mapDigest: string;
  /** Of the rules by which it is decided whether something is left to do about a link. */
  readonly rulesDigest: string;
  /** What this connection may carry out. */
  readonly permission: Permission;
  /** The part of a decision that this connection may carry out: where it creates people, and which systems it can write. */
  readonly allowed: (decision: Decision) => Decision;
  close(): Promise<void>;
}

/** How a connection's credentials are called in the database. */
export async function credentialsOf(sql: Sql, config: CredentialConfig): Promise<Credentials> {
  return await credentialNames(sql, { yapla: secretOf(config, 'yapla'), yoplanning: secretOf(config, 'yoplanning') });
}

/** Records of a kind cannot be kept the same: one of the connection's systems has none. */
export class KindNotOffered extends Error {
  override readonly name = 'KindNotOffered';
  constructor(
    readonly scope: Scope,
    /** Those that do not offer it. */
    readonly systems: readonly SystemName[],
  ) {
    super(
      `connection "${scope.connectionId}" cannot synchronise records of kind "${scope.kind}": not offered by ${systems.join(' or ')}`,
    );
  }
}

/**
 * Opens a connection for records of one kind; close it to flush its budgets and end its http connections.
 *
 * @throws {KindNotOffered} when one of the two systems does not have that kind
 */
export async function openConnection(sql: Sql, scope: Scope, config: ConnectionConfig): Promise<OpenConnection> {
  const { connectionId: id } = scope;
  await ensureConnection(sql, id);
  const fingerprint = createFingerprint(await fingerprintKey(sql, id));
  const credentials = await credentialsOf(sql, config);
  await noteUse(sql, id, credentials);
  const budgets = Object.fromEntries(
    systemNames.map((system) => {
      const { limits, breaker, http } = config[system];
      const inFlightTimeoutMs = http.connectTimeoutMs + http.headersTimeoutMs + http.bodyTimeoutMs;
      return [system, createBudget({ sql, credential: credentials[system], limits, breaker, inFlightTimeoutMs })];
    }),
  ) as Record<SystemName, Budget>;
  const { write } = config.yapla;
  const logins =
    write.mode === 'graphql'
      ? {
          tokens: createTokenStore(sql, id, write.oauth),
          schemas: createSchemaStore(sql, credentials.yapla, write.address ?? config.yapla.server),
        }
      : {};
  const systems = openSystems(id, config, { budgets, ...logins });
  const close = async () => {
    await Promise.all(systemNames.map((system) => budgets[system].end()));
    await systems.close();
  };
  const lacking = systemNames.filter((system) => !systems[system].kinds.includes(scope.kind));
  if (lacking.length > 0) {
    await close();
    throw new KindNotOffered(scope, lacking);
  }
  const fields = Object.entries(config.fields).map(([name, { type, rule, direction, ...places }]) => ({
    name,
    type,
    rule,
    direction,
    ...(systemNames.some((system) => derivedIn(places[system]) !== null) && ({ derived: true } as const)),
  }));
  const shown = { yapla: shownFields(config.fields, 'yapla'), yoplanning: shownFields(config.fields, 'yoplanning') };
  const matchRules = config.matching.rules;
  const factRules = factRulesOf(config);
  const hash = (values: CanonicalFields) => hashFields(values, fingerprint);

  const permission: Permission = {
    writes: { yapla: systems.yapla.writes, yoplanning: systems.yoplanning.writes },
    creates: (system) => createsIn(config.create, system) && systems[system].writes,
  };

  const map: MapVersion = {
    normaliser: normaliserVersion,
    defaultCountry: config.defaultCountry,
    fields: mapOf(config),
  };
  return {
    scope,
    config,
    map,
    // Match keys are made of the fields as well, by the rules in order.
    mapDigest: digestOf([map, matchRules]),
    rulesDigest: digestOf([
      ...[fields, permission.writes, config.create, systems.yapla.collects === true],
      ...(factRules === null ? [] : [factRules]),
    ]),
    systems,
    bookings: systems.resources.bookings,
    credentials,
    budgets,
    fields,
    matchRules,
    matchSettings: { nameAlone: config.matching.nameAlone, duplicates: config.duplicates },
    hash,
    shadowOf: shadowMaker(
      { fields, matchRules, defaultCountry: config.defaultCountry, choices: choiceNames(config.fields) },
      fingerprint,
    ),
    rawValue: (system, document, field) => {
      const place = shown[system][field]?.[system];
      return place === undefined ? null : (valueAt(document, readPlace(place), `fields.${field}.${system}`) ?? null);
    },
    permission,
    allowed: (decision) => restrict(decision, permission),
    close,
  };
}

/** How a connection's records are stored: with hashes of their values and of their forms (core/alike.ts), and what they are matched by. */
export function shadowMaker(
  {
    fields,
    matchRules,
    defaultCountry,
    choices = new Set(),
  }: Pick<OpenConnection, 'fields' | 'matchRules'> & {
    readonly defaultCountry: string;
    /** Fields whose values are of a table: two of them that differ are two, however alike they look. */
    readonly choices?: ReadonlySet<FieldName>;
  },
  fingerprint: Fingerprint,
): OpenConnection['shadowOf'] {
  // Made once: this is done to every record of every list.
  const loose = fields.filter(({ name }) => !choices.has(name));
  const named = loose.map((field) => ({ ...field, hash: (text: string) => fingerprint(`${field.name}~`, text) }));
  return ({ phoneForms = {}, ...record }) => {
    const forms: Record<FieldName, FieldHash> = {};
    for (const { name, type, hash } of named) {
      const form = phoneForms[name] ?? formOf(type, record.fields[name] ?? null, defaultCountry);
      if (form !== null) forms[name] = hashForm(form, hash);
    }
    return {
      ...record,
      hashes: hashFields(record.fields, fingerprint),
      forms,
      matchKeys: matchKeys(matchRules, record.fields),
    };
  };
}

/** The connection with rules that persons made of their answers: they come before those of the configuration. */
export function withRules(open: OpenConnection, rules: Readonly<Record<FieldName, SystemName>>): OpenConnection {
  if (Object.keys(rules).length === 0) return open;
  return { ...open, fields: open.fields.map((field) => ({ ...field, rule: rules[field.name] ?? field.rule })) };
}

function mapOf({ fields }: ConnectionConfig): MapVersion['fields'] {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const { type, choices } = field;
      const places = { yapla: pathsOf(field.yapla), yoplanning: pathsOf(field.yoplanning) };
      return [name, choicesOf(field) === null ? { type, ...places } : { type, ...places, choices: choices ?? {} }];
    }),
  );
}

function choiceNames(fields: ConnectionConfig['fields']): ReadonlySet<FieldName> {
  return new Set(Object.entries(fields).flatMap(([name, field]) => (choicesOf(field) === null ? [] : [name])));
}

/** Where a field stands. How it is written there (by label, in which language) changes no value. */
function pathsOf(place: FieldPlace): unknown {
  if (typeof place === 'object' && 'derived' in place) return place;
  const paths = { read: readPlace(place), write: writePlace(place) };
  return paths.read === paths.write ? paths.read : paths;
}

function digestOf(what: unknown): string {
  return createHash('sha256').update(JSON.stringify(what)).digest('base64url').slice(0, 22);
}

function createsIn(rule: ConnectionConfig['create'], system: SystemName): boolean {
  return rule === 'both' || rule === system;
}
