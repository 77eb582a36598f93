/** FTP without a socket: framer, parser, replies, paths, listings and the session machine. */
export * from './address.ts';
export * from './ascii.ts';
export * from './calendar.ts';
export * from './command.ts';
export * from './failure-replies.ts';
export * from './framer.ts';
export * from './glob.ts';
export * from './listing.ts';
export * from './path.ts';
export * from './reply.ts';
export * from './transfer-replies.ts';
export { freshSession, type Connection } from './session/fresh.ts';
export { loginFailuresMax } from './session/login-commands.ts';
export { statEntryCountMax } from './session/look-commands.ts';
export { SessionMachine } from './session/machine.ts';
export { commands, knownButAbsent } from './session/table.ts';
export type { CommandRow, CommandRows } from './session/turn.ts';
export type * from './session/types.ts';
