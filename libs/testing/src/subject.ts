import { expect } from '@jest/globals';
import { StatusError, type Reason } from '@skerry/kernel';

/** Something that a contract suite tests, made anew for each test. */
export type Subject<T> = {
  readonly subject: T;
  /** Runs a test's body; a simulated world moves its time meanwhile. Absent: the body is awaited as it is. */
  readonly run?: (body: () => Promise<void>) => Promise<void>;
  readonly close?: () => Promise<void>;
};
export type MakeSubject<T> = () => Subject<T> | Promise<Subject<T>>;

/** A test body for jest that makes a subject, runs `body` with it, and closes it. */
export const withSubject =
  <T>(make: MakeSubject<T>, body: (subject: T) => Promise<void>) =>
  async (): Promise<void> => {
    const { subject, run = (start) => start(), close } = await make();
    try {
      await run(() => body(subject));
    } finally {
      await close?.();
    }
  };

/** Expects that the promise rejects with a StatusError of this reason. */
export async function expectReason(promise: Promise<unknown>, reason: Reason): Promise<void> {
  expect(await reasonOf(promise)).toBe(reason);
}

/** Reason of the StatusError that the promise rejects with; `resolved` when it does not; any other error is thrown on. */
export async function reasonOf(promise: Promise<unknown>): Promise<Reason | 'resolved'> {
  try {
    await promise;
    return 'resolved';
  } catch (thrown) {
    if (thrown instanceof StatusError) return thrown.reason;
    throw thrown;
  }
}
