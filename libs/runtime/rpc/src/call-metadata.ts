import { Metadata } from './grpc.ts';

/**
 * Metadata of a call with values that are encoded already. grpc-js clones metadata three times for each call, copies all
 * bytes at each, and encodes them in the end; these texts are shared. They are not seen by `get`.
 */
export class CallMetadata extends Metadata {
  readonly #encoded: Readonly<Record<string, string>>;

  /** @param encoded what goes on the wire by key: of a key that ends in `-bin`, base64. */
  constructor(encoded: Readonly<Record<string, string>>) {
    super();
    this.#encoded = encoded;
  }
  override clone(): CallMetadata {
    const copy = new CallMetadata(this.#encoded);
    copy.merge(this);
    copy.setOptions(this.getOptions());
    return copy;
  }
  override toHttp2Headers(): ReturnType<Metadata['toHttp2Headers']> {
    return Object.assign(super.toHttp2Headers(), this.#encoded);
  }
}
