import type { Address } from '@skerry/runtime-world';

/** IPv4 as IPv4, also where a dual-stack socket calls it ::ffff:1.2.3.4 (RFC 4291 §2.5.5.2); no zone. */
export function plainHost(host: string | undefined): string {
  const text = host ?? '';
  if (!text.includes(':')) return text;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  return mapped?.[1] ?? text.replace(/%.*$/, '');
}

export const plainAddress = (host: string | undefined, port: number | undefined): Address => ({
  host: plainHost(host),
  port: port ?? 0,
});
