/** Users, passwords' hashes and what they may do (F3 auth, F6, F14): pure. */
export * from './codec.ts';
export * from './command.ts';
export * from './document.ts';
export * from './failed-logins.ts';
export * from './group.ts';
export * from './group-state.ts';
export * from './machine.ts';
export * from './rules.ts';
export { tombstoneLifeMs } from './state.ts';
export * from './user.ts';
