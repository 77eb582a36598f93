import { errorCodes, protocolVersionMax, type ProtocolVersion } from './codes.ts';

/** What is wrong with bytes that came, and how to answer: an ERROR frame of `version` on `stream`. */
export type WireFault = {
  readonly kind: 'version' | 'direction' | 'opcode' | 'too_large' | 'checksum' | 'segment' | 'compression' | 'body';
  /** The code of the ERROR. */
  readonly code: number;
  readonly message: string;
  readonly stream: number;
  readonly version: ProtocolVersion;
  /** Where the next frame begins is not known, or nothing good can come: answer, then close. */
  readonly fatal: boolean;
};

export const fatalFault = (
  kind: WireFault['kind'],
  message: string,
  stream = 0,
  version: ProtocolVersion = protocolVersionMax,
): WireFault => ({ kind, code: errorCodes.protocol, message, stream, version, fatal: true });

/** Of a frame that was whole: the connection goes on. */
export const passingFault = (
  kind: WireFault['kind'],
  code: number,
  message: string,
  stream: number,
  version: ProtocolVersion,
): WireFault => ({ kind, code, message, stream, version, fatal: false });
