/**
 * STOR, APPE, STOU: from the data connection to the data node, published only when the client meant its end.
 *
 * A client that is killed sends an ordinary FIN on a plaintext data connection. So the end counts when the bytes are
 * durable, one more turn of the event loop has passed, and the control connection is still there (or QUIT was said).
 * Otherwise the stream ends without commit: the stage with all that arrived is kept, no name appears. Little content is
 * held back until its end, and goes with its commit in one message: it is durable with its name.
 */
import { StatusError } from '@skerry/kernel';
import type { data, processing } from '@skerry/proto';
import { nextTurn } from '@skerry/runtime-sockets';
import { quotaWarning, type QuotaWarning } from './quota-warning.ts';
import { settleMs, type Outcome, type TransferRun } from './transfer.ts';
import { UploadRequests } from './upload-requests.ts';

type Responses = AsyncIterator<data.StoreResponse>;
type Part = NonNullable<data.StoreResponse['part']>;

export async function upload(run: TransferRun): Promise<Outcome> {
  let opened: { requests: UploadRequests; responses: Responses; ready: data.StoreReady };
  try {
    opened = await run.openStream(async (client, options) => {
      const requests = new UploadRequests(run);
      const responses = client.store(requests.messages, options);
      const iterator = responses[Symbol.asyncIterator]();
      const part = await next(iterator);
      if (part.$case === 'ready') return { requests, responses: iterator, ready: part.value };
      throw unwanted('ready', part);
    });
  } catch (thrown) {
    return run.failed(thrown);
  }
  const { requests, responses, ready } = opened;
  const path = userPath(run.job.transfer, ready.path);
  const socket = await run.openSocket({ path });
  if (!socket.ok) {
    requests.giveUp();
    await settled(run, responses);
    return socket.error;
  }
  void requests.send(socket.value, () => meant(run, requests));
  let quota: QuotaWarning | undefined;
  try {
    let part = await next(responses);
    if (part.$case === 'staged') {
      if (requests.refused || !(await meant(run, requests))) {
        requests.giveUp();
        await settled(run, responses);
        return run.cut();
      }
      run.beginCommit();
      requests.commit();
      part = await next(responses);
    }
    if (part.$case !== 'committed') throw unwanted('committed', part);
    quota = quotaWarning(part.value, run.job.quotaWarningPercent);
    // To the end of the stream, beside the reply: until then the data node counts the upload as under way. Whatever that
    // is, the name is there.
    requests.giveUp();
    responses.next().catch(() => undefined);
  } catch (thrown) {
    requests.giveUp();
    return run.failed(thrown);
  }
  // Behind the reply: the client waits for that, and not for our half of the data connection.
  setImmediate(() => {
    socket.value.end().catch(() => socket.value.destroy());
  });
  return { kind: 'done', path, quota };
}

/**
 * What is published, as the user sees it: the data node names it in the file tree, where the user's home is a part of
 * it that is nobody's business. STOU: the path is a directory, and data chose the name.
 */
function userPath({ path, uniqueName }: processing.Transfer, treePath: string): string {
  if (!uniqueName) return path;
  const name = treePath.slice(treePath.lastIndexOf('/') + 1);
  return path === '/' ? `/${name}` : `${path}/${name}`;
}

async function meant(run: TransferRun, requests: UploadRequests): Promise<boolean> {
  if (requests.cut || run.aborted) return false;
  await nextTurn();
  return !run.aborted && run.job.clientMeansIt();
}

async function next(responses: Responses): Promise<Part> {
  const step = await responses.next();
  const part = step.done === true ? undefined : step.value.part;
  if (part === undefined) throw new StatusError('unexpected', 'Cannot store: the data node ended the stream early');
  return part;
}
const unwanted = (wanted: Part['$case'], { $case }: Part): StatusError =>
  new StatusError('unexpected', `Cannot store: wanted "${wanted}", got "${$case}"`);

/** Waits until the data node has ended the stream, not for long: then the next command finds the stage as it is. */
async function settled(run: TransferRun, responses: Responses): Promise<void> {
  const timer = run.job.clock.setTimer(settleMs, () => run.finish());
  try {
    for (let next = await responses.next(); next.done !== true; next = await responses.next());
  } catch (thrown) {
    // What was told to the client stands: the upload was cut. The node's own log has its side.
    if (!(thrown instanceof StatusError)) throw thrown;
  } finally {
    timer.cancel();
  }
}
