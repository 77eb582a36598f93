/** COPY: a table's rows to a CSV file and back. */
import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { Client, types } from './driver.ts';
import { CsvReader, csvLine, type CsvForm } from './csv.ts';
import { errorLine } from './errors.ts';
import type { Output } from './output.ts';
import { isQuoted, quote, valueText, type ColumnType } from './values.ts';

/** Rows that are written at once. */
const inFlightMax = 128;
/** Of a COPY that fails for row after row, errors that are shown. */
const errorsShownMax = 10;
const counterType = 0x0005;

type Column = { readonly name: string; readonly type: ColumnType };
type CopyOptions = CsvForm & {
  readonly header: boolean;
  readonly null: string;
  readonly pageSize: number;
  readonly maxRows: number;
  readonly skipRows: number;
};
type Parsed = {
  readonly table: string;
  readonly columns: readonly string[] | undefined;
  readonly direction: 'to' | 'from';
  /** Undefined: standard output, or input. */
  readonly file: string | undefined;
  readonly options: CopyOptions;
};

const name = String.raw`(?:"(?:[^"]|"")+"|\w+)`;
const shape = new RegExp(
  String.raw`^(${name}(?:\.${name})?)\s*(?:\(([^)]*)\))?\s+(to|from)\s+(?:'((?:[^']|'')*)'|(stdout|stdin))(?:\s+with\s+([\s\S]*))?$`,
  'i',
);
const optionShape = /^\s*(\w+)\s*=\s*(?:'((?:[^']|'')*)'|(\S+?))\s*(?:\band\b\s*|$)/i;

/** @throws Error in one line. */
export function parseCopy(text: string): Parsed {
  const found = shape.exec(text.trim());
  if (found === null)
    throw new Error(
      "Improper COPY command: COPY table [(columns)] TO|FROM 'file'|STDOUT|STDIN [WITH option='value' AND …]",
    );
  const [, table = '', columns, direction = '', file, standard = '', options = ''] = found;
  const to = direction.toLowerCase() === 'to';
  if (file === undefined && standard.toLowerCase() !== (to ? 'stdout' : 'stdin'))
    throw new Error(`Improper COPY command: ${direction.toUpperCase()} ${standard.toUpperCase()} goes the wrong way`);
  return {
    table,
    columns: columns?.split(',').map((each) => each.trim()),
    direction: to ? 'to' : 'from',
    file: file?.replaceAll("''", "'"),
    options: copyOptions(options),
  };
}
function copyOptions(text: string): CopyOptions {
  const given = new Map<string, string>();
  for (let rest = text.trim(); rest !== '';) {
    const found = optionShape.exec(rest);
    if (found === null) throw new Error(`Improper COPY command: cannot read its options from "${rest}"`);
    const [whole, key = '', quoted, bare = ''] = found;
    given.set(key.toUpperCase(), quoted?.replaceAll("''", "'") ?? bare);
    rest = rest.slice(whole.length);
  }
  const take = (key: string, fallback: string): string => {
    const value = given.get(key) ?? fallback;
    given.delete(key);
    return value;
  };
  const one = (key: string, fallback: string): string => {
    const value = take(key, fallback);
    const character = value === String.raw`\t` ? '\t' : value;
    if (character.length !== 1) throw new Error(`Invalid value for ${key}: must be one character: got "${value}"`);
    return character;
  };
  const count = (key: string, fallback: number): number => {
    const value = Number(take(key, String(fallback)));
    if (!Number.isSafeInteger(value)) throw new Error(`Invalid value for ${key}: must be a whole number`);
    return value;
  };
  const options = {
    header: take('HEADER', 'false').toLowerCase() === 'true',
    delimiter: one('DELIMITER', ','),
    quote: one('QUOTE', '"'),
    escape: one('ESCAPE', '\\'),
    null: take('NULL', ''),
    pageSize: count('PAGESIZE', 1000),
    maxRows: count('MAXROWS', -1),
    skipRows: count('SKIPROWS', 0),
  };
  const [unknown] = given.keys();
  if (unknown !== undefined) throw new Error(`Unrecognized COPY option ${unknown}: see HELP`);
  return options;
}

/** @throws Error in one line. @returns whether all rows went well. */
export async function copy(client: Client, text: string, output: Output): Promise<boolean> {
  const parsed = parseCopy(text);
  const startedMs = performance.now();
  const columns = await columnsOf(client, parsed);
  if (parsed.file !== undefined)
    output.line(`\nStarting copy of ${parsed.table} with columns [${columns.map((each) => each.name).join(', ')}].`);
  const outcome = await (parsed.direction === 'to'
    ? copyTo(client, parsed, columns)
    : copyFrom(client, parsed, columns, output));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(3);
  const done = parsed.direction === 'to' ? 'exported to' : 'imported from';
  if (parsed.file !== undefined || parsed.direction === 'from')
    output.line(
      `${outcome.rows} rows ${done} 1 files in ${seconds} seconds${outcome.failed > 0 ? ` (${outcome.failed} failed)` : ''}.`,
    );
  return outcome.failed === 0;
}
type Outcome = { readonly rows: number; readonly failed: number };

async function columnsOf(client: Client, { table, columns }: Parsed): Promise<readonly Column[]> {
  const { columns: found } = await client.execute(`SELECT ${columns?.join(', ') ?? '*'} FROM ${table} LIMIT 1`);
  return (found ?? []).map((each) => ({ name: quotedName(each.name), type: each.type as unknown as ColumnType }));
}
const quotedName = (plain: string): string =>
  /^[a-z][a-z0-9_]*$/.test(plain) ? plain : `"${plain.replaceAll('"', '""')}"`;

async function copyTo(client: Client, { table, file, options }: Parsed, columns: readonly Column[]): Promise<Outcome> {
  const target = file === undefined ? process.stdout : createWriteStream(file);
  if (file !== undefined) await once(target, 'open');
  const write = async (line: string): Promise<void> => {
    if (!target.write(line)) await once(target, 'drain');
  };
  let rows = 0;
  try {
    if (options.header)
      await write(
        csvLine(
          columns.map((each) => each.name),
          options,
        ),
      );
    let pageState: string | undefined;
    do {
      const page: types.ResultSet = await client.execute(
        `SELECT ${columns.map((each) => each.name).join(', ')} FROM ${table}`,
        [],
        { fetchSize: options.pageSize, ...(pageState === undefined ? {} : { pageState }) },
      );
      for (const row of page.rows) {
        if (rows === options.maxRows) break;
        const values = row.values() as unknown[];
        const cells = columns.map(({ type }, i) =>
          values[i] === null || values[i] === undefined ? options.null : valueText(values[i], type, true),
        );
        await write(csvLine(cells, options));
        rows += 1;
      }
      pageState = page.pageState ?? undefined;
    } while (pageState !== undefined && rows !== options.maxRows);
  } finally {
    if (file !== undefined) {
      target.end();
      await once(target, 'close');
    }
  }
  return { rows, failed: 0 };
}

async function copyFrom(
  client: Client,
  { table, file, options }: Parsed,
  columns: readonly Column[],
  output: Output,
): Promise<Outcome> {
  const source = file === undefined ? process.stdin : createReadStream(file);
  source.setEncoding('utf8');
  const reader = new CsvReader(options);
  const keys = await keysOf(client, table);
  let [records, rows, failed] = [0, 0, 0];
  const underWay = new Set<Promise<void>>();
  const take = async (cells: readonly string[]): Promise<void> => {
    records += 1;
    if (records <= options.skipRows + (options.header ? 1 : 0) || rows === options.maxRows) return;
    const at = records;
    const fail = (thrown: unknown): void => {
      failed += 1;
      rows -= 1;
      if (failed <= errorsShownMax) output.error(`record ${at}: ${errorLine(thrown)}`);
    };
    rows += 1;
    const statement = statementOf(table, columns, keys, cells, options.null);
    if (statement instanceof Error) return fail(statement);
    const run: Promise<void> = client
      .execute(statement)
      .then(() => undefined, fail)
      .finally(() => underWay.delete(run));
    underWay.add(run);
    if (underWay.size >= inFlightMax) await Promise.race(underWay);
  };
  for await (const piece of source) for (const cells of reader.push(String(piece))) await take(cells);
  for (const cells of reader.end()) await take(cells);
  await Promise.all(underWay);
  return { rows, failed };
}

/** Names of the primary key's columns, for tables of counters. */
async function keysOf(client: Client, table: string): Promise<ReadonlySet<string>> {
  const parts = (table.match(new RegExp(name, 'g')) ?? []).map((each) =>
    each.startsWith('"') ? each.slice(1, -1).replaceAll('""', '"') : each.toLowerCase(),
  );
  const [keyspace, own] = parts.length === 2 ? parts : [client.keyspace, parts[0]];
  const { rows } = await client.execute(
    'SELECT column_name, kind FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?',
    [keyspace, own],
    { prepare: true },
  );
  return new Set(
    rows
      .filter((row) => ['partition_key', 'clustering'].includes(String(row.get('kind'))))
      .map((row) => quotedName(String(row.get('column_name')))),
  );
}

/** A value stands in the statement as a literal: CSV has what CQL has, but for the quotes. */
function statementOf(
  table: string,
  columns: readonly Column[],
  keys: ReadonlySet<string>,
  cells: readonly string[],
  nullText: string,
): string | Error {
  if (cells.length !== columns.length)
    return new Error(`Invalid row length ${cells.length} should be ${columns.length}`);
  const given: (Column & { readonly literal: string })[] = [];
  for (const [i, column] of columns.entries()) {
    const text = cells[i] ?? '';
    if (text === nullText) continue;
    if (!isQuoted(column.type) && !isLiteral(text))
      return new Error(`Failed to parse ${text} for column ${column.name}: must be a literal of its type`);
    given.push({ ...column, literal: isQuoted(column.type) ? quote(text) : text });
  }
  if (columns.some(({ type }) => type.code === counterType)) {
    const changes = given
      .filter((each) => !keys.has(each.name))
      .map((each) => `${each.name} = ${each.name} + ${each.literal}`);
    const where = given.filter((each) => keys.has(each.name)).map((each) => `${each.name} = ${each.literal}`);
    return `UPDATE ${table} SET ${changes.join(', ')} WHERE ${where.join(' AND ')}`;
  }
  return `INSERT INTO ${table} (${given.map((each) => each.name).join(', ')}) VALUES (${given.map((each) => each.literal).join(', ')})`;
}

/** One literal and nothing behind it, so that a file can only give values: a word, or something between brackets. */
export function isLiteral(text: string): boolean {
  if (/^[\w.+:-]+$/.test(text) && !text.includes('--')) return true;
  const closing: string[] = [];
  for (let i = 0; i < text.length; i++) {
    const each = text[i] ?? '';
    const pair = { '[': ']', '{': '}', '(': ')' }[each];
    if (pair !== undefined) closing.push(pair);
    else if (closing.length === 0) return false;
    else if (each === "'" || each === '"') {
      i = text.indexOf(each, i + 1);
      if (i < 0) return false;
    } else if (']})'.includes(each)) {
      if (closing.pop() !== each) return false;
      if (closing.length === 0) return i === text.length - 1;
    } else if (!/[\w\s.+:,-]/.test(each) || text.startsWith('--', i)) return false;
  }
  return false;
}
