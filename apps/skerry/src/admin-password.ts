/** The administrator's first password: given, or made by chance and shown once. */
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';

export type AdminPassword = { readonly text: string; readonly generated: boolean };

/** Undefined when `authFolder` shows that the users are there already: then nobody needs a first password. */
export async function chooseAdminPassword(
  given: string | undefined,
  authFolder: string,
): Promise<AdminPassword | undefined> {
  if (given !== undefined) return { text: given, generated: false };
  const names = await readdir(authFolder).catch((): string[] => []);
  if (names.includes('format.json')) return undefined;
  return { text: randomBytes(12).toString('base64url'), generated: true };
}
