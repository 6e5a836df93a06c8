import { z } from 'zod';
import { isPlace } from '../core/entries.js';

/** Where one value stands in a record. */
export const placeText = () =>
  z.string().min(1).refine(isPlace, 'expected a dotted path, such as address.city, custom[0] or custom[id=f108].value');
