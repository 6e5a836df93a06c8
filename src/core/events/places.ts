/**
 * Where registrations go: which product and session of Yoplanning an event of Yapla is. A person says it once for an event (`passerelle
 * events map`), or for one of its activities or rates; what is not said is a question, one for all registrations of the event.
 */
import { fold } from '../fold.js';
import type { Registration } from './registration.js';

/** Names an event, an activity and a rate among those of its connection. The empty string: none is shown. */
export interface EventKeys {
  readonly event: string;
  readonly activity: string;
  readonly rate: string;
}

/** What a person said. An empty `activity` or `rate`: whichever. */
export interface EventPlace extends EventKeys {
  readonly productId: string;
  /** Null: the product's session that starts when the event does. */
  readonly sessionId: string | null;
}

/**
 * By id where there is one: titles are edited. Of what is known by its title only (an export shows no ids) the title, whatever its spelling,
 * and the day, because a club calls every Saturday the same.
 */
export function eventKeysOf({ event, activity, rate }: Pick<Registration, 'event' | 'activity' | 'rate'>): EventKeys {
  const day = event.start === null ? '' : ` ${new Date(event.start).toISOString().slice(0, 10)}`;
  return {
    event: event.id === null ? `title ${fold(event.title ?? '')}${day}` : `id ${event.id}`,
    activity:
      activity === null ? '' : activity.id === null ? `title ${fold(activity.title ?? '')}` : `id ${activity.id}`,
    rate: rate === null ? '' : fold(rate),
  };
}

/** Of the places that fit the one in which most is said; null: none fits. An activity says more than a rate. */
export function placeFor(keys: EventKeys, places: readonly EventPlace[]): EventPlace | null {
  const fits = places.filter(
    (one) =>
      one.event === keys.event &&
      (one.activity === '' || one.activity === keys.activity) &&
      (one.rate === '' || one.rate === keys.rate),
  );
  const said = (one: EventPlace) => (one.activity === '' ? 0 : 2) + (one.rate === '' ? 0 : 1);
  return fits.reduce<EventPlace | null>((best, one) => (best === null || said(one) > said(best) ? one : best), null);
}
