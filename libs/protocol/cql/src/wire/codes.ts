/** The numbers of the native protocol. Source: native_protocol_v3.spec, v4 and v5, sections 2 to 4 and 9. */

export type ProtocolVersion = 3 | 4 | 5;
/** The lowest version of the protocol that is spoken. */
export const protocolVersionMin = 3;
/** The highest version of the protocol that is spoken; what is unknown is answered in it. */
export const protocolVersionMax = 5;
export const isProtocolVersion = (version: number): version is ProtocolVersion =>
  version === 3 || version === 4 || version === 5;

export const opcodes = {
  error: 0x00,
  startup: 0x01,
  ready: 0x02,
  authenticate: 0x03,
  options: 0x05,
  supported: 0x06,
  query: 0x07,
  result: 0x08,
  prepare: 0x09,
  execute: 0x0a,
  register: 0x0b,
  event: 0x0c,
  batch: 0x0d,
  authChallenge: 0x0e,
  authResponse: 0x0f,
  authSuccess: 0x10,
} as const;
const requestOpcodes: readonly number[] = [
  opcodes.startup,
  opcodes.options,
  opcodes.query,
  opcodes.prepare,
  opcodes.execute,
  opcodes.register,
  opcodes.batch,
  opcodes.authResponse,
];
/** By opcode: 0 unknown, 1 of a request, 2 of a response. */
export const opcodeDirections: Uint8Array = Uint8Array.from({ length: 256 }, (_, opcode) =>
  requestOpcodes.includes(opcode) ? 1 : Object.values(opcodes).some((known) => known === opcode) ? 2 : 0,
);

export const headerSizeBytes = 9;
/** The bit of the version byte that marks a response. */
export const responseBit = 0x80;
/** Bits of a frame's flags. */
export const frameFlags = { compressed: 0x01, tracing: 0x02, payload: 0x04, warning: 0x08, beta: 0x10 } as const;
/** Bits of the flags in query parameters; from 0x100 on only in v5, whose flags have four bytes. */
export const queryFlags = {
  values: 0x01,
  skipMetadata: 0x02,
  pageSize: 0x04,
  pagingState: 0x08,
  serialConsistency: 0x10,
  timestamp: 0x20,
  names: 0x40,
  keyspace: 0x80,
  nowInSeconds: 0x100,
} as const;
/** PREPARE's own flag, in v5. */
export const prepareKeyspaceFlag = 0x01;
/** Bits of the flags in a result's metadata. */
export const metadataFlags = { globalTable: 0x01, morePages: 0x02, noMetadata: 0x04, changed: 0x08 } as const;
export const resultKinds = { void: 1, rows: 2, setKeyspace: 3, prepared: 4, schemaChange: 5 } as const;

/** Lengths of a [value] that are no lengths. */
export const nullLength = -1;
export const unsetLength = -2;

/** In the order of their numbers. */
export const consistencies = [
  'ANY',
  'ONE',
  'TWO',
  'THREE',
  'QUORUM',
  'ALL',
  'LOCAL_QUORUM',
  'EACH_QUORUM',
  'SERIAL',
  'LOCAL_SERIAL',
  'LOCAL_ONE',
] as const;
export type ConsistencyName = (typeof consistencies)[number];
export const consistencyCode = (name: ConsistencyName): number => consistencies.indexOf(name);

export const batchTypes = { logged: 0, unlogged: 1, counter: 2 } as const;

export const errorCodes = {
  server: 0x0000,
  protocol: 0x000a,
  bad_credentials: 0x0100,
  unavailable: 0x1000,
  overloaded: 0x1001,
  bootstrapping: 0x1002,
  truncate: 0x1003,
  write_timeout: 0x1100,
  read_timeout: 0x1200,
  read_failure: 0x1300,
  function_failure: 0x1400,
  write_failure: 0x1500,
  cdc_write_failure: 0x1600,
  cas_write_unknown: 0x1700,
  syntax: 0x2000,
  unauthorized: 0x2100,
  invalid: 0x2200,
  config: 0x2300,
  already_exists: 0x2400,
  unprepared: 0x2500,
} as const;
export type ErrorKind = keyof typeof errorCodes;
