/** Whether a port can be listened on now; another program may take it the next moment. */
import { createServer } from 'node:net';
import type { Address } from '@skerry/runtime-world';

export function isFree({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}
