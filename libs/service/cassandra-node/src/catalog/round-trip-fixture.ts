/** What DESCRIBE prints, parsed and executed again, is the same schema. */
import type { Result } from '@skerry/kernel';
import type { Statement } from '@skerry/protocol-cql';
import { describe, type DescribeContext } from './describe.ts';
import { emptySnapshot, execute, isDdl } from './execute.ts';
import { contextOf, md5 } from './fixture.ts';
import type { Snapshot } from './state.ts';

/** One statement of a text; a fault is a text. */
export type Parse = (text: string) => Result<Statement, string>;

export const describeContext: DescribeContext = {
  keyspace: undefined,
  withInternals: true,
  clusterName: 'Test Cluster',
  partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
  rangeOwnership: () => new Map(),
};

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** Users' schema as statements, each with its own line; as one text for comparison, joined. */
export function schemaTexts(snapshot: Snapshot, withInternals: boolean): readonly string[] {
  const result = describe(snapshot, { kind: 'schema', full: false }, { ...describeContext, withInternals });
  if (!result.ok) throw new Error(result.error.message);
  return result.value.rows.map((row) => text(row[3]));
}

/** Statements of a create_statement: WITH INTERNALS puts several behind one another, each on a line of its own. */
export const statementsOf = (created: string): readonly string[] =>
  created.split(/(?<=;)\n(?=ALTER TABLE )/).filter((piece) => piece !== '');

/** The schema that the descriptions of `snapshot` make. */
export function remade(snapshot: Snapshot, withInternals: boolean, parse: Parse): Snapshot {
  let again = emptySnapshot(md5);
  for (const statement of schemaTexts(snapshot, withInternals).flatMap(statementsOf)) {
    const parsed = parse(statement);
    if (!parsed.ok) throw new Error(`${parsed.error}: ${statement}`);
    if (!isDdl(parsed.value)) throw new Error(`not of the schema: ${statement}`);
    const result = execute(again, parsed.value, contextOf(undefined, again.nextNumber), md5);
    if (!result.ok) throw new Error(`${result.error.message}: ${statement}`);
    again = result.value.snapshot;
  }
  return again;
}
