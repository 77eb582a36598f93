/** A node whose parent process keeps it: ends with it, and takes from it which nodes to hear no more. */
import { shape } from '@skerry/runtime-config';
import { LinkFilter } from '@skerry/runtime-world';

/** What the parent says; answered with `{ cutTaken: number }`. */
const cutMessage = shape.object({
  cut: shape.object({
    number: shape.number(),
    nodes: shape.array(shape.string()),
    addresses: shape.array(shape.string()),
  }),
});
export type CutMessage = ReturnType<typeof cutMessage.parse>;
export type CutTaken = { readonly cutTaken: number };

/** Undefined without such a parent: then nothing can be cut. */
export function linksOfSupervisor(): LinkFilter | undefined {
  const { channel } = process;
  if (channel === undefined || channel === null) return undefined;
  const links = new LinkFilter();
  process.on('message', (message) => {
    const { data } = cutMessage.safeParse(message);
    // Another parent than a cluster's supervisor may have its own messages.
    if (data === undefined) return;
    links.set(data.cut);
    const taken: CutTaken = { cutTaken: data.cut.number };
    process.send?.(taken);
  });
  // Listening must not keep the process alive.
  channel.unref();
  // Its folder must be free for the next one.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  return links;
}
