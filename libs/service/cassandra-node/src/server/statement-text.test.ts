import { expect, test } from '@jest/globals';
import { shownText, shownTextMax } from './statement-text.ts';

test.each([
  [
    "CREATE ROLE a WITH PASSWORD = 'hunter''2' AND LOGIN = true",
    "CREATE ROLE a WITH PASSWORD = '*******' AND LOGIN = true",
  ],
  ["ALTER ROLE a WITH password='x'", "ALTER ROLE a WITH password='*******'"],
  ["CREATE USER a WITH PASSWORD 'x' SUPERUSER", "CREATE USER a WITH PASSWORD '*******' SUPERUSER"],
  ["CREATE ROLE a WITH HASHED PASSWORD = '$2a$10$x'", "CREATE ROLE a WITH HASHED PASSWORD = '*******'"],
  ['CREATE ROLE a WITH PASSWORD = $$it$$', "CREATE ROLE a WITH PASSWORD = '*******'"],
  ["CREATE ROLE a WITH PASSWORD = 'never closed", "CREATE ROLE a WITH PASSWORD = '*******'"],
  ['SELECT password FROM users', 'SELECT password FROM users'],
])('%s', (text, shown) => expect(shownText(text)).toBe(shown));
test('a long one is cut', () => expect(shownText('x'.repeat(shownTextMax + 1))).toBe(`${'x'.repeat(shownTextMax)}…`));
