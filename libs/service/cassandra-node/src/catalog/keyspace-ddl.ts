/** CREATE, ALTER and DROP KEYSPACE. Source: Cassandra 5.0, KeyspaceAttributes, ReplicationParams, the strategies' checks. */
import type { Properties, Statement } from '@skerry/protocol-cql';
import {
  existingKeyspace,
  guardSystem,
  keyspaceResource,
  type DdlContext,
  type Draft,
  type MaybeDraft,
} from './context.ts';
import { invalid, keyspaceExists, misconfigured } from './fault.ts';
import { isSchemaName, schemaNameLengthMax } from './names.ts';
import { booleanValue, checkNames, mapValue } from './properties.ts';
import { emptyKeyspace, without, type KeyspaceDefinition, type Replication, type Snapshot } from './state.ts';
import { computedKeyspaces } from './system/keyspaces.ts';
import { storedKeyspaces } from './system/stored-keyspaces.ts';

type Create = Extract<Statement, { readonly kind: 'createKeyspace' }>;
type Alter = Extract<Statement, { readonly kind: 'alterKeyspace' }>;
type Drop = Extract<Statement, { readonly kind: 'dropKeyspace' }>;

const known: ReadonlySet<string> = new Set(['replication', 'durable_writes']);
const locatorPackage = 'org.apache.cassandra.locator.';

export function checkKeyspaceName(name: string): void {
  if (!isSchemaName(name))
    throw invalid(
      name === '' || /\W/.test(name)
        ? `Keyspace name must not be empty and must contain alphanumeric or underscore characters only (got "${name}")`
        : `Keyspace name must not be more than ${schemaNameLengthMax} characters long (got ${name.length} characters for "${name}")`,
    );
}

function checkFactor(text: string): number {
  const [all = '', transient] = text.split('/');
  if (!/^[+-]?\d+$/.test(all)) throw misconfigured(`For input string: "${text}"`);
  if (transient !== undefined) throw misconfigured('Transient replication is not enabled on this node');
  const factor = Number(all);
  if (factor < 0) throw misconfigured(`Replication factor must be non-negative, found ${factor}`);
  return factor;
}

const isFactor = (text: string): boolean => /^\+?\d+$/.test(text);

/** What a keyspace has that names no factor (`default_keyspace_rf`). */
const factorDefault = '1';

/** One factor for all: its own, that of before, or the default. */
function simpleStrategy(
  keyspace: string,
  given: ReadonlyMap<string, string>,
  before: Replication | undefined,
): Replication {
  const options = new Map(given);
  if (!options.has('replication_factor'))
    options.set('replication_factor', before?.options.get('replication_factor') ?? factorDefault);
  for (const name of options.keys())
    if (name !== 'replication_factor')
      throw misconfigured(`Unrecognized strategy option {${name}} passed to SimpleStrategy for keyspace ${keyspace}`);
  checkFactor(options.get('replication_factor') ?? factorDefault);
  return { strategy: 'SimpleStrategy', options };
}

/** `replication_factor` stands for every data center that has no factor of its own. */
function networkStrategy(
  keyspace: string,
  given: ReadonlyMap<string, string>,
  before: Replication | undefined,
  dataCenters: ReadonlyMap<string, number>,
): Replication {
  const options = new Map(given);
  const factor =
    options.get('replication_factor') ??
    (options.size === 0 ? (before?.options.get('replication_factor') ?? factorDefault) : undefined);
  options.delete('replication_factor');
  // An ALTER with one factor for all leaves those that had one as they are.
  if (factor !== undefined && before?.strategy === 'NetworkTopologyStrategy')
    for (const [name, value] of before.options) if (!options.has(name)) options.set(name, value);
  // One that is no number stands for no data center: so Cassandra takes it.
  if (factor === undefined || isFactor(factor)) {
    if (factor !== undefined) for (const name of dataCenters.keys()) if (!options.has(name)) options.set(name, factor);
    for (const [name, value] of options) if (value === '0') options.delete(name);
  }
  if (options.size === 0) throw misconfigured('Configuration for at least one datacenter must be present');
  for (const name of options.keys())
    if (name.toLowerCase() === 'replication_factor')
      throw misconfigured(
        'replication_factor should not appear as an option at construction time for NetworkTopologyStrategy',
      );
  for (const [name, value] of options) {
    if (!dataCenters.has(name))
      throw misconfigured(
        `Unrecognized strategy option {${name}} passed to NetworkTopologyStrategy for keyspace ${keyspace}`,
      );
    checkFactor(value);
  }
  return { strategy: 'NetworkTopologyStrategy', options };
}

function readReplication(
  keyspace: string,
  given: ReadonlyMap<string, string>,
  before: Replication | undefined,
  context: DdlContext,
): Replication {
  const className = given.get('class');
  if (className === undefined) throw misconfigured('Missing replication strategy class');
  const options = new Map([...given].filter(([name]) => name !== 'class'));
  const wholeName = className.includes('.') ? className : `${locatorPackage}${className}`;
  switch (wholeName.replace(locatorPackage, '')) {
    case 'SimpleStrategy':
      return simpleStrategy(keyspace, options, before);
    case 'NetworkTopologyStrategy':
      return networkStrategy(keyspace, options, before, context.dataCenters);
    case 'LocalStrategy':
      throw invalid('Unable to use given strategy class: LocalStrategy is reserved for internal use.');
    default:
      throw misconfigured(`Unable to find replication strategy class '${wholeName}'`);
  }
}

function withProperties(keyspace: KeyspaceDefinition, properties: Properties, context: DdlContext): KeyspaceDefinition {
  const replication = properties.get('replication');
  const durable = properties.get('durable_writes');
  const before = computedOrNew(keyspace) ? undefined : keyspace.replication;
  return {
    ...keyspace,
    replication:
      replication === undefined
        ? keyspace.replication
        : readReplication(keyspace.name, mapValue('replication', replication), before, context),
    durableWrites: durable === undefined ? keyspace.durableWrites : booleanValue('durable_writes', durable),
  };
}
const computedOrNew = (keyspace: KeyspaceDefinition): boolean => keyspace.replication.strategy === 'LocalStrategy';

const total = (numbers: Iterable<number>): number => [...numbers].reduce((sum, number) => sum + number, 0);
/** More replicas than there are nodes. */
function warningsOf({ name, replication }: KeyspaceDefinition, context: DdlContext): readonly string[] {
  const text = (factor: string, nodes: number, where: string): string =>
    `Your replication factor ${factor} for keyspace ${name} is higher than the number of nodes ${nodes}${where}`;
  if (replication.strategy === 'SimpleStrategy') {
    const factor = replication.options.get('replication_factor') ?? '1';
    const nodes = total(context.dataCenters.values());
    return Number(factor) > nodes ? [text(factor, nodes, '')] : [];
  }
  return [...replication.options].flatMap(([dataCenter, factor]) => {
    const nodes = context.dataCenters.get(dataCenter) ?? 0;
    return Number(factor) > nodes ? [text(factor, nodes, ` for datacenter ${dataCenter}`)] : [];
  });
}

export function createKeyspace(snapshot: Snapshot, statement: Create, context: DdlContext): MaybeDraft {
  const { name, properties } = statement;
  if (computedKeyspaces.has(name)) throw invalid(`System keyspace '${name}' is not user-modifiable`);
  checkKeyspaceName(name);
  checkNames(properties, known);
  if (!properties.has('replication')) throw invalid("Missing mandatory option 'replication'");
  if (snapshot.keyspaces.has(name)) {
    if (statement.ifNotExists) return undefined;
    throw keyspaceExists(name);
  }
  const empty = emptyKeyspace(name, 'user', { strategy: 'LocalStrategy', options: new Map() });
  const keyspace = withProperties(empty, properties, context);
  return {
    keyspaces: new Map(snapshot.keyspaces).set(name, keyspace),
    nextNumber: snapshot.nextNumber,
    change: { change: 'CREATED', target: 'KEYSPACE', keyspace: name, name: undefined },
    warnings: warningsOf(keyspace, context),
  };
}

const factorOf = ({ options }: Replication): number => total([...options.values()].map(Number));

export function alterKeyspace(snapshot: Snapshot, statement: Alter, context: DdlContext): MaybeDraft {
  const { name, properties } = statement;
  // Those that the store has may be replicated otherwise.
  if (!storedKeyspaces.has(name)) guardSystem(name, 'ALTER', keyspaceResource(name));
  checkNames(properties, known);
  if (statement.ifExists && !snapshot.keyspaces.has(name)) return undefined;
  const before = existingKeyspace(snapshot, name);
  const keyspace = withProperties(before, properties, context);
  const grown = factorOf(before.replication) < factorOf(keyspace.replication);
  return {
    keyspaces: new Map(snapshot.keyspaces).set(name, keyspace),
    nextNumber: snapshot.nextNumber,
    change: { change: 'UPDATED', target: 'KEYSPACE', keyspace: name, name: undefined },
    warnings: [
      ...warningsOf(keyspace, context),
      ...(grown
        ? ['When increasing replication factor you need to run a full (-full) repair to distribute the data.']
        : []),
    ],
  };
}

export function dropKeyspace(snapshot: Snapshot, { name, ifExists }: Drop): Draft | undefined {
  guardSystem(name, 'DROP', keyspaceResource(name));
  if (ifExists && !snapshot.keyspaces.has(name)) return undefined;
  existingKeyspace(snapshot, name);
  return {
    keyspaces: without(snapshot.keyspaces, name),
    nextNumber: snapshot.nextNumber,
    change: { change: 'DROPPED', target: 'KEYSPACE', keyspace: name, name: undefined },
  };
}
