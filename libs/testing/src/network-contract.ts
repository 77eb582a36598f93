import { describe, expect, test } from '@jest/globals';
import { concatBytes, equalBytes, fromUtf8, utf8 } from '@skerry/kernel';
import { pause, type Address, type Clock, type Connection, type Listener, type Network } from '@skerry/runtime-world';
import { expectReason, reasonOf, withSubject, type MakeSubject } from './subject.ts';

export type NetworkSubject = {
  readonly network: Network;
  readonly clock: Clock;
  /** Where this node listens, such as `127.0.0.1`. */
  readonly host: string;
};
type Row = (rule: string, body: (subject: NetworkSubject) => Promise<void>) => void;

/** What every {@link Network} must do while nothing is wrong between the nodes. */
export function networkContract(make: MakeSubject<NetworkSubject>): void {
  const row: Row = (rule, body) => test(rule, withSubject(make, body));
  describe('network contract', () => {
    ports(row);
    streams(row);
    ends(row);
    datagrams(row);
  });
}

type Pair = { readonly client: Connection; readonly server: Connection; readonly listener: Listener };

async function connected({ network, host }: NetworkSubject): Promise<Pair> {
  let accepted: (connection: Connection) => void = () => undefined;
  const server = new Promise<Connection>((resolve) => (accepted = resolve));
  const listener = await network.listen({ host, port: 0 }, (connection) => accepted(connection));
  const client = await network.connect(listener.address);
  return { client, server: await server, listener };
}

async function closed({ client, server, listener }: Pair): Promise<void> {
  client.destroy();
  server.destroy();
  await listener.close();
}

async function readAll(connection: Connection): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of connection.incoming) chunks.push(chunk.slice());
  return concatBytes(chunks);
}

function ports(row: Row): void {
  row('port 0 takes a free port', async ({ network, host }) => {
    const a = await network.listen({ host, port: 0 }, () => undefined);
    const b = await network.listen({ host, port: 0 }, () => undefined);
    expect(a.address.port).toBeGreaterThan(0);
    expect(a.address.port === b.address.port).toBe(false);
    await a.close();
    await b.close();
  });
  row('a port in use is refused, and free again after close', async ({ network, host }) => {
    const first = await network.listen({ host, port: 0 }, () => undefined);
    await expectReason(
      network.listen(first.address, () => undefined),
      'port_in_use',
    );
    await first.close();
    await (await network.listen(first.address, () => undefined)).close();
  });
  row('nobody listens: connection_lost', async ({ network, host }) => {
    const listener = await network.listen({ host, port: 0 }, () => undefined);
    await listener.close();
    await expectReason(network.connect(listener.address), 'connection_lost');
  });
  row('an aborted connect is cancelled', async ({ network, host }) => {
    const listener = await network.listen({ host, port: 0 }, (connection) => connection.destroy());
    await expectReason(network.connect(listener.address, AbortSignal.abort()), 'cancelled');
    const controller = new AbortController();
    const connecting = network.connect(listener.address, controller.signal);
    controller.abort();
    await expectReason(connecting, 'cancelled');
    await listener.close();
  });
  row('an address resolves to itself, an unknown name to nothing', async ({ network, host }) => {
    expect(await network.resolve(host)).toContain(host);
    expect(await network.resolve('no-such-host.invalid')).toEqual([]);
  });
  row('interfaces are IPv4 with a mask', async ({ network }) => {
    for (const { address, netmask } of network.interfaces()) {
      expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(netmask).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    }
  });
}

function streams(row: Row): void {
  row('bytes arrive in order, both ways, whatever their chunks', async (subject) => {
    const pair = await connected(subject);
    const sent = Array.from({ length: 100 }, (_, i) => new Uint8Array(1 + 37 * i).fill(i));
    const talk = async (connection: Connection): Promise<Uint8Array> => {
      const received = readAll(connection);
      for (const chunk of sent) await connection.send(chunk.slice());
      await connection.end();
      return received;
    };
    const received = await Promise.all([talk(pair.client), talk(pair.server)]);
    for (const bytes of received) expect(equalBytes(bytes, concatBytes(sent))).toBe(true);
    await closed(pair);
  });
  row('a slow reader stops the sender; nothing is lost', async (subject) => {
    const pair = await connected(subject);
    const chunk = new Uint8Array(1024 * 1024).fill(7);
    const chunkCountMax = 64;
    let sent = 0;
    let blocked: Promise<void> | undefined;
    while (sent < chunkCountMax && blocked === undefined) {
      const sending = pair.client.send(chunk);
      sent += 1;
      const first = await Promise.race([sending.then(() => 'sent'), pause(subject.clock, 100).then(() => 'late')]);
      if (first === 'late') blocked = sending;
    }
    expect(blocked).toBeDefined();
    expect(sent).toBeLessThan(chunkCountMax);
    const reading = readSize(pair.server);
    await blocked;
    await pair.client.end();
    expect(await reading).toBe(sent * chunk.length);
    await closed(pair);
  });
  row('the server sees where the client comes from', async (subject) => {
    const pair = await connected(subject);
    expect(pair.client.remote).toEqual(pair.listener.address);
    expect(pair.server.remote.host).toBe(subject.host);
    expect(pair.server.remote.port).toBeGreaterThan(0);
    await closed(pair);
  });
}

async function readSize(connection: Connection): Promise<number> {
  let size = 0;
  for await (const chunk of connection.incoming) size += chunk.length;
  return size;
}

function ends(row: Row): void {
  row('after one side ended, the other may still send', async (subject) => {
    const pair = await connected(subject);
    await pair.client.send(utf8('question'));
    await pair.client.end();
    expect(fromUtf8(await readAll(pair.server))).toBe('question');
    await pair.server.send(utf8('answer'));
    await pair.server.end();
    expect(fromUtf8(await readAll(pair.client))).toBe('answer');
    await closed(pair);
  });
  row('who stopped reading may still send', async (subject) => {
    const pair = await connected(subject);
    await pair.client.send(utf8('Q'));
    for await (const chunk of pair.server.incoming) {
      expect(fromUtf8(chunk)).toBe('Q');
      break;
    }
    await pair.server.send(utf8('221 bye'));
    await pair.server.end();
    expect(fromUtf8(await readAll(pair.client))).toBe('221 bye');
    await closed(pair);
  });
  row('our side sends nothing after its end', async (subject) => {
    const pair = await connected(subject);
    await pair.client.end();
    await expectReason(pair.client.send(utf8('x')), 'connection_lost');
    await closed(pair);
  });
  row('destroy cuts both sides', async (subject) => {
    const pair = await connected(subject);
    const atServer = reasonOf(readAll(pair.server));
    const atClient = reasonOf(readAll(pair.client));
    // Unread bytes: the cut is a reset for the peer, not an end of stream.
    await pair.server.send(utf8('unread'));
    pair.server.destroy();
    expect(await atServer).toBe('connection_lost');
    // To the peer a cut may look like an end of stream, as in TCP; what it sends is lost in any case.
    expect(['connection_lost', 'resolved']).toContain(await atClient);
    let reason = 'resolved';
    for (let i = 0; i < 100 && reason === 'resolved'; i++) {
      reason = await reasonOf(pair.client.send(utf8('lost')));
      await pause(subject.clock, 1);
    }
    expect(reason).toBe('connection_lost');
    await closed(pair);
  });
  row('a connection goes on when its listener is closed', async (subject) => {
    const pair = await connected(subject);
    await pair.listener.close();
    await pair.client.send(utf8('still here'));
    await pair.client.end();
    expect(fromUtf8(await readAll(pair.server))).toBe('still here');
    await closed(pair);
  });
}

function datagrams(row: Row): void {
  row('a datagram arrives whole, with its sender', async ({ network, clock, host }) => {
    const received: (readonly [string | undefined, Address])[] = [];
    const a = await network.bindDatagrams({ host, port: 0 }, (bytes, from) => received.push([fromUtf8(bytes), from]));
    const b = await network.bindDatagrams({ host, port: 0 }, () => undefined);
    for (let i = 0; i < 100 && received.length === 0; i++) {
      b.send(utf8('hello'), a.address);
      await pause(clock, 10);
    }
    expect(received[0]).toEqual(['hello', b.address]);
    await a.close();
    await b.close();
  });
  row('a datagram to nobody is no failure', async ({ network, clock, host }) => {
    const a = await network.bindDatagrams({ host, port: 0 }, () => undefined);
    const b = await network.bindDatagrams({ host, port: 0 }, () => undefined);
    await b.close();
    await b.close();
    a.send(utf8('x'), b.address);
    await pause(clock, 5);
    b.send(utf8('x'), a.address);
    await a.close();
  });
  row('a datagram port in use is refused', async ({ network, host }) => {
    const a = await network.bindDatagrams({ host, port: 0 }, () => undefined);
    await expectReason(
      network.bindDatagrams(a.address, () => undefined),
      'port_in_use',
    );
    await a.close();
  });
}
