/** TLS of a door for clients. See README. */
export { DoorTls, type DoorTlsOptions } from './door-tls.ts';
export { TlsReload, type TlsReloadOptions } from './tls-reload.ts';
