/** What a grant says of paths: where the user's home is, and what the rules allow there. */
import { covers, isAllowed, rights, type Right, type Rule } from '@skerry/domain-users';
import type { auth } from '@skerry/proto';

const toRights = (numbers: readonly auth.Right[]): readonly Right[] =>
  // The wire counts from 1; what this version does not know allows and denies nothing.
  numbers.flatMap((number) => rights[number - 1] ?? []);

export class Account {
  readonly grant: auth.Grant;
  readonly #rules: readonly Rule[];

  constructor(grant: auth.Grant) {
    this.grant = grant;
    this.#rules = grant.rules.map(({ path, allow, deny }) => ({ path, allow: toRights(allow), deny: toRights(deny) }));
  }

  /** @param userPath as the user sees it. Returns the path in the file tree. */
  treePath(userPath: string): string {
    const { home } = this.grant;
    if (home === '/' || home === '') return userPath;
    return userPath === '/' ? home : `${home}${userPath}`;
  }

  /** @param path in the file tree, as below. */
  allows(path: string, right: Right): boolean {
    return isAllowed(this.#rules, path, right);
  }
  rightsAt(path: string): readonly Right[] {
    return rights.filter((right) => this.allows(path, right));
  }

  /** Directories below `path` whose names the user may not see, nor what is below them. */
  hiddenBelow(path: string): readonly string[] {
    const denied = this.#rules.map((rule) => rule.path).filter((below) => below !== path && covers(path, below));
    return [...new Set(denied)].filter((below) => !this.allows(below, 'list'));
  }

  /**
   * Whether an entry may move. Rules belong to paths, so a move must not bring what is denied where it is allowed: not
   * the entry itself, and not what a rule denies somewhere below it.
   */
  allowsMove(from: string, to: string): boolean {
    if (!this.allows(from, 'rename') || !this.allows(to, 'rename')) return false;
    if (rights.some((right) => !this.allows(from, right) && this.allows(to, right))) return false;
    return !this.#rules.some((rule) => rule.path !== from && rule.deny.length > 0 && covers(from, rule.path));
  }
}
