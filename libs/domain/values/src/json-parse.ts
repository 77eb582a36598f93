/** JSON whose numbers keep their digits. Source: RFC 8259. `JSON.parse` would round a bigint and let nesting exhaust the stack. */
import { fail, ok, type Result } from '@skerry/kernel';

/** A number as it was written. */
export type JsonNumber = { readonly number: string };
export type Json = null | boolean | string | JsonNumber | readonly Json[] | ReadonlyMap<string, Json>;

/** Levels of lists and maps in a text of JSON. */
export const jsonDepthMax = 64;

/** The error says where. */
export function parseJson(text: string): Result<Json, string> {
  const reader = new Reader(text);
  try {
    const value = reader.value(jsonDepthMax);
    reader.end();
    return ok(value);
  } catch (thrown) {
    if (thrown instanceof JsonFault) return fail(thrown.message);
    throw thrown;
  }
}

class JsonFault extends Error {}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

class Reader {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }
  #fault(): never {
    if (this.#at >= this.#text.length) throw new JsonFault('Unexpected end-of-input');
    throw new JsonFault(`Unexpected character ('${this.#text.charAt(this.#at)}') at position ${this.#at}`);
  }
  #next(): string {
    while (' \t\n\r'.includes(this.#text.charAt(this.#at)) && this.#at < this.#text.length) this.#at++;
    return this.#text.charAt(this.#at);
  }
  end(): void {
    if (this.#next() !== '') this.#fault();
  }
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) this.#fault();
    this.#at += found.length;
    return found;
  }
  #string(): string {
    const from = this.#at;
    if (this.#text.charAt(from) !== '"') this.#fault();
    let end = from + 1;
    while (end < this.#text.length && this.#text.charAt(end) !== '"') end += this.#text.charAt(end) === '\\' ? 2 : 1;
    this.#at = end;
    if (end >= this.#text.length) this.#fault();
    this.#at = end + 1;
    const written = this.#text.slice(from, end + 1);
    try {
      return String(JSON.parse(written));
    } catch (thrown) {
      throw new JsonFault(`Illegal string ${written}`, { cause: thrown });
    }
  }
  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#fault();
    this.#at += word.length;
    return value;
  }
  value(depth: number): Json {
    if (depth === 0) throw new JsonFault(`Nested more than ${jsonDepthMax} levels deep`);
    switch (this.#next()) {
      case '"':
        return this.#string();
      case '[':
        return this.#list(depth);
      case '{':
        return this.#map(depth);
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return { number: this.#match(numberPattern) };
    }
  }
  #list(depth: number): Json {
    const list: Json[] = [];
    this.#at++;
    if (this.#next() !== ']') {
      list.push(this.value(depth - 1));
      while (this.#next() === ',') {
        this.#at++;
        list.push(this.value(depth - 1));
      }
      if (this.#next() !== ']') this.#fault();
    }
    this.#at++;
    return list;
  }
  #map(depth: number): Json {
    const map = new Map<string, Json>();
    this.#at++;
    if (this.#next() !== '}') {
      this.#entry(map, depth);
      while (this.#next() === ',') {
        this.#at++;
        this.#next();
        this.#entry(map, depth);
      }
      if (this.#next() !== '}') this.#fault();
    }
    this.#at++;
    return map;
  }
  #entry(map: Map<string, Json>, depth: number): void {
    if (this.#next() !== '"') this.#fault();
    const key = this.#string();
    if (this.#next() !== ':') this.#fault();
    this.#at++;
    map.set(key, this.value(depth - 1));
  }
}

export const isJsonList = (json: Json): json is readonly Json[] => Array.isArray(json);
export const isJsonMap = (json: Json): json is ReadonlyMap<string, Json> => json instanceof Map;

/** The Java class that Cassandra's messages name. */
export function javaClass(json: Json): string {
  if (json === null) return 'null';
  if (typeof json === 'boolean') return 'Boolean';
  if (typeof json === 'string') return 'String';
  if (isJsonList(json)) return 'ArrayList';
  if (isJsonMap(json)) return 'LinkedHashMap';
  if (/[.eE]/.test(json.number)) return 'Double';
  const value = BigInt(json.number);
  if (BigInt.asIntN(32, value) === value) return 'Integer';
  return BigInt.asIntN(64, value) === value ? 'Long' : 'BigInteger';
}
/** As Java's toString. */
export function javaString(json: Json): string {
  if (json === null || typeof json === 'boolean') return String(json);
  if (typeof json === 'string') return json;
  if (isJsonList(json)) return `[${json.map(javaString).join(', ')}]`;
  if (isJsonMap(json)) return `{${Array.from(json, ([key, value]) => `${key}=${javaString(value)}`).join(', ')}}`;
  return json.number;
}

/** Names of columns and fields: folded to lower case unless they are quoted inside the string. */
export function foldedKeys(map: ReadonlyMap<string, Json>): ReadonlyMap<string, Json> {
  const folded = new Map<string, Json>();
  for (const [key, value] of map) {
    const quoted = key.length > 1 && key.startsWith('"') && key.endsWith('"');
    folded.set(quoted ? key.slice(1, -1) : key.toLowerCase(), value);
  }
  return folded;
}
