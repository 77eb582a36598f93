/** For tests: the data role over doubles, with a wall clock that the test moves. */
import { EntryId } from '@skerry/domain-file-tree';
import { crc32, crc32c, NodeId, randomId } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/runtime-node';
import { createTelemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import type { Clock, World } from '@skerry/runtime-world';
import { DataHandlers } from './handlers.ts';
import { Listings } from './listings.ts';
import { createMetrics, type Parts, propose } from './parts.ts';
import { placeOf } from './places.ts';
import { sealer, TestClient } from './test-client.ts';
import { MemoryBlobs, MemoryReplica } from './test-doubles.ts';
import { testConfig } from './test-config.ts';

export class TestNode {
  readonly blobs = new MemoryBlobs();
  readonly events: TelemetryEvent[] = [];
  aheadMs = 0;
  readonly clock: Clock = {
    monotonicMs: () => nodeClock.monotonicMs(),
    wallMs: () => nodeClock.wallMs() + this.aheadMs,
    setTimer: (delayMs, callback) => nodeClock.setTimer(delayMs, callback),
  };
  readonly listings = new Listings();
  readonly replica = new MemoryReplica(this.blobs, this.listings, () => this.clock.wallMs());
  readonly parts: Parts;
  data: DataHandlers;

  constructor(uploadCountMax = 100) {
    const telemetry = createTelemetry({
      nodeId: NodeId('data_1'),
      role: 'data',
      output: 'silent',
      processMetrics: false,
    });
    telemetry.listen((event) => this.events.push(event));
    // The doubles stand in the place of disk and network.
    const world = { clock: this.clock, random: nodeRandom, checksum: crc32c, crc32 } as World;
    const config = { ...testConfig, uploadCountMax };
    const metrics = createMetrics(telemetry);
    this.parts = {
      config,
      world,
      telemetry,
      replica: this.replica,
      blobs: this.blobs,
      listings: this.listings,
      metrics,
    };
    this.data = new DataHandlers(this.parts, sealer);
  }
  client(user?: string): TestClient {
    return new TestClient(this.data.handlers(), this.clock, user);
  }
  /** A new life of the process: what was under way is gone, disk and log are there. */
  restart(): void {
    this.data = new DataHandlers(this.parts, sealer);
  }
  /** Empty files `00000`, `00001`, … without the way through an upload. */
  async fill(path: string, count: number): Promise<void> {
    const { state } = this.replica;
    const proposals = Array.from({ length: count }, (_, i) => {
      const place = placeOf(state, `${path}/${String(i).padStart(5, '0')}`);
      const fileId = EntryId(randomId(nodeRandom));
      const more = { user: 'ada', group: 'staff', mode: 0o644, quota: { bytes: undefined, files: undefined } };
      const content = { condition: { kind: 'any' }, prefix: [], tail: { kind: 'none' }, token: undefined } as const;
      return propose(this.parts, { kind: 'put', place, fileId, ...more, ...content });
    });
    await Promise.all(proposals);
  }
  count(event: string): number {
    return this.events.filter((each) => each.event === event).length;
  }
}
