/** What a running system says of itself. */
import { readFileSync } from 'node:fs';
import type { System } from './system.ts';

/** A node that is stopped in its tracks does not answer. */
const metricTimeoutMs = 5_000;

/** The sum over all label sets of a metric. @throws Error when there is none of that name. */
export const metric = (system: System, name: string): Promise<number> =>
  metricAt(system.ready.endpoints['metrics'] ?? '', name);

/** The same of one node. @param url of its door. */
export async function metricAt(url: string, name: string): Promise<number> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(metricTimeoutMs) });
  const rows = (await response.text()).split('\n').filter((line) => line.startsWith(`${name}{`));
  if (rows.length === 0) throw new Error(`there is no metric ${name}`);
  return rows.reduce((sum, row) => sum + Number(row.slice(row.lastIndexOf(' '))), 0);
}

/** Memory of its own (RssAnon) of the process, in bytes. */
export function anonymousBytes({ ready }: System): number {
  const status = readFileSync(`/proc/${ready.pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
