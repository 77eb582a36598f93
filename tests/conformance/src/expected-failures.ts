/**
 * Cases that our system does not pass yet. The list may only shrink: a case on it that passes fails the test, and so does
 * a case that is neither passed nor listed.
 */
export type ExpectedFailure = {
  /** "group: name". */
  readonly name: string;
  readonly outcome: 'fail' | 'skipped';
  readonly reason: string;
};

export const expectedFailures: readonly ExpectedFailure[] = [];
