/**
 * Passwords at rest: scrypt on a worker thread, in the PHC string form.
 *
 * Source: RFC 7914 (scrypt); PHC string format (https://github.com/P-H-C/phc-string-format); OWASP Password Storage.
 * Form: `$scrypt$ln=15,r=8,p=1$salt$key`, salt and key in base64 without padding.
 */
import { timingSafeEqual } from 'node:crypto';
import { StatusError, utf8, type RandomBytes } from '@skerry/kernel';
import type { WorkerPool } from '@skerry/runtime-workers';

export type PasswordParameters = {
  /** Binary logarithm of scrypt's cost N. */
  readonly costLog2: number;
  readonly blockSize: number;
  readonly parallelization: number;
};
/** 32 MiB and some 80 ms on one core: what a guess costs too. */
export const passwordParameters: PasswordParameters = { costLog2: 15, blockSize: 8, parallelization: 1 };

/** In bytes of UTF-8. Longer ones are refused, so that nobody makes us hash megabytes. */
export const passwordSizeMaxBytes = 1024;
/** Of an encoded password, in characters; ours have 96. */
export const encodedPasswordLengthMax = 256;

const saltSizeBytes = 16;
const keySizeBytes = 32;
/** What is accepted from an import: below it is no protection, above it a login would take memory for many others. */
const accepted = {
  costLog2: { min: 10, max: 17 },
  blockSize: { min: 1, max: 16 },
  parallelization: { min: 1, max: 4 },
  saltSizeBytes: { min: 8, max: 64 },
  keySizeBytes: { min: 16, max: 64 },
  memoryBytes: 128 * 1024 * 1024,
} as const;

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '');
const fromBase64 = (text: string): Uint8Array => Buffer.from(text, 'base64');

type Encoded = { readonly parameters: PasswordParameters; readonly salt: Uint8Array; readonly key: Uint8Array };

/**
 * An encoded password that no password opens, and that costs as much to verify as a real one: for a user who is not
 * there, so that the time of the answer does not tell.
 */
export const decoyHash = encode({
  parameters: passwordParameters,
  salt: new Uint8Array(saltSizeBytes),
  key: new Uint8Array(keySizeBytes),
});

/** @throws StatusError `malformed` when the password is empty or longer than {@link passwordSizeMaxBytes}. */
export async function hashPassword(
  workers: WorkerPool,
  random: RandomBytes,
  password: string,
  parameters = passwordParameters,
): Promise<string> {
  const bytes = passwordBytes(password);
  if (bytes === undefined) {
    const size = utf8(password).length;
    throw new StatusError(
      'malformed',
      `Cannot set password: must have 1 to ${passwordSizeMaxBytes} bytes: has ${size}`,
    );
  }
  const salt = random(saltSizeBytes);
  return encode({ parameters, salt, key: await derive(workers, bytes, parameters, salt, keySizeBytes) });
}

/** Constant time in the key. @throws StatusError `malformed` when `encoded` is none, or past what we accept. */
export async function verifyPassword(workers: WorkerPool, password: string, encoded: string): Promise<boolean> {
  const { parameters, salt, key } = decode(encoded);
  const bytes = passwordBytes(password);
  if (bytes === undefined) return false;
  const derived = await derive(workers, bytes, parameters, salt, key.length);
  return timingSafeEqual(derived, key) && encoded !== decoyHash;
}

/** Whether it was made with other parameters than we use now. @throws StatusError `malformed`. */
export function needsRehash(encoded: string): boolean {
  const { parameters, salt, key } = decode(encoded);
  return (
    parameters.costLog2 !== passwordParameters.costLog2 ||
    parameters.blockSize !== passwordParameters.blockSize ||
    parameters.parallelization !== passwordParameters.parallelization ||
    salt.length < saltSizeBytes ||
    key.length < keySizeBytes
  );
}

/** Whether it may be stored: for imports. */
export function isEncodedPassword(encoded: string): boolean {
  return parse(encoded) !== undefined;
}

// NFC: one keyboard sends é as one code point, another as two (RFC 8265 §4.2).
function passwordBytes(password: string): Uint8Array | undefined {
  if (password.length === 0 || password.length > passwordSizeMaxBytes) return undefined;
  const bytes = utf8(password.normalize('NFC'));
  return bytes.length <= passwordSizeMaxBytes ? bytes : undefined;
}

function derive(
  workers: WorkerPool,
  password: Uint8Array,
  { costLog2, blockSize, parallelization }: PasswordParameters,
  salt: Uint8Array,
  lengthBytes: number,
): Promise<Uint8Array> {
  return workers.run('scrypt', { password, salt, cost: 2 ** costLog2, blockSize, parallelization, lengthBytes });
}

function encode({ parameters, salt, key }: Encoded): string {
  const { costLog2, blockSize, parallelization } = parameters;
  return `$scrypt$ln=${costLog2},r=${blockSize},p=${parallelization}$${toBase64(salt)}$${toBase64(key)}`;
}

function decode(encoded: string): Encoded {
  const parsed = parse(encoded);
  if (parsed === undefined)
    throw new StatusError('malformed', 'Cannot read password hash: wanted $scrypt$ln=…,r=…,p=…$salt$key within limits');
  return parsed;
}

const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{1,88})\$([A-Za-z0-9+/]{1,88})$/;

function parse(encoded: string): Encoded | undefined {
  const match = encoded.length > encodedPasswordLengthMax ? null : form.exec(encoded);
  if (match === null) return undefined;
  const parameters = {
    costLog2: Number(match[1]),
    blockSize: Number(match[2]),
    parallelization: Number(match[3]),
  };
  const [salt, key] = [fromBase64(match[4] ?? ''), fromBase64(match[5] ?? '')];
  const inside = (value: number, { min, max }: { min: number; max: number }): boolean => value >= min && value <= max;
  const good =
    inside(parameters.costLog2, accepted.costLog2) &&
    inside(parameters.blockSize, accepted.blockSize) &&
    inside(parameters.parallelization, accepted.parallelization) &&
    128 * 2 ** parameters.costLog2 * parameters.blockSize <= accepted.memoryBytes &&
    inside(salt.length, accepted.saltSizeBytes) &&
    inside(key.length, accepted.keySizeBytes);
  return good ? { parameters, salt, key } : undefined;
}
