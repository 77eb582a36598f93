/** Secrets as a system meets them in a day, and how they would look in a log. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { expect } from '@jest/globals';
import { Client, FTPError } from 'basic-ftp';
import { adminPassword, skerry, type System } from './system.ts';

export const passwords = {
  ada: 'Xyzzy-ada-first-9041',
  adaLater: 'Xyzzy-ada-later-5527',
  wrong: 'Xyzzy-wrong-guess-7313',
  early: 'Xyzzy-before-user-1182',
  odd: 'Xyzzy odd  spaces 6650',
};
/** Also when whoever wrote it took its spaces together. */
export const oddPasswordEnd = 'spaces 6650';

/** User commands, failed and good logins, transfers. */
export async function useWithPasswords(system: System): Promise<void> {
  const user = async (args: readonly string[], password: string): Promise<void> => {
    const command = ['user', ...args, '--password-stdin', '--data', system.data];
    expect(await skerry(command, { input: `${password}\n` })).toMatchObject({ code: 0, stderr: '' });
  };
  await user(['add', 'ada'], passwords.ada);
  await user(['passwd', 'ada'], passwords.adaLater);
  const client = new Client(10_000);
  try {
    await client.connect(system.ftp.host, system.ftp.port);
    for (const line of [
      `PASS ${passwords.early}`,
      'USER ada',
      `PASS ${passwords.wrong}`,
      'USER ada',
      `pass  ${passwords.odd}`,
      'USER ada',
      `PASS\t${passwords.wrong}`,
    ])
      await client.send(line).catch((error: unknown) => expect(error).toBeInstanceOf(FTPError));
  } finally {
    client.close();
  }
  for (const [name, password] of [
    ['ada', passwords.adaLater],
    ['admin', adminPassword],
  ] as const) {
    const session = new Client(10_000);
    try {
      await session.access({
        ...system.ftp,
        user: name,
        password,
        secure: true,
        secureOptions: { rejectUnauthorized: false },
      });
      await session.uploadFrom(Readable.from([Buffer.alloc(300_000, name)]), `${name}.bin`);
      await session.downloadTo(new Writable({ write: (_chunk, _encoding, done) => done() }), `${name}.bin`);
      await session.list();
      expect(await skerry(['sessions', 'list', '--data', system.data, '--json'])).toMatchObject({ code: 0 });
      await session.remove(`${name}.bin`);
    } finally {
      session.close();
    }
  }
}
/** How bytes could stand in a text: hexadecimal, decimal, base64 and base64url. Of a part, to be found in any whole. */
export const spellings = (bytes: Uint8Array): string[] => {
  const buffer = Buffer.from(bytes);
  // The middle, whatever stands before it: base64 has three alignments.
  const middles = [0, 1, 2].map((skip) =>
    buffer
      .subarray(skip, skip + 24)
      .toString('base64')
      .slice(0, 30),
  );
  const [hex, numbers] = [buffer.toString('hex').slice(0, 40), [...buffer.subarray(0, 12)].join(',')];
  return [
    hex,
    hex.toUpperCase(),
    numbers,
    ...middles,
    ...middles.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
};
export const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true })
    .map((name) => join(directory, String(name)))
    .filter((path) => statSync(path).isFile());
