/** Every workflow type of Passerelle: what the worker bundles. */
export { bulkSync } from './bulkSync.js';
export { mirrorCatalogue } from './mirrorCatalogue.js';
export { deriveFacts } from './deriveFacts.js';
export { retention } from './retention.js';
export { syncDonation } from './syncDonation.js';
export { syncRecord } from './syncRecord.js';
export { syncRegistration } from './syncRegistration.js';
export { yaplaImport } from './yaplaImport.js';
