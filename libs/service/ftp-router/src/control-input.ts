/** What a client sends on its control connection: lines, as commands that wait for their turn, within limits. */
import { CommandFramer, type FramedLine } from '@skerry/protocol-ftp';
import { CommandQueue, queued } from './command-queue.ts';
import { isForeign } from './foreign.ts';
import type { Config } from './settings.ts';

export type InputOwner = {
  readonly limits: Pick<Config, 'ftpMalformedLinesMax' | 'ftpCommandQueueMax'>;
  /** False: the session is over, or about to begin TLS. What comes then was sent ahead in clear, by whomever. */
  readonly takes: () => boolean;
  readonly loggedIn: () => boolean;
  /** Sends what Telnet wants to be told, at once. */
  readonly answer: (bytes: Uint8Array) => void;
  /** 421, then the end. */
  readonly bye: (text: string, why: string) => void;
};

export class ControlInput {
  readonly queue: CommandQueue;
  readonly #owner: InputOwner;
  readonly #framer = new CommandFramer();
  #malformedLines = 0;
  #quitSeen = false;

  constructor(owner: InputOwner) {
    this.#owner = owner;
    this.queue = new CommandQueue(owner.limits.ftpCommandQueueMax);
  }
  /** The client said QUIT, whether its turn has come or not. */
  get quitSeen(): boolean {
    return this.#quitSeen;
  }
  receive(chunk: Uint8Array): void {
    const { takes, answer } = this.#owner;
    const lines = this.#framer.push(chunk);
    const refusals = this.#framer.takeRefusals();
    if (refusals.length > 0 && takes()) answer(refusals);
    for (const line of lines) {
      if (!takes()) return;
      this.#take(line);
    }
  }
  #take(line: FramedLine): void {
    const { limits, loggedIn, bye } = this.#owner;
    const { ftpMalformedLinesMax, ftpCommandQueueMax } = limits;
    if (line.kind !== 'line') {
      this.#malformedLines += 1;
      if (this.#malformedLines > ftpMalformedLinesMax) return bye('Too many malformed lines.', 'malformed_lines');
    }
    const item = queued(line);
    if (!this.queue.offer(item))
      return bye(`More than ${ftpCommandQueueMax} commands ahead of their replies.`, 'command_queue');
    if (item.kind !== 'command') return;
    if (item.label.verb === 'QUIT') this.#quitSeen = true;
    if (item.label.verb === 'other' && !loggedIn() && isForeign(item.line))
      bye('This is an FTP server.', 'foreign_protocol');
  }
  /** What came so far was never said. */
  forget(): void {
    this.queue.clear();
    this.#framer.reset();
    this.#quitSeen = false;
  }
}
