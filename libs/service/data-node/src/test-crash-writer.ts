/**
 * For tests: the child of `crash.test.ts`. Arguments: folder, number of the life. Says on standard output what it
 * begins and what was acknowledged.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { StatusError } from '@skerry/kernel';
import { openKv } from '@skerry/runtime-kv';
import { nodeWorld } from '@skerry/runtime-node';
import { createTelemetry } from '@skerry/runtime-telemetry';
import { DataHandlers } from './handlers.ts';
import { keepHouse } from './housekeeping.ts';
import { openParts } from './start.ts';
import { sealer, TestClient } from './test-client.ts';
import { type Act, plan, writerCount } from './test-crash-work.ts';
import { content } from './test-doubles.ts';
import { testConfig } from './test-config.ts';

const [directory = '', life = '0'] = process.argv.slice(2);
const world = nodeWorld(directory);
const telemetry = createTelemetry({ nodeId: 'data_1', role: 'data', output: 'silent', processMetrics: false });
const environment = {
  world,
  telemetry,
  fatal(error: Error): void {
    throw error;
  },
};
const store = await openKv({ path: join(directory, 'store') });
const { parts } = await openParts(testConfig, environment, store);
const node = new DataHandlers(parts, sealer);
void keepHouse(parts, node.registry, new AbortController().signal);
const client = new TestClient(node.handlers(), world.clock);

async function perform(act: Act, folder: string): Promise<void> {
  const path = `${folder}/${act.name}`;
  switch (act.kind) {
    case 'put':
      await client.put(path, content(act.size, act.seed));
      return;
    case 'append':
      // To the file, not to the stage that a cut left: an upload from the beginning drops that.
      await client.putCut(path, content(0));
      await client.append(path, content(act.size, act.seed));
      return;
    case 'cut':
      return client.putCut(path, content(act.size, act.seed));
    case 'remove':
      return client.remove(path);
    case 'rename':
      return client.rename(path, `${folder}/${act.to}`);
  }
}

async function write(writer: number): Promise<void> {
  const folder = `/w${writer}`;
  await client.mkdir(folder, true);
  let count = 0;
  for (const act of plan(Number(life), writer)) {
    writeSync(1, `${writer} begin ${count}\n`);
    try {
      await perform(act, folder);
    } catch (thrown) {
      if (!(thrown instanceof StatusError) || thrown.reason !== 'no_such_entry') throw thrown;
    }
    writeSync(1, `${writer} end ${count}\n`);
    count += 1;
  }
}
await Promise.all(Array.from({ length: writerCount }, (_, i) => write(i)));
