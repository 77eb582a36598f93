/** What a running system says of itself. */
import { readFileSync } from 'node:fs';
import type { System } from './system.ts';

/** The sum over all label sets of a metric. @throws Error when there is none of that name. */
export async function metric(system: System, name: string): Promise<number> {
  const response = await fetch(`${system.ready.endpoints['metrics']}/metrics`);
  const rows = (await response.text()).split('\n').filter((line) => line.startsWith(`${name}{`));
  if (rows.length === 0) throw new Error(`there is no metric ${name}`);
  return rows.reduce((sum, row) => sum + Number(row.slice(row.lastIndexOf(' '))), 0);
}

/** Memory of its own (RssAnon) of the process, in bytes. */
export function anonymousBytes({ ready }: System): number {
  const status = readFileSync(`/proc/${ready.pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
