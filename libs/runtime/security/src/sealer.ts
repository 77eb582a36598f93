/**
 * Seals: HMAC-SHA-256 over purpose and payload, with the key that all nodes of a cluster share.
 *
 * Source: RFC 2104 (HMAC); the code stands first so that the payload is one view on the rest.
 * Layout: 32 bytes code · payload in clear.
 */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { assert, AssertionError, StatusError, utf8 } from '@skerry/kernel';
import type { Sealer, SealPurpose } from './types.ts';

export const sealingKeySizeBytes = 32;
/** What a seal adds, in bytes. */
export const sealSizeBytes = 32;
/** Tickets, grants and tokens are small; hashing more than this for a stranger would be work given away. */
export const sealedSizeMaxBytes = 1024 * 1024;

// The purpose ends with a byte that no purpose holds, so no purpose and payload together spell another pair.
const prefixes: Readonly<Record<SealPurpose, Uint8Array>> = {
  'service-token': utf8('skerry/seal/1/service-token\0'),
  ticket: utf8('skerry/seal/1/ticket\0'),
  grant: utf8('skerry/seal/1/grant\0'),
  probe: utf8('skerry/seal/1/probe\0'),
};

export function createSealer(key: Uint8Array): Sealer {
  assert(key.length === sealingKeySizeBytes, `sealing key must have ${sealingKeySizeBytes} bytes: got ${key.length}`);
  const secret = createSecretKey(key);
  const code = (purpose: SealPurpose, payload: Uint8Array): Uint8Array =>
    createHmac('sha256', secret).update(prefixes[purpose]).update(payload).digest();

  return {
    seal(purpose, payload) {
      const size = sealSizeBytes + payload.length;
      if (size > sealedSizeMaxBytes)
        throw new AssertionError(`sealed payload must fit ${sealedSizeMaxBytes} bytes: got ${size}`);
      const sealed = new Uint8Array(size);
      sealed.set(code(purpose, payload));
      sealed.set(payload, sealSizeBytes);
      return sealed;
    },
    open(purpose, sealed) {
      if (sealed.length < sealSizeBytes || sealed.length > sealedSizeMaxBytes) throw refused(purpose);
      const payload = sealed.subarray(sealSizeBytes);
      if (!timingSafeEqual(code(purpose, payload), sealed.subarray(0, sealSizeBytes))) throw refused(purpose);
      return payload;
    },
  };
}

const refused = (purpose: SealPurpose): StatusError =>
  new StatusError('token_invalid', `Cannot open the seal: it was not made by this cluster for "${purpose}"`);
