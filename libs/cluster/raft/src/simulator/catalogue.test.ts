import { describe, expect, it } from '@jest/globals';
import { bugCountMax, elsewhere, shownBy } from './catalogue.fixture.ts';

describe('the catalogue of known bugs', () => {
  const numbers = Array.from({ length: bugCountMax }, (_, n) => n + 1);
  it.each(numbers)('bug %i is shown not to be here, or cannot be here', (bug) => {
    expect(shownBy(bug).length > 0 || elsewhere.has(bug)).toBe(true);
  });
});
