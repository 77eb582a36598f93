/** Statements as logs and traces may show them: no passwords, not too long. */

/** Characters of a statement in the slow-query log and in a trace. */
export const shownTextMax = 2_000;
const password = /\b((?:hashed\s+)?password)(\s*=?\s*)(?:'(?:[^']|'')*'?|\$\$[\s\S]*?(?:\$\$|$))/gi;

/** Source: Cassandra's PasswordObfuscator, which hides all that follows the word. */
export function shownText(text: string): string {
  const hidden = text.replace(password, "$1$2'*******'");
  return hidden.length <= shownTextMax ? hidden : `${hidden.slice(0, shownTextMax)}…`;
}
