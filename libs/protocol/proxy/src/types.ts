export type ProxyEnd = { readonly host: string; readonly port: number };
export type ProxyHeader =
  /** `source` is the client, `destination` what it connected to. */
  | { readonly kind: 'proxied'; readonly source: ProxyEnd; readonly destination: ProxyEnd }
  /** The proxy speaks for itself (a health check), or does not know: the connection's own addresses count. */
  | { readonly kind: 'own' };

/** Bytes that begin a header, as far as they go. */
export type Parsed =
  | { readonly kind: 'more' }
  | { readonly kind: 'header'; readonly header: ProxyHeader; readonly sizeBytes: number }
  | { readonly kind: 'malformed'; readonly why: string };
