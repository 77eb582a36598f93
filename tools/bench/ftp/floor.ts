/**
 * The floor: the least that an FTP server in Node can do, for `npm run bench -- ftp`. No users, no log, no checksums,
 * no limits, no errors handled: RETR reads a file in blocks and writes them, STOR writes blocks and syncs once.
 */
import { close, constants, fdatasync, open, read, readFileSync, write } from 'node:fs';
import { createServer, Socket, type OnReadOpts } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSecureContext, TLSSocket } from 'node:tls';

const [folder = '', certificate = ''] = process.argv.slice(2);
const blockBytes = 1024 * 1024;
const [openFile, closeFile, readFile, writeFile, syncFile] = [open, close, read, write, fdatasync].map((call) =>
  promisify(call as never),
) as unknown as [
  (path: string, flags: number, mode: number) => Promise<number>,
  (file: number) => Promise<void>,
  (file: number, into: Buffer, at: number, length: number, position: number) => Promise<{ bytesRead: number }>,
  (file: number, bytes: Uint8Array) => Promise<unknown>,
  (file: number) => Promise<void>,
];
const secureContext = createSecureContext({ cert: readFileSync(certificate), key: readFileSync(certificate) });
const secured = (socket: Socket): Socket =>
  new TLSSocket(socket, { isServer: true, secureContext, highWaterMark: 2 * blockBytes } as never);

async function retrieve(path: string, data: Socket): Promise<void> {
  // Without it the client's end would never be read, and every connection stay.
  data.resume();
  const file = await openFile(path, constants.O_RDONLY, 0);
  const next = async (position: number): Promise<Buffer> => {
    const block = Buffer.allocUnsafeSlow(blockBytes);
    const { bytesRead } = await readFile(file, block, 0, blockBytes, position);
    return block.subarray(0, bytesRead);
  };
  let ahead = next(0);
  for (let at = 0; ;) {
    const block = await ahead;
    if (block.length === 0) break;
    at += block.length;
    ahead = next(at);
    if (!data.write(block)) await new Promise((resolve) => data.once('drain', resolve));
  }
  await closeFile(file);
  await new Promise<void>((resolve) => data.end(resolve));
}

async function store(path: string, data: Socket): Promise<void> {
  const opened = openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o644);
  let chain: Promise<unknown> = opened;
  let queued = 0;
  const take = (chunk: Uint8Array): void => {
    queued += chunk.length;
    chain = chain.then(async () => {
      await writeFile(await opened, chunk);
      queued -= chunk.length;
      if (queued < 4 * blockBytes) data.resume();
    });
    if (queued >= 8 * blockBytes) data.pause();
  };
  data.on('data', take);
  await new Promise((resolve) => data.once('end', resolve));
  await chain;
  const file = await opened;
  await syncFile(file);
  await closeFile(file);
  data.end();
}

/** Reads into blocks of its own: see runtime/sockets, large-reads.ts. */
function large(raw: Socket): Socket {
  const owner = raw as unknown as { _handle: unknown };
  const handle = owner._handle;
  let block = Buffer.allocUnsafeSlow(64 * 1024);
  let used = 0;
  const onread: OnReadOpts = {
    buffer: () => {
      if (block.length - used < 64 * 1024) {
        if (used > 0) block = Buffer.allocUnsafeSlow(blockBytes);
        used = 0;
      }
      return block.subarray(used);
    },
    callback: (size) => {
      const chunk = block.subarray(used, used + size);
      used += size;
      return socket.emit('data', chunk);
    },
  };
  owner._handle = null;
  raw.destroy();
  const socket = new Socket({ handle, allowHalfOpen: true, onread } as never);
  socket.resume();
  socket.read(0);
  return socket;
}

const control = createServer({ noDelay: true, allowHalfOpen: true }, (first) => {
  let socket: Socket = first;
  let secure = false;
  let waiting: Promise<Socket> | undefined;
  const reply = (text: string): void => void socket.write(`${text}\r\n`);
  const passive = (): void => {
    const listener = createServer(
      { noDelay: true, pauseOnConnect: true, allowHalfOpen: true, highWaterMark: 2 * blockBytes },
      (data) => {
        listener.close();
        arrived(data);
      },
    );
    let arrived: (data: Socket) => void = () => undefined;
    waiting = new Promise((resolve) => (arrived = resolve));
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      reply(`229 ok (|||${typeof address === 'object' ? address?.port : ''}|)`);
    });
  };
  const transfer = async (run: (path: string, data: Socket) => Promise<void>, name: string): Promise<void> => {
    reply('150 ok');
    const data = await (waiting as Promise<Socket>);
    await run(join(folder, name), secure ? secured(data) : run === store ? large(data) : data);
    reply('226 ok');
  };
  const commands: Record<string, (argument: string) => unknown> = {
    AUTH: () => {
      reply('234 ok');
      socket.removeAllListeners('data');
      socket = secured(socket);
      secure = true;
      listen();
    },
    EPSV: passive,
    RETR: (name) => transfer(retrieve, name),
    STOR: (name) => transfer(store, name),
    USER: () => reply('331 ok'),
    PASS: () => reply('230 ok'),
    QUIT: () => {
      reply('221 ok');
      socket.end();
    },
  };
  const listen = (): void => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const [verb = '', argument = ''] = text.slice(0, end).split(' ');
        text = text.slice(end + 2);
        void (commands[verb] ?? (() => reply('200 ok')))(argument);
      }
    });
  };
  listen();
  reply('220 ok');
});
control.listen(0, '127.0.0.1', () => {
  const address = control.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
