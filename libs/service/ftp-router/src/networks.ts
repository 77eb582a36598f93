/** A list of networks from a setting. */
import { inBlock, parseBlock, StatusError, type AddressBlock } from '@skerry/kernel';

export class Networks {
  readonly #blocks: readonly AddressBlock[];
  private constructor(blocks: readonly AddressBlock[]) {
    this.#blocks = blocks;
  }
  /** @param setting for the message. @throws StatusError `malformed`. */
  static read(texts: readonly string[], setting: string): Networks {
    try {
      return new Networks(texts.map(parseBlock));
    } catch (thrown) {
      if (!(thrown instanceof StatusError)) throw thrown;
      throw new StatusError('malformed', `Cannot read ${setting}: ${thrown.message}`, { cause: thrown });
    }
  }
  get empty(): boolean {
    return this.#blocks.length === 0;
  }
  contain(host: string): boolean {
    return this.#blocks.some((block) => inBlock(block, host));
  }
}
