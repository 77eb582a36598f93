/** What a token says: the text between quotes with doubled quotes made one, or the token as it is written. */
import * as K from './tokens.ts';

export const valueOfToken = (text: string, kind: number, start: number, end: number): string => {
  switch (kind) {
    case K.STRING_LITERAL:
      return text.charCodeAt(start) === 36 ? text.slice(start + 2, end - 2) : between(text, start, end, "'");
    case K.QUOTED_NAME:
      return between(text, start, end, '"');
    case K.EMPTY_QUOTED_NAME:
      return '';
    case K.EOF:
      return '<EOF>';
    default:
      return text.slice(start, end);
  }
};
const between = (text: string, start: number, end: number, mark: string): string => {
  const inner = text.slice(start + 1, end - 1);
  return inner.includes(mark) ? inner.replaceAll(mark + mark, mark) : inner;
};
