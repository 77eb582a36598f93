/** The closed list of tasks, seen from the caller's thread: what is checked and copied before a worker gets it. */
import { StatusError } from '@skerry/kernel';
import type { WorkerTasks } from './types.ts';

/** Memory of one scrypt, in bytes (128 × cost × block size, RFC 7914 §2): parameters may come from an imported file. */
export const scryptMemoryMaxBytes = 256 * 1024 * 1024;

type Input = WorkerTasks[keyof WorkerTasks]['input'];
export type OwnInput = Omit<Input, 'password' | 'salt'> & {
  readonly password: Uint8Array<ArrayBuffer>;
  readonly salt: Uint8Array<ArrayBuffer>;
};

/**
 * The input with bytes of its own, which may be handed over (the caller's may be a piece of a larger buffer).
 * @throws StatusError `too_large` when the task would take more memory than one may.
 */
export function transferable(name: keyof WorkerTasks, input: Input): OwnInput {
  const memory = 128 * input.cost * input.blockSize;
  if (!(memory <= scryptMemoryMaxBytes))
    throw new StatusError('too_large', `Cannot run "${name}": takes ${memory} bytes, at most ${scryptMemoryMaxBytes}`);
  return { ...input, password: Uint8Array.from(input.password), salt: Uint8Array.from(input.salt) };
}
