/** Every workflow type of Passerelle: what the worker bundles. */
export { bulkSync } from './bulkSync.js';
export { syncRecord } from './syncRecord.js';
