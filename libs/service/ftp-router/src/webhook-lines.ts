/**
 * The lines of the webhooks' journal: one for each delivery that began to wait, and one for each that is over.
 *
 *     {"url":"https://…","id":"…","kind":"upload","body":"…"}
 *     {"url":"https://…","over":"…"}
 */
import { type HappeningKind, happeningKinds } from './happening.ts';

export type Delivery = { readonly id: string; readonly kind: HappeningKind; readonly body: string };

export const waitingLine = (url: string, { id, kind, body }: Delivery): string =>
  `${JSON.stringify({ url, id, kind, body })}\n`;
export const overLine = (url: string, id: string): string => `${JSON.stringify({ url, over: id })}\n`;

/** What waits, in order, by address. Lines that are none are passed over: a power cut leaves such at the end. */
export function readLines(text: string): ReadonlyMap<string, readonly Delivery[]> {
  const found = new Map<string, Map<string, Delivery>>();
  for (const line of text.split('\n')) {
    const read = parsed(line);
    if (typeof read['url'] !== 'string') continue;
    const deliveries = found.get(read['url']) ?? new Map<string, Delivery>();
    found.set(read['url'], deliveries);
    const { id, body, over } = read;
    const kind = happeningKinds.find((each) => each === read['kind']);
    if (typeof over === 'string') deliveries.delete(over);
    else if (typeof id === 'string' && typeof body === 'string' && kind !== undefined)
      deliveries.set(id, { id, kind, body });
  }
  return new Map([...found].map(([url, deliveries]) => [url, [...deliveries.values()]]));
}
function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
