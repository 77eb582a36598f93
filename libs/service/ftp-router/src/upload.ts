/**
 * STOR, APPE, STOU: from the data connection to the data node, published only when the client meant its end.
 *
 * A client that is killed sends an ordinary FIN on a plaintext data connection. So the end counts when the bytes are
 * durable, one more turn of the event loop has passed, and the control connection is still there (or QUIT was said).
 * Otherwise the stream ends without commit: the stage with all that arrived is kept, no name appears.
 */
import { present, StatusError } from '@skerry/kernel';
import { processing, type data } from '@skerry/proto';
import { AsciiDecoder } from '@skerry/protocol-ftp';
import { chunkOf, chunkSizeMaxBytes, type PartialRequestOf } from '@skerry/runtime-rpc';
import { nextTurn, type StreamSocket } from '@skerry/runtime-sockets';
import { quotaWarning, type QuotaWarning } from './quota-warning.ts';
import { progressDeadlineMs, settleMs, type Outcome, type TransferRun } from './transfer.ts';

type Request = PartialRequestOf<typeof data.DataServiceDefinition.methods.store>;
type Responses = AsyncIterator<data.StoreResponse>;
type Values = { ready: data.StoreReady; staged: data.StoreStaged; committed: data.StoreCommitted };

export async function upload(run: TransferRun): Promise<Outcome> {
  let opened: { requests: UploadRequests; responses: Responses; ready: data.StoreReady };
  try {
    opened = await run.openStream(async (client, signal) => {
      const requests = new UploadRequests(run);
      const options = { signal, progressDeadlineMs: progressDeadlineMs(run.job) };
      const responses = client.store(requests.stream(), options)[Symbol.asyncIterator]();
      try {
        return { requests, responses, ready: await expect(responses, 'ready') };
      } catch (thrown) {
        requests.giveUp();
        throw thrown;
      }
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
  requests.begin(socket.value);
  let quota: QuotaWarning | undefined;
  try {
    await expect(responses, 'staged');
    if (!(await meant(run, requests))) {
      requests.decide(false);
      await settled(run, responses);
      return run.cut();
    }
    run.beginCommit();
    requests.decide(true);
    const committed = await expect(responses, 'committed');
    quota = quotaWarning(committed, run.job.quotaWarningPercent);
    // To the end of the stream, beside the reply: until then the data node counts the upload as under way.
    void settled(run, responses);
  } catch (thrown) {
    requests.decide(false);
    return run.failed(thrown);
  }
  // Behind the reply: the client waits for that, and not for our half of the data connection.
  nextTurn()
    .then(() => socket.value.end())
    .catch(() => socket.value.destroy());
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

async function expect<C extends keyof Values>(responses: Responses, wanted: C): Promise<Values[C]> {
  const next = await responses.next();
  const part = next.done === true ? undefined : next.value.part;
  if (part?.$case !== wanted)
    throw new StatusError('unexpected', `Cannot store: wanted "${wanted}", got "${part?.$case ?? 'the end'}"`);
  // The comparison above says so, which the compiler does not follow through a type parameter.
  return part.value as Values[C];
}

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

/** The requests of one Store stream, pulled by the carrier: no byte is read before there is room for it. */
class UploadRequests {
  /** The data connection did not end as RFC 959 wants it. */
  cut = false;
  readonly #run: TransferRun;
  readonly #socket: Promise<StreamSocket | undefined>;
  readonly #verdict: Promise<boolean>;
  #resolveSocket: ((socket: StreamSocket | undefined) => void) | undefined;
  #resolveVerdict: ((commit: boolean) => void) | undefined;

  constructor(run: TransferRun) {
    this.#run = run;
    this.#socket = new Promise((resolve) => (this.#resolveSocket = resolve));
    this.#verdict = new Promise((resolve) => (this.#resolveVerdict = resolve));
  }
  begin(socket: StreamSocket): void {
    present(this.#resolveSocket, 'resolver')(socket);
  }
  giveUp(): void {
    present(this.#resolveSocket, 'resolver')(undefined);
  }
  decide(commit: boolean): void {
    present(this.#resolveVerdict, 'resolver')(commit);
  }
  async *stream(): AsyncGenerator<Request> {
    const { transfer, checksum, pace } = this.#run.job;
    yield { part: { $case: 'start', value: { ticket: transfer.ticket } } };
    const socket = await this.#socket;
    if (socket === undefined) return;
    const decoder = transfer.type === processing.TransferType.ASCII ? new AsciiDecoder() : undefined;
    for (;;) {
      const bytes = await this.#read(socket);
      if (bytes === undefined) break;
      this.#run.bytes += bytes.length;
      for (const piece of decoder === undefined ? [bytes] : decoder.push(bytes))
        if (pace !== undefined)
          for await (const part of pace.pieces(piece))
            yield { part: { $case: 'chunk', value: chunkOf(part, checksum) } };
        // A held CR can make a decoded piece one byte longer than what was read.
        else
          for (let at = 0; at < piece.length; at += chunkSizeMaxBytes)
            yield { part: { $case: 'chunk', value: chunkOf(piece.subarray(at, at + chunkSizeMaxBytes), checksum) } };
    }
    // A CR that was held back for a LF is content only when the end was meant: a resumed upload sends it again.
    if (!this.cut)
      for (const piece of decoder?.end() ?? []) yield { part: { $case: 'chunk', value: chunkOf(piece, checksum) } };
    yield { part: { $case: 'finish', value: {} } };
    if (await this.#verdict) yield { part: { $case: 'commit', value: {} } };
  }
  /** Undefined at the end, also at a cut: then what came before is still to be stored. */
  async #read(socket: StreamSocket): Promise<Uint8Array | undefined> {
    try {
      return await this.#run.forClient(socket.read());
    } catch {
      this.cut = true;
      return undefined;
    }
  }
}
