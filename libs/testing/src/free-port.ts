import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below those that the system gives to whoever asks for any (from 32,768 on Linux): none is taken between the look and the use. */
const portFirst = 20_000;
const portCount = 12_000;

/** A TCP port of `host` that nobody listens at. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = portFirst + randomInt(portCount);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, host, () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
