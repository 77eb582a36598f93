import { hkdfSync } from 'node:crypto';
import { ticketKeysSizeBytes } from './tls-context.ts';

/** Ticket keys that everyone who has `secret` derives alike (HKDF, RFC 5869); another `label` gives unrelated ones. */
export const deriveTicketKeys = (secret: Uint8Array, label: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), `skerry tls tickets ${label}`, ticketKeysSizeBytes));
