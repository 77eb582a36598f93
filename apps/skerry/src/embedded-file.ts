/** `DIR/skerry.json`: where the embedded system that runs on `DIR` answers; for `skerry user` and its kin. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, shape } from '@skerry/runtime-config';

/** Name of the node that holds the embedded system's one gRPC door. */
export const gatewayName = 'skerry_1';

const ready = shape.object({
  ready: shape.literal(true),
  ms: shape.number(),
  pid: shape.number(),
  data: shape.string(),
  endpoints: shape.record(shape.string(), shape.string()),
  admin: shape.object({ user: shape.string() }),
  insecure: shape.boolean().optional(),
});
export type Ready = ReturnType<typeof ready.parse>;

const pathOf = (data: string): string => join(data, 'skerry.json');

export async function writeEmbeddedFile(data: string, object: Ready): Promise<void> {
  const temporary = `${pathOf(data)}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(object)}\n`, { mode: 0o600 });
  await rename(temporary, pathOf(data));
}

/** Undefined when none was ever started there. */
export async function readEmbeddedFile(data: string): Promise<Ready | undefined> {
  const text = await readFile(pathOf(data), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : readJson(ready, text, pathOf(data));
}
