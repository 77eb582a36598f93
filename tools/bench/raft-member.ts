/**
 * One member of the group that tools/bench/raft.ts measures: a key-value state machine over Raft, LMDB and the wal, as data
 * and auth nodes have them. Started as a process: `raft-member.ts NAME FOLDER MEMBERS-AS-JSON`; prints `ready` when its door is
 * open, and a line of JSON (status, memory, longest stop of its loop) for each line on its standard input, at whose end it exits.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readFileSync } from 'node:fs';
import {
  type Applied,
  ByteReader,
  type Entry,
  Epoch,
  GroupId,
  NodeId,
  type OrderedWriter,
  type StateMachine,
} from '@skerry/kernel';
import { serveGroup } from '@skerry/runtime-group-calls';
import { openKv } from '@skerry/runtime-kv';
import { nodeWorld } from '@skerry/runtime-node';
import { openRaftDoor } from '@skerry/runtime-raft-links';
import { openReplica } from '@skerry/runtime-replica';
import { createRpcNode } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer } from '@skerry/runtime-security';
import { createTelemetry } from '@skerry/runtime-telemetry';

const [name = '', folder = '', membersJson = '{}'] = process.argv.slice(2);
/** Name to port. */
const members = JSON.parse(membersJson) as Readonly<Record<string, number>>;
const group = GroupId('bench');
const none = new Uint8Array(0);

/** Keys, each with its value behind it. */
const register: StateMachine<never> = {
  initialise: () => undefined,
  apply({ command }: Entry, state: OrderedWriter): Applied<never> {
    const reader = new ByteReader(command);
    while (reader.remaining > 0) {
      const key = reader.bytes();
      state.put(key, reader.bytes());
    }
    return { result: none, effects: [] };
  },
};

const world = nodeWorld(folder);
const sealingKey = new Uint8Array(32).fill(1);
const node = NodeId(name);
const telemetry = createTelemetry({ nodeId: node, role: 'data', output: 'silent', processMetrics: false });
const rpc = createRpcNode({
  world,
  identity: { cluster: 'bench', nodeId: node, role: 'data', tls: undefined, sealingKey },
  sealer: createSealer(sealingKey),
  revocations: createRevocationList(),
  telemetry,
});
const door = openRaftDoor({ rpc, role: 'data', world, telemetry });
const store = await openKv({ path: join(folder, 'store'), checksum: world.checksum });
const replica = await openReplica<never>({
  world,
  telemetry,
  group,
  node,
  begin: () => Promise.resolve({ founders: Object.keys(members).map(NodeId), epoch: Epoch('b'.repeat(32)) }),
  connect: ({ epoch, handler, admin }) =>
    door.group({ group, epoch: () => epoch, resolve: (id) => `127.0.0.1:${members[id]}`, handler, admin }),
  logDirectory: 'log',
  store,
  stateMachine: register,
  perform: () => undefined,
  beforeCut: () => Promise.resolve(),
  onFatal: (error) => {
    console.error(error);
    process.exit(1);
  },
});
serveGroup(rpc, { group, replica, query: (state, key) => state.get(key) ?? none }, ['client']);
await rpc.listen({ host: '127.0.0.1', port: members[name] ?? 0 });
rpc.setReady(true);
const loop = monitorEventLoopDelay({ resolution: 10 });
loop.enable();
console.log('ready');

const memoryKiB = (field: string): number =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? NaN);
for await (const _ of createInterface({ input: process.stdin })) {
  const { leader, applied, lastIndex, firstIndex, term } = replica.status();
  const memory = { anonymousMiB: Math.round((memoryKiB('RssAnon') + memoryKiB('RssShmem')) / 1024) };
  const loopMaxMs = Math.round(loop.max / 1e6);
  loop.reset();
  console.log(JSON.stringify({ leader, applied, lastIndex, firstIndex, term, ...memory, loopMaxMs }));
}
// The bench is over, or gone.
process.exit(0);
