import { expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { seal, type SealKey, unseal, UnopenedSeal } from '../../src/store/seal.js';

const key = (id: string, form: 'hex' | 'base64' | 'base64url' = 'hex'): SealKey => ({
  id,
  key: randomBytes(32).toString(form),
});
const old = key('old');
const place = 'oauth_token club access';
const why = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

test.each(['hex', 'base64', 'base64url'] as const)(
  'what a key in %s sealed it opens, and the same text never looks the same',
  (form) => {
    const one = key('one', form);
    const sealed = [seal('secret é', [one], place), seal('secret é', [one], place)];
    expect(sealed.map((each) => unseal(each, [one], place))).toEqual(['secret é', 'secret é']);
    expect(Buffer.from(sealed[0]!.bytes).equals(Buffer.from(sealed[1]!.bytes))).toBe(false);
    expect(Buffer.from(sealed[0]!.bytes).toString('latin1')).not.toContain('secret');
  },
);

test('the first key seals, and a later one still opens what it sealed before', () => {
  const before = seal('text', [old], place);
  const keys: [SealKey, ...SealKey[]] = [key('new'), old];
  expect(seal('text', keys, place).keyId).toBe('new');
  expect(unseal(before, keys, place)).toBe('text');
});

test('nothing opens elsewhere, changed, with another key of that name, or without its key', () => {
  const sealed = seal('text', [old], place);
  const changed = { ...sealed, bytes: Buffer.concat([sealed.bytes, Buffer.from([0])]) };
  for (const act of [
    () => unseal(sealed, [old], 'oauth_token other access'),
    () => unseal(changed, [old], place),
    () => unseal({ ...sealed, bytes: Buffer.alloc(3) }, [old], place),
    () => unseal(sealed, [key('old')], place),
  ])
    expect(why(act)).toMatchObject({ keyId: 'old', isKnown: true });
  const gone = why(() => unseal(sealed, [key('new')], place));
  expect(gone).toBeInstanceOf(UnopenedSeal);
  expect(gone).toMatchObject({ isKnown: false });
});
