import { describe, expect, it } from '@jest/globals';
import { rules } from './all.fixture.ts';

describe('single rules', () => {
  it.each(rules.map(({ bug, name, run }) => [bug, name, run] as const))('bug %s: %s', (_bug, _name, run) => {
    expect(run).not.toThrow();
  });
});
