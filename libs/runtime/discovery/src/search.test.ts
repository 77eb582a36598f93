import { describe, expect, test } from '@jest/globals';
import { createSealer } from '@skerry/runtime-security';
import { formatAddress, LinkFilter, type World } from '@skerry/runtime-world';
import { eventually } from '@skerry/testing';
import fc from 'fast-check';
import { Lan, silentTelemetry } from './fixture.ts';
import {
  answersPerSecondMax,
  decodeAnswer,
  decodeProbe,
  encodeAnswer,
  encodeProbe,
  startResponder,
  type Responder,
} from './probe.ts';
import { searchByDatagram } from './search.ts';

const port = 7399;
const sealer = createSealer(new Uint8Array(32).fill(1));
const stranger = createSealer(new Uint8Array(32).fill(2));

type Over = {
  readonly sealer?: typeof sealer;
  readonly cluster?: string;
  readonly address?: string | undefined;
  readonly links?: LinkFilter;
};
const respond = (world: World, over: Over = {}): Promise<Responder> =>
  startResponder({
    world,
    sealer,
    telemetry: silentTelemetry(),
    cluster: 'test',
    nodeId: 'discovery_1',
    bind: { host: '0.0.0.0', port },
    ...over,
    address: () => ('address' in over ? over.address : '10.0.0.9:7400'),
  });
type Found = { readonly answered: boolean; readonly found: readonly string[] };
async function search(
  world: World,
  sweep = true,
  signal = new AbortController().signal,
  bound = '0.0.0.0',
): Promise<Found> {
  const found: string[] = [];
  const answered = await searchByDatagram(
    {
      world,
      sealer,
      cluster: 'test',
      nodeId: 'data_1',
      port,
      sweep,
      bound,
      found: (address, by) => found.push(`${formatAddress(address)} by ${by}`),
    },
    signal,
  );
  return { answered, found };
}

describe('search', () => {
  test('a discovery node of the same subnet answers the first broadcast', async () => {
    const lan = new Lan();
    await respond(lan.world('10.0.0.9', '255.255.255.0'));
    expect(await search(lan.world('10.0.0.2', '255.255.255.0'))).toEqual({
      answered: true,
      found: ['10.0.0.9:7400 by broadcast'],
    });
    expect(lan.sent.filter((to) => to.endsWith('.255'))).toEqual(['255.255.255.255', '10.0.0.255']);
  });
  test('one in a wider subnet answers when the mask is adjusted', async () => {
    const lan = new Lan();
    await respond(lan.world('10.0.3.9', '255.255.252.0'));
    const { found } = await search(lan.world('10.0.0.2', '255.255.255.0'), false);
    expect(found).toEqual(['10.0.0.9:7400 by broadcast']);
    expect(lan.sent).toContain('10.0.3.255');
    expect(lan.sent.includes('10.0.7.255')).toBe(false);
  });
  test('where broadcasts are lost, the sweep finds it', async () => {
    const lan = new Lan();
    lan.unicastOnly = true;
    await respond(lan.world('10.0.0.9', '255.255.255.0'));
    expect((await search(lan.world('10.0.0.2', '255.255.255.0'))).found).toEqual(['10.0.0.9:7400 by sweep']);
  });
  test('nobody there: all is tried once, and it ends', async () => {
    const lan = new Lan();
    expect(await search(lan.world('10.0.0.2', '255.255.255.240'))).toEqual({ answered: false, found: [] });
    // The own broadcast, four wider masks within 10.0.0, thirteen hosts.
    expect(lan.sent.filter((to) => to.startsWith('10.0.0.'))).toHaveLength(1 + 4 + 13);
  });
  test('only the interface that the node is bound to is searched', async () => {
    const lan = new Lan();
    const other = { address: '192.168.7.2', netmask: '255.255.255.0' };
    const world = lan.world('10.0.0.2', '255.255.255.240', undefined, [other]);
    await search(world, true, undefined, '10.0.0.2');
    expect(lan.sent).toContain('10.0.0.15');
    expect(lan.sent.filter((to) => to.startsWith('192.168.'))).toEqual([]);
    lan.sent.length = 0;
    await search(world, true, undefined, 'fd00::1');
    expect(lan.sent).toEqual([]);
    await search(world, true);
    expect(lan.sent).toContain('192.168.7.255');
  });
  test('an abort ends it', async () => {
    const ending = new AbortController();
    const lan = new Lan();
    const searching = search(lan.world('10.0.0.2', '255.255.0.0'), true, ending.signal);
    await eventually(() => lan.sent.length > 0);
    ending.abort();
    expect((await searching).answered).toBe(false);
  });
  const silent: readonly [rule: string, over: Over][] = [
    ['a node with another key', { sealer: stranger }],
    ['a node of another cluster', { cluster: 'other' }],
    ['a node whose door is not open yet', { address: undefined }],
    ['an answer without an address', { address: 'nowhere' }],
  ];
  test.each(silent)('%s is not found', async (_, over) => {
    const lan = new Lan();
    await respond(lan.world('10.0.0.9', '255.255.255.240'), over);
    expect((await search(lan.world('10.0.0.2', '255.255.255.240'))).found).toEqual([]);
  });
});

describe('responder', () => {
  test('drops the questions of a node that is cut off from it, until it is mended', async () => {
    const lan = new Lan();
    const links = new LinkFilter();
    await respond(lan.world('10.0.0.9', '255.255.255.240'), { links });
    const asker = lan.world('10.0.0.2', '255.255.255.240');
    links.set({ nodes: ['data_1'], addresses: [] });
    expect(await search(asker)).toEqual({ answered: false, found: [] });
    links.set({ nodes: ['data_2'], addresses: [] });
    expect((await search(asker)).found).toEqual(['10.0.0.9:7400 by broadcast']);
  });
  test('answers only so many in a second', async () => {
    const lan = new Lan();
    const clock = { monotonicMs: () => 0, wallMs: () => 0, setTimer: () => ({ cancel: () => undefined }) };
    await respond(lan.world('10.0.0.9', '255.255.255.0', clock));
    let answers = 0;
    const asker = lan.world('10.0.0.2', '255.255.255.0');
    const socket = await asker.network.bindDatagrams({ host: '0.0.0.0', port: 0 }, () => {
      answers += 1;
    });
    const probe = encodeProbe(sealer, { cluster: 'test', nonce: 'n', nodeId: 'data_1' });
    for (let i = 0; i < answersPerSecondMax + 50; i++) socket.send(probe, { host: '10.0.0.9', port });
    await eventually(() => answers >= answersPerSecondMax);
    expect(answers).toBe(answersPerSecondMax);
  });
});

describe('datagrams', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (cluster, nonce, nodeId, address) => {
        const probe = { cluster, nonce, nodeId };
        expect(decodeProbe(sealer, encodeProbe(sealer, probe))).toEqual(probe);
        const answer = { ...probe, address };
        expect(decodeAnswer(sealer, encodeAnswer(sealer, answer))).toEqual(answer);
      }),
    );
  });
  test('a question is no answer, and an answer no question', () => {
    const probe = encodeProbe(sealer, { cluster: 'c', nonce: 'n', nodeId: '1.2.3.4:5' });
    expect(decodeAnswer(sealer, probe)).toBeUndefined();
    const answer = encodeAnswer(sealer, { cluster: 'c', nonce: 'n', nodeId: 'd', address: '1.2.3.4:5' });
    expect(decodeProbe(sealer, answer)).toBeUndefined();
  });
  test('what is damaged or foreign is nothing', () => {
    const probe = encodeProbe(sealer, { cluster: 'c', nonce: 'n', nodeId: 'd' });
    expect(decodeProbe(stranger, probe)).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(probe.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = probe.slice();
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        expect(decodeProbe(sealer, damaged)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(decodeProbe(sealer, bytes)).toBeUndefined();
      }),
    );
  });
});
