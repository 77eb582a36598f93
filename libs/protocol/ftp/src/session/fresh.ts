/** A session at its beginning. */
import { emptyBytes } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import type { Session } from './types.ts';

/** What a session has from its connection, not from commands. */
export type Connection = Pick<
  Session,
  | 'id'
  | 'clientHost'
  | 'clientPort'
  | 'serverHost'
  | 'serverPort'
  | 'controlTls'
  | 'tlsAvailable'
  | 'tlsRequired'
  | 'connectedAtMs'
> &
  Partial<Pick<Session, 'idleMaxMs'>>;

export const freshSession = (connection: Connection): processing.Session => ({
  id: connection.id,
  phase: processing.Phase.GREETED,
  user: '',
  grant: emptyBytes,
  workingDirectory: '/',
  type: processing.TransferType.ASCII,
  restartOffset: 0,
  renameFrom: '',
  controlTls: connection.controlTls,
  protectionBuffer: false,
  dataTls: false,
  extendedPassiveOnly: false,
  facts: [],
  announcedLength: undefined,
  sizedPath: '',
  sizedLength: 0,
  failedLogins: 0,
  clientHost: connection.clientHost,
  clientPort: connection.clientPort,
  serverHost: connection.serverHost,
  serverPort: connection.serverPort,
  transferring: false,
  transferredBytes: 0,
  clientName: '',
  virtualHost: '',
  tlsAvailable: connection.tlsAvailable,
  tlsRequired: connection.tlsRequired,
  language: '',
  connectedAtMs: connection.connectedAtMs,
  hashAlgorithm: '',
  rangeEnd: undefined,
  idleMaxMs: connection.idleMaxMs ?? 0,
  idleMs: 0,
});

/** AUTH: as at the beginning, but for what the connection itself remembers. HOST was said to the server, not by the user. */
export const restartedSession = (session: Session): Session => ({
  ...freshSession(session),
  failedLogins: session.failedLogins,
  transferring: session.transferring,
  transferredBytes: session.transferredBytes,
  clientName: session.clientName,
  virtualHost: session.virtualHost,
  language: session.language,
});

/** REIN: HOST's name goes too (RFC 7151 §3.3). */
export const reinitialisedSession = (session: Session): Session => ({
  ...restartedSession(session),
  virtualHost: '',
  language: '',
});

/** The login is void; the rest of the session stays as it is. */
export const loggedOutSession = (session: Session): Session => ({
  ...session,
  phase: processing.Phase.GREETED,
  user: '',
  grant: emptyBytes,
  workingDirectory: '/',
});
