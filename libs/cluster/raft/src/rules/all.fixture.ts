/** All single rules. */
import type { Rule } from './bench.fixture.ts';
import { electionsRules } from './elections.fixture.ts';
import { logRules } from './log.fixture.ts';
import { snapshotsRules } from './snapshots.fixture.ts';
import { membershipRules } from './membership.fixture.ts';
import { limitsRules } from './limits.fixture.ts';
import { readRules } from './reads.fixture.ts';

export const rules: readonly Rule[] = [
  ...electionsRules,
  ...logRules,
  ...snapshotsRules,
  ...membershipRules,
  ...limitsRules,
  ...readRules,
];
