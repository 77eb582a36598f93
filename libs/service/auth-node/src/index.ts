/** Role auth: users, passwords, grants (F3, F6, F14, F15). */
export { start } from './load.ts';
export type { AuthService } from './serve.ts';
export { settings, type AuthConfig } from './settings.ts';
export { firstAdminName } from './first-admin.ts';
