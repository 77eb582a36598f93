/** A session at its beginning. */
import { emptyBytes } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import type { Session } from './types.ts';

/** What a session has from its connection, not from commands. */
export type Connection = Pick<
  Session,
  'id' | 'clientHost' | 'clientPort' | 'serverHost' | 'serverPort' | 'controlTls' | 'tlsAvailable' | 'connectedAtMs'
>;

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
  language: '',
  connectedAtMs: connection.connectedAtMs,
});

/** REIN and AUTH: as at the beginning, but for what the connection itself remembers. */
export const restartedSession = (session: Session): Session => ({
  ...freshSession(session),
  failedLogins: session.failedLogins,
  transferring: session.transferring,
  transferredBytes: session.transferredBytes,
  clientName: session.clientName,
  virtualHost: session.virtualHost,
  language: session.language,
});
