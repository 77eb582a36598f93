/** Calls to other nodes over TCP, by gRPC. */
import { StatusError, toStatusError } from '@skerry/kernel';
import type { TlsMaterial } from '@skerry/runtime-security';
import type { Clock } from '@skerry/runtime-world';
import { CallMetadata } from './call-metadata.ts';
import type { Carrier, Outgoing, StreamCall } from './carrier.ts';
import { endMarkedKey } from './end-mark.ts';
import { abortError } from './errors.ts';
import { Channel, type Metadata } from './grpc.ts';
import { headerKey, type Headers } from './header.ts';
import { failedStream } from './in-process.ts';
import * as limits from './limits.ts';
import { encodeSmall, type Message } from './method.ts';
import { progressKey } from './progress.ts';
import { checkSize, TcpStream, TcpUnary, type Cuttable, type RawCall } from './tcp-call.ts';
import { channelCredentials, channelOptions } from './tcp-options.ts';
import { tokenKey, type TokenMint } from './tokens.ts';
import type { Target } from './types.ts';

export type TcpClientParts = {
  readonly headers: Headers;
  readonly mint: TokenMint;
  readonly clock: Clock;
  readonly tls: TlsMaterial | undefined;
};

export class TcpCarrier implements Carrier {
  readonly #parts: TcpClientParts;
  // In order of use, the one unused longest first.
  readonly #channels = new Map<string, Channel>();
  // grpc-js lets calls run on when their channel is closed.
  readonly #underWay = new Set<Cuttable>();
  #closed = false;

  constructor(parts: TcpClientParts) {
    this.#parts = parts;
  }

  unary(call: Outgoing, request: Message): Promise<Message> {
    const { method, signal } = call;
    try {
      if (signal?.aborted === true) throw abortError(signal);
      const bytes = encodeSmall(method.request, request);
      checkSize(call, bytes);
      // Opened after the check: what is opened must be started to end.
      const raw = this.#open(call, Date.now() + call.limitMs);
      return new Promise((resolve, reject) => {
        new TcpUnary(call, raw, this.#underWay, resolve, reject).start(this.#metadata(call), bytes);
      });
    } catch (thrown) {
      call.meter?.end(thrown);
      return Promise.reject(toStatusError(thrown));
    }
  }

  stream(call: Outgoing, source: AsyncIterable<Message>): StreamCall {
    const { signal } = call;
    try {
      if (signal?.aborted === true) throw abortError(signal);
      const raw = this.#open(call, Infinity);
      return new TcpStream(call, raw, this.#streamMetadata(call), source, this.#parts, this.#underWay).responses;
    } catch (thrown) {
      call.meter?.end(thrown);
      return failedStream(toStatusError(thrown));
    }
  }

  disconnect(target: Target): void {
    const key = keyOf(target);
    this.#channels.get(key)?.close();
    this.#channels.delete(key);
  }
  /** Calls under way and later ones fail with `shutting_down`. */
  close(): void {
    this.#closed = true;
    const failure = new StatusError('shutting_down', 'Call was cut: this node is shut down');
    for (const call of [...this.#underWay]) call.cut(failure);
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  #open({ method, target }: Outgoing, deadline: number): RawCall {
    if (this.#closed) throw new StatusError('shutting_down', `Cannot call ${method.operation}: this node is shut down`);
    // No parent call, so nothing is handed down from one (flags 0).
    return this.#channel(target).createCall(method.path, deadline, null, null, 0);
  }
  #channel(target: Target): Channel {
    const key = keyOf(target);
    const known = this.#channels.get(key);
    if (known !== undefined) {
      if (this.#channels.size > limits.connectionsMax / 2) {
        this.#channels.delete(key);
        this.#channels.set(key, known);
      }
      return known;
    }
    for (const [oldest, channel] of this.#channels) {
      if (this.#channels.size < limits.connectionsMax) break;
      this.#channels.delete(oldest);
      channel.close();
    }
    const { tls } = this.#parts;
    const made = new Channel(`dns:${target.address}`, channelCredentials(tls, target), channelOptions(tls, target));
    this.#channels.set(key, made);
    return made;
  }
  #metadata({ method, target, messageId }: Outgoing): Metadata {
    const { headers, mint } = this.#parts;
    const header = headers.encode({ messageId, destination: target.nodeId, operation: method.operation });
    return new CallMetadata({ [tokenKey]: mint.currentText(), [headerKey]: header.toString('base64') });
  }
  #streamMetadata(call: Outgoing): Metadata {
    const metadata = this.#metadata(call);
    metadata.set(progressKey, String(call.limitMs));
    if (call.method.requestStream) metadata.set(endMarkedKey, '1');
    return metadata;
  }
}

// A client calls with the same target each time; joined for each call, the key would be hashed for each.
const keys = new WeakMap<Target, string>();
function keyOf(target: Target): string {
  let key = keys.get(target);
  if (key === undefined) {
    key = `${target.nodeId} ${target.address} ${target.lane ?? ''}`;
    keys.set(target, key);
  }
  return key;
}
