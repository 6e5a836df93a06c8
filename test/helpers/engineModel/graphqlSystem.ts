/** Yapla read and written by GraphQL, as the engine sees it: the real writer, judge and session over the model's server. */
import type { JsonObject } from '../../../src/core/document.js';
import type { ConnectionConfig } from '../../../src/config/schema.js';
import type { Answer, Ask, HttpClient, HttpRequest } from '../../../src/http/client.js';
import type { FailureContext } from '../../../src/http/failures.js';
import { createYaplaSystem } from '../../../src/systems/yapla/system.js';
import type {
  CreateRequest,
  CreateResult,
  Merge,
  System,
  SystemRecord,
  UpdateResult,
} from '../../../src/systems/system.js';
import type { Stopping } from './attempt.js';
import type { People } from './graphqlServer.js';
import { empty, noBudget, shown, SystemOverServer, taken } from './system.js';
import type { EngineWorld } from './world.js';

/** Nothing is stopped, closed or counted here. */
const budget = {
  stop: () => Promise.resolve(),
  close: () => Promise.resolve(),
  failed: () => Promise.resolve(null),
};

export class SystemOverGraphql extends SystemOverServer {
  private readonly real: System;
  /** Whom the creation under way is made of. */
  private person = -1;

  constructor(world: EngineWorld, { fields, yapla: config }: ConnectionConfig, attempt: Stopping) {
    super('yapla', world, fields, attempt);
    const http = (send: HttpClient['send']): HttpClient => ({ ...noBudget, send });
    const nothing = http(() => Promise.reject(new Error('the list is the model’s, and nothing else is asked there')));
    this.real = createYaplaSystem({
      connection: world.connectionId,
      config,
      fieldMap: fields,
      defaultCountry: 'BE',
      dataHttp: nothing,
      writeHttp: http((request, ask) => this.send(request, ask)),
      budget,
      login: {
        http: http((request, ask) => Promise.resolve(world.account!.renew(request, this.contextOf(request, ask)))),
        tokens: world.account!.tokens,
      },
    });
  }

  override async read(id: string, ask: Ask): Promise<SystemRecord | null> {
    const record = await this.real.read(id, { ...ask, record: id });
    await this.afterRequest(this.context('GET', id));
    return record;
  }

  override async create(request: CreateRequest, ask: Ask): Promise<CreateResult> {
    this.person = this.personOf(request.externalReference);
    return await this.real.create(request, ask);
  }

  override async update(...asked: [string, Merge, Ask, string?, SystemRecord?]): Promise<UpdateResult> {
    const [id, merge, ask, ...rest] = asked;
    return await this.real.update(id, merge, { ...ask, record: id }, ...rest);
  }

  private async send(request: HttpRequest, ask: Ask): Promise<Answer> {
    const context = this.contextOf(request, ask);
    const { account, fault } = this.world;
    if (request.kind === 'graphql schema') return await account!.answer(request, context, this.people);
    // Between the read and the write of an update nothing else happens, as in the model.
    if (request.access !== 'update') {
      await this.beforeRequest(context);
      await this.world.look();
    }
    const answer = await account!.answer(request, context, this.people);
    if (request.access !== 'read') await this.afterRequest(context);
    return fault === null ? answer : { ...answer, body: misread(answer.body as JsonObject | null, fault) };
  }

  private contextOf({ access, method, path }: HttpRequest, { record }: Ask): FailureContext {
    const { connectionId: connection } = this.world;
    return { connection, system: 'yapla', access, method, path, ...(record !== undefined && { record }) };
  }

  private get people(): People {
    const { server, person } = this;
    return {
      show: (id) => {
        const record = server.get(id);
        return record === null ? null : shown('yapla', record);
      },
      create: (sent) => {
        const { document, reference } = taken('yapla', { ...empty, ...sent });
        const made = server.create(null, document, reference, person);
        const newest = made ?? [...server.records.values()].at(-1)!;
        return { document: shown('yapla', newest), told: made !== null };
      },
      update: (id, sent) => {
        const before = shown('yapla', server.records.get(id)!);
        const { document, reference } = taken('yapla', { ...before, ...sent });
        return shown('yapla', server.put(id, document, reference));
      },
    };
  }
}

/** An answer as a writer with this fault would take it. */
function misread(body: JsonObject | null, fault: string): JsonObject | null {
  if (body === null) return body;
  const data = body['data'] as JsonObject | null | undefined;
  if (fault === 'errors beside data taken for success' && data && Object.values(data).some((one) => one !== null))
    return { data };
  if (fault === 'an empty node taken for gone' && data?.['node'] && Object.keys(data['node']).length === 0)
    return { data: { node: null } };
  return body;
}
