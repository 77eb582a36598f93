/** What a person or a script says to the prompt, one statement or command after the other. */
import { readFile } from 'node:fs/promises';
import { splitStatements } from '@skerry/protocol-cql';
import { types, type Client } from './driver.ts';
import { copy } from './copy.ts';
import { errorLine } from './errors.ts';
import type { Output } from './output.ts';
import { expandedText, tableText } from './render.ts';
import { helpText, shellCommand, type ShellCommand } from './shell-words.ts';
import { valueText, type ColumnType } from './values.ts';

const { consistencies } = types;
const levels = Object.entries(consistencies).flatMap(([camel, code]) =>
  typeof code === 'number' ? [[snake(camel), code] as const] : [],
);
/** Rows fetched at once, as cqlsh does. */
export const pageRowsDefault = 100;
/** Files that SOURCE each other, one in the other. */
export const sourceDepthMax = 16;

export type SessionOptions = {
  readonly client: Client;
  readonly output: Output;
  readonly version: string;
  /** For SHOW HOST. */
  readonly address: string;
};

export class Session {
  readonly #options: SessionOptions;
  #consistency: number = consistencies.one;
  #serial: number = consistencies.serial;
  #expand = false;
  #pageRows: number | undefined = pageRowsDefault;
  #tracing = false;
  #depth = 0;
  /** Something went wrong. */
  failed = false;
  /** EXIT was said. */
  over = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }
  get keyspace(): string | undefined {
    return this.#options.client.keyspace || undefined;
  }

  /** A whole script. @param name for its errors. */
  async script(text: string, name: string): Promise<void> {
    // A command of the prompt takes one line and needs no semicolon; each begins where no statement is open.
    let open = '';
    let [openedAt, at] = [1, 0];
    for (const line of text.split('\n')) {
      at += 1;
      if (this.over) return;
      if (open.trim() === '') {
        openedAt = at;
        const command = shellCommand(line);
        if (command !== undefined) {
          await this.#guard(`${name}:${at}:`, () => this.#command(command));
          continue;
        }
      }
      open += `${line}\n`;
      if (line.includes(';')) open = await this.#statements(open, `${name}:${openedAt}:`);
    }
    // What is left of a script is a statement, also without a semicolon.
    if (open.trim() !== '') await this.#statements(`${open.trimEnd()}\n;`, `${name}:${openedAt}:`);
  }
  /** What has come so far at a prompt. @returns what is not whole yet. */
  async input(text: string): Promise<string> {
    if (text.trim() === '') return '';
    const command = shellCommand(text);
    if (command === undefined) return this.#statements(text, '');
    await this.#guard('', () => this.#command(command));
    return '';
  }
  async #statements(text: string, where: string): Promise<string> {
    const { statements, rest } = splitStatements(text);
    for (const { text: statement } of statements) {
      if (this.over) return '';
      const command = shellCommand(statement);
      await this.#guard(where, () => (command === undefined ? this.#execute(statement) : this.#command(command)));
    }
    // Behind a statement, a command of the prompt still takes the rest of its line.
    const command = shellCommand(rest);
    if (command === undefined) return rest.trim() === '' ? '' : rest;
    await this.#guard(where, () => this.#command(command));
    return '';
  }
  async #guard(where: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.failed = true;
      this.#options.output.error(`${where}${errorLine(thrown)}`);
    }
  }

  async #execute(statement: string): Promise<void> {
    const { client, output } = this.#options;
    const isDescribe = /^\s*desc(ribe)?\s/i.test(statement);
    const options = {
      consistency: this.#consistency,
      serialConsistency: this.#serial,
      traceQuery: this.#tracing,
      ...(this.#pageRows === undefined || isDescribe ? { fetchSize: 2 ** 31 - 1 } : { fetchSize: this.#pageRows }),
    };
    let result = await client.execute(statement, [], options);
    const { traceId } = result.info;
    if (isDescribe) describe(result, output);
    else if (result.columns !== null && result.columns !== undefined) {
      let shown = 0;
      for (;;) {
        this.#show(result, shown);
        shown += result.rows.length;
        if (result.pageState === null || result.pageState === undefined || !(await output.more())) break;
        result = await client.execute(statement, [], { ...options, pageState: result.pageState });
      }
      output.line(`(${shown} rows)`);
    }
    const warnings = result.info.warnings ?? [];
    if (warnings.length > 0) output.line(`\nWarnings :\n${warnings.join('\n\n')}\n`);
    if (traceId !== null && traceId !== undefined) await this.#showTrace(traceId);
  }
  #show({ columns, rows }: types.ResultSet, shown: number): void {
    const names = columns.map(({ name }) => name);
    const cells = rows.map((row) => {
      const values = row.values() as unknown[];
      return columns.map(({ type }, i) => valueText(values[i], type as unknown as ColumnType));
    });
    const isExpanded = this.#expand && rows.length > 0;
    this.#options.output.line(isExpanded ? expandedText(names, cells, shown + 1) : tableText(names, cells));
  }
  async #showTrace(id: types.Uuid): Promise<void> {
    const { client, output } = this.#options;
    // The driver's getTrace waits for the session's row; without a callback it gives a promise, which its types do not tell.
    const getTrace = client.metadata.getTrace.bind(client.metadata) as unknown as (id: types.Uuid) => Promise<Trace>;
    const { events, startedAt, coordinator, duration, requestType } = await getTrace(id);
    const source = String(coordinator);
    const micros = (date: Date): string => `${date.toISOString().replace('T', ' ').replace('Z', '')}000`;
    const rows = [
      [requestType, micros(startedAt), source, '0'],
      ...events.map((each) => [each.activity, micros(each.id.getDate()), String(each.source), String(each.elapsed)]),
      ['Request complete', micros(new Date(startedAt.getTime() + duration / 1000)), source, String(duration)],
    ];
    output.line(`\nTracing session: ${id.toString()}`);
    output.line(tableText(['activity', 'timestamp', 'source', 'source_elapsed'], rows));
  }

  async #command({ word, rest }: ShellCommand): Promise<void> {
    const { output, client, version, address } = this.#options;
    switch (word) {
      case 'help':
      case '?':
        return output.line(helpText);
      case 'exit':
      case 'quit':
        this.over = true;
        return;
      case 'consistency':
        if (rest !== '') this.#consistency = level(rest);
        return output.line(
          `${rest === '' ? 'Current consistency level is' : 'Consistency level set to'} ${levelName(this.#consistency)}.`,
        );
      case 'serial': {
        const wanted = /^consistency(?:\s+(\w+))?$/i.exec(rest);
        if (wanted === null)
          throw new Error('Improper SERIAL CONSISTENCY command: SERIAL CONSISTENCY [SERIAL|LOCAL_SERIAL]');
        const [, name] = wanted;
        if (name !== undefined && !/^(local_)?serial$/i.test(name))
          throw new Error(`Serial consistency level must be SERIAL or LOCAL_SERIAL: got "${name}"`);
        if (name !== undefined) this.#serial = level(name);
        return output.line(
          `${name === undefined ? 'Current serial consistency level is' : 'Serial consistency level set to'} ${levelName(this.#serial)}.`,
        );
      }
      case 'expand':
        this.#expand = this.#switch('Expanded output', rest, this.#expand);
        return;
      case 'tracing':
        this.#tracing = this.#switch('Tracing', rest, this.#tracing);
        return;
      case 'paging':
        return this.#paging(rest);
      case 'source':
        return this.#source(rest);
      case 'copy':
        if (!(await copy(client, rest, output))) this.failed = true;
        return;
      case 'show': {
        const { rows } = await client.execute(
          'SELECT cluster_name, release_version, cql_version, native_protocol_version FROM system.local',
        );
        const [row] = rows;
        if (/^host$/i.test(rest)) return output.line(`Connected to ${String(row?.get('cluster_name'))} at ${address}`);
        if (!/^version$/i.test(rest)) throw new Error('Improper SHOW command: SHOW VERSION or SHOW HOST');
        return output.line(
          `[skerry cqlsh ${version} | Cassandra ${String(row?.get('release_version'))} | CQL spec ${String(row?.get('cql_version'))} | Native protocol v${String(row?.get('native_protocol_version'))}]`,
        );
      }
      case 'clear':
      case 'cls':
        return output.line('\u001B[2J\u001B[H');
    }
  }
  #switch(what: string, rest: string, before: boolean): boolean {
    if (rest !== '' && !/^(on|off)$/i.test(rest))
      throw new Error(`Improper command: ${what} is ON or OFF: got "${rest}"`);
    const now = rest === '' ? before : /^on$/i.test(rest);
    this.#options.output.line(`${what} is ${rest === '' ? 'currently' : 'now'} ${now ? 'enabled' : 'disabled'}.`);
    return now;
  }
  #paging(rest: string): void {
    const { output } = this.#options;
    if (/^[1-9]\d{0,8}$/.test(rest)) {
      this.#pageRows = Number(rest);
      return output.line(`Page size: ${rest}`);
    }
    const isOn = this.#switch('Query paging', rest, this.#pageRows !== undefined);
    this.#pageRows = isOn ? (this.#pageRows ?? pageRowsDefault) : undefined;
    if (this.#pageRows !== undefined) output.line(`Page size: ${this.#pageRows}`);
  }
  async #source(rest: string): Promise<void> {
    const file = /^'((?:[^']|'')+)'$/.exec(rest)?.[1]?.replaceAll("''", "'");
    if (file === undefined) throw new Error("Improper SOURCE command: SOURCE 'file'");
    if (this.#depth >= sourceDepthMax)
      throw new Error(`Could not open '${file}': ${sourceDepthMax} files are open, one in the other`);
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (cause) {
      throw new Error(`Could not open '${file}': ${(cause as Error).message}`, { cause });
    }
    this.#depth += 1;
    await this.script(text, file).finally(() => (this.#depth -= 1));
  }
}

type Trace = {
  readonly requestType: string;
  readonly coordinator: types.InetAddress;
  readonly startedAt: Date;
  readonly duration: number;
  readonly events: readonly {
    readonly id: types.TimeUuid;
    readonly activity: string;
    readonly source: types.InetAddress;
    readonly elapsed: number;
  }[];
};

function level(text: string): number {
  const found = levels.find(([name]) => name === text.toUpperCase());
  if (found === undefined)
    throw new Error(
      `Improper CONSISTENCY command: must be one of ${levels.map(([name]) => name).join(', ')}: got "${text}"`,
    );
  return found[1];
}
function snake(camel: string): string {
  return camel.replace(/[A-Z]/g, (each) => `_${each}`).toUpperCase();
}
const levelName = (code: number): string => levels.find(([, each]) => each === code)?.[0] ?? String(code);

/** Statements as they are; names in lines. */
function describe({ columns, rows }: types.ResultSet, output: Output): void {
  const names = columns.map(({ name }) => name);
  if (names.includes('create_statement')) {
    for (const row of rows) output.line(`\n${String(row.get('create_statement'))}`);
    return output.line('');
  }
  if (names.includes('cluster')) {
    const [row] = rows;
    const fields = [
      ['Cluster', 'cluster'],
      ['Partitioner', 'partitioner'],
      ['Snitch', 'snitch'],
    ].filter(([, column = '']) => names.includes(column));
    return output.line(
      `\n${fields.map(([label, column = '']) => `${label}: ${String(row?.get(column))}`).join('\n')}\n`,
    );
  }
  const byKeyspace = new Map<string, string[]>();
  for (const row of rows) {
    const keyspace = String(row.get('keyspace_name'));
    const own = byKeyspace.get(keyspace) ?? [];
    own.push(String(row.get('name')));
    byKeyspace.set(keyspace, own);
  }
  if (rows.every((row) => row.get('keyspace_name') === row.get('name')))
    return output.line(`\n${[...byKeyspace.keys()].join('\n')}\n`);
  for (const [keyspace, own] of byKeyspace)
    output.line(`\nKeyspace ${keyspace}\n${'-'.repeat(keyspace.length + 9)}\n${own.join('\n')}`);
  output.line('');
}
