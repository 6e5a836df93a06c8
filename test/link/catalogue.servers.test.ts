/** The mirror of the catalogue against the sandbox, turn by turn. The test's own clock says when a turn is; the sandbox's is the real one. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { openConnection, type OpenConnection } from '../../src/connection.js';
import { dayMs, turnMs } from '../../src/core/events/catalogue.js';
import { linkIdOf } from '../../src/core/linkId.js';
import { UnexpectedResponse } from '../../src/http/failures.js';
import { eventsOf } from '../../src/link/bookings/open.js';
import { mirrorTurn, type MirrorTurn } from '../../src/link/catalogue.js';
import { eventRequests } from '../../src/link/eventRequests.js';
import { chooseSession, setWaiting, storeBooking } from '../../src/store/bookings.js';
import { catalogueProducts, catalogueSessions, mirrorProgress, sessionAt } from '../../src/store/catalogue.js';
import { addLink } from '../../src/store/links.js';
import { startPasserelle, type PasserelleOptions, type TestPasserelle } from '../helpers/passerelle.js';

const hourMs = 3_600_000;

let house: TestPasserelle;
let open: OpenConnection;
afterEach(async () => {
  await open.close();
  await house.stop();
});

interface MirrorHouse {
  readonly products?: number;
  readonly sessions?: number;
  readonly pageSize?: number;
  readonly change?: (connection: TestPasserelle['connection']) => void;
}

class Mirror {
  private constructor(
    private at: number,
    private readonly sent: number[],
  ) {}

  static async open({ products = 3, sessions = 12, pageSize, change }: MirrorHouse = {}): Promise<Mirror> {
    const options: PasserelleOptions = {
      worker: false,
      sandbox: {
        people: { seed: 1, yapla: 0, yoplanning: 0, shared: 0, differing: 0 },
        yoplanning: { bookings: { catalogue: { products, sessions } } },
      },
      connection: { events: true, settings: { events: { catalogue: {} } } },
      ...(pageSize === undefined ? {} : { pageSize }),
    };
    house = await startPasserelle(options);
    change?.(house.connection);
    open = await openConnection(house.sql, house.scope, house.connection);
    return new Mirror(Date.now(), []);
  }

  static get scope() {
    return { connectionId: house.connectionId, kind: 'registration' } as const;
  }

  get config() {
    return house.connection.events!.catalogue!;
  }

  async turn(): Promise<MirrorTurn> {
    const events = eventsOf(open);
    const result = await mirrorTurn({
      sql: house.sql,
      events,
      config: this.config,
      now: () => this.at,
      inDay: () => Promise.resolve(this.sent.filter((one) => one > this.at - dayMs).length),
    });
    for (let n = 0; n < result.requests; n += 1) this.sent.push(this.at);
    return result;
  }

  pass(ms = turnMs(this.config)): void {
    this.at += ms;
  }

  /** Turns until everything was read once more. */
  async round(): Promise<void> {
    const before = this.at;
    for (;;) {
      this.pass();
      await this.turn();
      const { products, list } = await this.progress();
      const isNew = (ms: number | null) => ms !== null && ms > before;
      if (products.every(({ readAtMs }) => isNew(readAtMs)) && list.underWay === null) return;
    }
  }

  async progress() {
    return await mirrorProgress(house.sql, Mirror.scope, this.at);
  }

  async sessions() {
    return await catalogueSessions(house.sql, Mirror.scope, { fromMs: this.at });
  }

  async products() {
    return await catalogueProducts(house.sql, Mirror.scope);
  }
}

/** Of the team's own products: what another team sells is not this club's. */
async function sandboxProducts() {
  const all = await house.sandbox.control.bookings.products();
  return all.filter(({ team }) => team === house.connection.yoplanning.team);
}

describe('the mirror', () => {
  test('holds every product and session of the team as the sandbox has it, after one turn of a small catalogue', async () => {
    const mirror = await Mirror.open();
    expect(await mirror.turn()).toMatchObject({ requests: 4, products: 3, failed: 0, gone: 0, known: 3 });
    const sold = await sandboxProducts();
    expect((await mirror.products()).map(({ id, titles }) => [id, titles['fr']])).toEqual(
      sold.map(({ id, titles }) => [id, titles['fr']]).sort(),
    );
    const planned = (await house.sandbox.control.bookings.sessions())
      .filter(({ gone }) => !gone)
      .sort((a, b) => (a.startsAt + a.id < b.startsAt + b.id ? -1 : 1));
    expect(await mirror.sessions()).toEqual(
      planned.map(({ id, product, startsAt, endsAt, placesLeft, price }) =>
        expect.objectContaining({
          id,
          productId: product,
          startsAt,
          endsAt,
          placesLeft,
          price: { amount: price, currency: 'EUR' },
        }),
      ),
    );
  });

  test('reads lists of several pages to their end', async () => {
    const mirror = await Mirror.open({ products: 7, sessions: 35, pageSize: 3 });
    await mirror.turn();
    await mirror.round();
    expect(await mirror.products()).toHaveLength(7);
    expect(await mirror.sessions()).toHaveLength(35);
    expect(await mirror.progress()).toMatchObject({ list: { wholeAtMs: expect.any(Number) as unknown } });
  });

  test('shows what was changed, entered and called off, and what is gone only once it stood in no whole list', async () => {
    const mirror = await Mirror.open();
    await mirror.turn();
    const { bookings } = house.sandbox.control;
    const [first, second] = await sandboxProducts();
    const [called] = await bookings.sessions(second!.id);
    await bookings.editProduct(first!.id, { title: 'Regatta', titles: { fr: 'Régate' } });
    await bookings.removeSession(called!.id);
    const added = await bookings.addProduct({ title: 'Kayak' });
    await bookings.removeProduct((await sandboxProducts())[2]!.id);

    mirror.pass(mirror.config.changesEveryMs);
    await mirror.round();
    const titles = async () => new Map((await mirror.products()).map(({ id, titles }) => [id, titles['fr']]));
    expect((await titles()).get(first!.id)).toBe('Régate');
    expect((await titles()).has(added)).toBe(true);
    expect((await mirror.sessions()).some(({ id }) => id === called!.id)).toBe(false);
    // Its sessions answer 404, which is no proof.
    expect(await mirror.products()).toHaveLength(4);

    mirror.pass(mirror.config.wholeEveryMs);
    expect(await mirror.turn()).toMatchObject({ gone: 1 });
    expect(await mirror.products()).toHaveLength(3);
  });

  test('wakes those who wait for a place, and nobody else, when a session shows more places than before', async () => {
    const mirror = await Mirror.open();
    await mirror.turn();
    const { bookings } = house.sandbox.control;
    const [full, other] = await bookings.sessions();
    const waiting = async (id: string, session: string) => {
      const linkId = linkIdOf('yapla', id);
      await house.sql.begin(async (tx) => {
        await addLink(tx, Mirror.scope, { linkId, yaplaId: id, yoplanningId: null, matchedBy: 'registration' });
        const event = {
          event: 'id 1',
          activity: '',
          rate: '',
          startsAt: null,
          endsAt: null,
          participants: [{ memberId: null, before: null }],
        };
        await storeBooking(tx, Mirror.scope, linkId, event);
        await chooseSession(tx, Mirror.scope, linkId, session);
        await setWaiting(tx, Mirror.scope, linkId, true);
      });
      return linkId;
    };
    const patient = await waiting('1', full!.id);
    await waiting('2', other!.id);
    await bookings.setPlaces(full!.id, 0);
    await mirror.round();
    const woken = async () =>
      (
        await house.sql<{ id: string }[]>`
          select link_id as id from link_signal where connection_id = ${house.connectionId} and kind = 'registration'`
      ).map(({ id }) => id);
    expect(await woken()).toEqual([]);
    await bookings.setPlaces(full!.id, 2);
    await mirror.round();
    expect(await woken()).toEqual([patient]);
  });

  test('passes over a product whose list fails, and stops where one after the other does', async () => {
    const mirror = await Mirror.open();
    await mirror.turn();
    await house.sandbox.control.bookings.removeProduct((await sandboxProducts())[0]!.id);
    await mirror.round();
    expect(await mirror.progress()).toMatchObject({ failures: 0 });

    await open.close();
    house.connection.yoplanning.paths.sessionGroups = '/teams/{team}/nowhere/{product}/';
    open = await openConnection(house.sql, house.scope, house.connection);
    await expect(mirror.round()).rejects.toThrow(UnexpectedResponse);
    expect(await mirror.progress()).toMatchObject({ failures: 3 });
    expect(await mirror.sessions()).not.toEqual([]);
  });

  test('counts its requests by the request log, whichever worker sent them', async () => {
    await Mirror.open();
    const { sql, connectionId } = house;
    const { requests } = await mirrorTurn({ sql, events: eventsOf(open), config: house.connection.events!.catalogue! });
    const { yoplanning } = open.credentials;
    expect(await eventRequests(sql, yoplanning, connectionId)).toEqual({ bookings: 0, catalogue: requests });
    expect(await eventRequests(sql, yoplanning, connectionId.slice(0, -1))).toEqual({ bookings: 0, catalogue: 0 });
  });

  test('finds the session of a product that begins at an instant, unless there are two', async () => {
    const mirror = await Mirror.open();
    const { bookings } = house.sandbox.control;
    const product = await bookings.addProduct({ title: 'Kayak' });
    const startsAt = new Date(Math.ceil(Date.now() / hourMs) * hourMs + 5 * hourMs).toISOString();
    const session = await bookings.addSession({ product, startsAt, places: 3 });
    await mirror.turn();
    const find = async (ms: number) => await sessionAt(house.sql, Mirror.scope, product, ms);
    expect(await find(Date.parse(startsAt))).toBe(session);
    expect(await find(Date.parse(startsAt) + hourMs)).toBeNull();
    await bookings.addSession({ product, startsAt, places: 3 });
    await mirror.round();
    expect(await find(Date.parse(startsAt))).toBeNull();
  });
});
