/** Arguments of several words, as SITE PASSWD, COMB and XCRC take them. */

/**
 * Words between blanks. One in quotes may hold blanks; a quote in it is doubled, as in the reply to PWD. Undefined: a
 * quote is not closed, or something stands right behind it.
 */
export function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  const pattern = / *(?:"((?:[^"]|"")*)"(?= |$)|([^" ][^ ]*)|$)/y;
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text);
    if (found === null) return undefined;
    const [, quoted, plain] = found;
    if (quoted !== undefined) words.push(quoted.replaceAll('""', '"'));
    else if (plain !== undefined) words.push(plain);
  }
  return words;
}

/** A number of bytes, digits only; undefined when it is none, or too large to be exact. */
export function byteCount(text: string): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
