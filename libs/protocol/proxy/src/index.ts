/** The PROXY protocol, versions 1 and 2. */
export { formatProxyHeader } from './format.ts';
export { ProxyFramer, type ProxyProgress } from './framer.ts';
export { proxyHeaderSizeMaxBytes } from './version2.ts';
export type { ProxyEnd, ProxyHeader } from './types.ts';
