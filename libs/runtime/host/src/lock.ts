/**
 * One process for one folder: a lock that the kernel lets go when its holder dies, however it dies.
 *
 * An abstract Unix socket is bound under a name made from the folder's own secret (unix(7), "Abstract"). Nothing stale
 * stays behind, as a file with a process id would, whose holder's id may be another's by now.
 * Assumes: Linux, and that all who open the folder are in one network namespace (one machine, or one container).
 */
import { createHash, randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { StatusError } from '@skerry/kernel';

export type Lock = { release(): Promise<void> };

const lockFileName = 'lock';
const secretSizeBytes = 16;

/** @throws StatusError `fenced` when another process, or another part of this one, has the folder open. */
export async function lockFolder(folder: string): Promise<Lock> {
  const secret = await readSecret(join(folder, lockFileName));
  const server = await bind(`\0skerry/${createHash('sha256').update(secret).digest('hex')}`, folder);
  return {
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

// A secret, so that nobody else on the machine can take the name first and keep us out.
async function readSecret(path: string): Promise<string> {
  for (;;) {
    try {
      const secret = await readFile(path, 'utf8');
      if (secret.length >= 2 * secretSizeBytes) return secret;
      throw new StatusError(
        'corrupt',
        `Cannot lock "${path}": the file is cut; remove it when no process uses the folder`,
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await makeSecret(path);
  }
}

/** Makes the file whole, or leaves the one that another process made meanwhile: link(2) never replaces. */
async function makeSecret(path: string): Promise<void> {
  const made = `${path}.${randomBytes(6).toString('hex')}.new`;
  const secret = `${randomBytes(secretSizeBytes).toString('hex')}\n`;
  // On disk before its name is: a power cut must not leave an empty lock, which nobody could take.
  await writeFile(made, secret, { mode: 0o600, flag: 'wx', flush: true });
  try {
    await link(made, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(made);
  }
}

function bind(name: string, folder: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    // Whoever connects is cut: the socket is a lock, not a door.
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const held = cause.code === 'EADDRINUSE';
      const why = held ? 'another process has it open' : cause.message;
      reject(
        new StatusError(held ? 'fenced' : 'disk_failed', `Cannot open data folder "${folder}": ${why}`, { cause }),
      );
    });
    server.listen(name, () => resolve(server));
  });
}
