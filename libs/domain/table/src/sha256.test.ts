import { expect, test } from '@jest/globals';
import { toHex, utf8 } from '@skerry/kernel';
import { sha256 } from './sha256.ts';

// Source: NIST, examples of FIPS 180-4.
test.each<[string, Uint8Array, string]>([
  ['nothing', utf8(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['one block', utf8('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'padding in a block of its own',
    utf8('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('SHA-256 of %s', (_name, message, hash) => expect(toHex(sha256(message))).toBe(hash));
