/**
 * Access control on paths (F14).
 *
 * Assumes: paths are absolute in the file tree and normalised: `/`, or `/a/b` without a trailing slash, `.` or `..`.
 */

/** What a rule may allow or deny; the order is that of `skerry.auth.v1.Right`, without its zero. */
export const rights = ['list', 'read', 'write', 'delete', 'make', 'rename'] as const;
export type Right = (typeof rights)[number];

export type Rule = {
  /** Covers this entry and everything below it. */
  readonly path: string;
  readonly allow: readonly Right[];
  readonly deny: readonly Right[];
};

/** By whole names: `/a` covers `/a` and `/a/b`, not `/ab`. */
export function covers(rulePath: string, path: string): boolean {
  if (rulePath === '/') return true;
  return path.startsWith(rulePath) && (path.length === rulePath.length || path.charCodeAt(rulePath.length) === 0x2f);
}

/**
 * Of the rules that cover `path` and name `right`, the one with the longest path decides; of equally long ones, deny
 * wins. Without such a rule: allowed.
 */
export function isAllowed(rules: readonly Rule[], path: string, right: Right): boolean {
  let longest = -1;
  let allowed = true;
  for (const rule of rules) {
    if (rule.path.length < longest || !covers(rule.path, path)) continue;
    const denies = rule.deny.includes(right);
    if (!denies && !rule.allow.includes(right)) continue;
    allowed = !denies && (allowed || rule.path.length > longest);
    longest = rule.path.length;
  }
  return allowed;
}
