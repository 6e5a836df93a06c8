/**
 * A person whom one system knew, and who left it before anything was made of them: nothing is left to ask about, the same in a list as by
 * a webhook.
 */
import type { Scope } from '../core/record.js';
import { closeCasesAbout } from '../store/linkCases.js';
import { openIntents } from '../store/intents.js';
import type { Transaction } from '../store/database.js';
import { deleteLink } from '../store/links.js';
import { kindsThat } from '../cases/index.js';

/** Forgets a link and the questions about it, but for one whose creation in the other system may have taken effect. */
export async function forget(tx: Transaction, scope: Scope, linkId: string): Promise<void> {
  if ((await openIntents(tx, scope, [linkId])).length > 0) return;
  const about = kindsThat((kind) => kind.about === 'link' || kind.about === 'field');
  await closeCasesAbout(tx, scope, linkId, about);
  await deleteLink(tx, scope, linkId);
}
