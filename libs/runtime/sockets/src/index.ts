/** TCP streams with large reads, TLS in mid-connection, and clean ends told from cuts. */
export { connectStream, listenStream, type ConnectOptions, type ListenOptions } from './listen.ts';
export { listenChannels, type Channel, type ChannelDoor, type ChannelEvents } from './channel.ts';
export { deriveTicketKeys } from './ticket-keys.ts';
export { nextTurn } from './turn.ts';
export { readTlsFiles, tlsContext, type TlsContext, ticketKeysSizeBytes } from './tls-context.ts';
export type * from './types.ts';
