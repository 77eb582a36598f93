/** SIGKILL of a process that writes, at any moment; then the next one must find all that was acknowledged, whole. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { concatBytes, equalBytes, Prng } from '@skerry/kernel';
import { isReferenced } from '@skerry/domain-file-tree';
import { openKv } from '@skerry/runtime-kv';
import { nodeWorld } from '@skerry/runtime-node';
import { createTelemetry } from '@skerry/runtime-telemetry';
import { eventually } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import { DataHandlers } from './handlers.ts';
import { forgetOrphans } from './housekeeping.ts';
import { openParts } from './start.ts';
import { sealer, TestClient } from './test-client.ts';
import { after, type Files, plan, writerCount } from './test-crash-work.ts';
import { content } from './test-doubles.ts';
import { testConfig } from './test-config.ts';

const lives = 2;
const child = fileURLToPath(new URL('./test-crash-writer.ts', import.meta.url));

/** Begins a life, ends it once `acts` were acknowledged, and gives what it said. */
function killedAfter(directory: string, life: number, acts: number): Promise<readonly string[]> {
  const flags = ['--import', 'tsx', '--conditions=@skerry/source'];
  const process_ = spawn(process.execPath, [...flags, child, directory, String(life)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let errors = '';
  process_.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  process_.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString();
    if (said.split(' end ').length > acts) process_.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    process_.on('exit', (_, signal) => {
      if (signal === 'SIGKILL') resolve(said.split('\n').filter((line) => line !== ''));
      else reject(new Error(`the writer ended by itself: ${errors}`));
    });
  });
}

/** What must be there, and what may be there instead: the act that was under way. */
function outcomes(before: Files, lines: readonly string[], life: number, writer: number): readonly [Files, Files] {
  const acts = plan(life, writer);
  const count = (word: string): number => lines.filter((line) => line.startsWith(`${writer} ${word} `)).length;
  let files = before;
  for (let i = 0; i < count('end'); i++) files = after(files, acts.next().value);
  return [files, count('begin') > count('end') ? after(files, acts.next().value) : files];
}

class Found {
  readonly client: TestClient;
  readonly #parts: Awaited<ReturnType<typeof openParts>>['parts'];
  readonly close: () => Promise<void>;
  readonly node: DataHandlers;

  private constructor({ parts, close }: Awaited<ReturnType<typeof openParts>>) {
    this.#parts = parts;
    this.close = close;
    this.node = new DataHandlers(parts, sealer);
    this.client = new TestClient(this.node.handlers(), parts.world.clock);
  }
  static async open(directory: string): Promise<Found> {
    const telemetry = createTelemetry({ nodeId: 'data_1', role: 'data', output: 'silent', processMetrics: false });
    const environment = {
      world: nodeWorld(directory),
      telemetry,
      fatal(error: Error): void {
        throw error;
      },
    };
    const store = await openKv({ path: join(directory, 'store') });
    return new Found(await openParts(testConfig, environment, store));
  }
  async holds(folder: string, files: Files): Promise<boolean> {
    const names = await this.client.names(folder);
    if (names.join() !== [...files.keys()].toSorted().join()) return false;
    for (const [name, pieces] of files) {
      const wanted = concatBytes(pieces.map(({ size, seed }) => content(size, seed)));
      if (!equalBytes(await this.client.get(`${folder}/${name}`), wanted)) return false;
    }
    return true;
  }
  /** Blobs on disk to which nothing refers. */
  async debris(): Promise<number> {
    let count = 0;
    for await (const { id } of this.#parts.blobs.list()) if (!isReferenced(this.#parts.replica.state, id)) count += 1;
    return count;
  }
  tidy(): Promise<number> {
    return forgetOrphans(this.#parts, this.node.registry);
  }
}

describe('after SIGKILL', () => {
  it('all that was acknowledged is there and whole, nothing is half there, and no debris stays', async () => {
    const directory = temporaryDirectory();
    const prng = new Prng(Date.now());
    const files: Files[] = Array.from({ length: writerCount }, () => new Map());
    for (let life = 1; life <= lives; life++) {
      const lines = await killedAfter(directory, life, prng.between(5, 60));
      const found = await Found.open(directory);
      for (let writer = 0; writer < writerCount; writer++) {
        const [must, may] = outcomes(files[writer] ?? new Map(), lines, life, writer);
        const which = [must, may];
        const matches = await Promise.all(which.map((each) => found.holds(`/w${writer}`, each)));
        expect({ life, writer, lines: lines.slice(-6), found: matches.includes(true) }).toMatchObject({ found: true });
        files[writer] = which[matches.indexOf(true)] ?? must;
      }
      await found.tidy();
      await eventually(async () => (await found.debris()) === 0);
      await found.close();
    }
  });
});
