/** A statement's tree as CQL, for round trips. Every word that means something is quoted, so that a tree has one reading. */
import type {
  Assignment,
  ColumnDefinition,
  Condition,
  Conditions,
  DescribeTarget,
  IndexTarget,
  Properties,
  PropertyValue,
  QualifiedName,
  Relation,
  Resource,
  RoleOptions,
  SelectStatement,
  Selector,
  Statement,
  Term,
  Using,
} from './ast.ts';
import { functionText, stringLiteral, typeText } from './format.ts';
import { termText } from './format-term.ts';
import { keywords } from './keywords.ts';

const nameText = (name: string): string =>
  /^[a-z][a-z0-9_]*$/.test(name) && !keywords.has(name.toUpperCase()) ? name : `"${name.replaceAll('"', '""')}"`;
const namesText = (names: readonly string[]): string => names.map(nameText).join(', ');
const qualified = ({ keyspace, name }: QualifiedName): string =>
  keyspace === undefined ? nameText(name) : `${nameText(keyspace)}.${nameText(name)}`;
const words = (...parts: readonly (string | false | undefined)[]): string => parts.filter(Boolean).join(' ');
const terms = (all: readonly Term[]): string => all.map(termText).join(', ');

export const printSelector = (selector: Selector): string => {
  const many = (all: readonly Selector[]): string => all.map(printSelector).join(' , ');
  switch (selector.kind) {
    case 'column':
      return nameText(selector.name);
    case 'term':
      return termText(selector.term);
    case 'count':
      return 'count(*)';
    case 'writetime':
    case 'maxwritetime':
    case 'ttl':
      return `${selector.kind}(${printSelector(selector.of)})`;
    case 'cast':
      return `CAST(${printSelector(selector.of)} AS ${typeText(selector.to)})`;
    case 'call':
      return `${functionText(selector.name)}(${many(selector.args)})`;
    case 'field':
      return `${printSelector(selector.of)} .${nameText(selector.field)}`;
    case 'element':
      return `${printSelector(selector.of)}[${termText(selector.key)}]`;
    case 'slice': {
      const end = (term: Term | undefined): string => (term === undefined ? '' : termText(term));
      return `${printSelector(selector.of)}[${end(selector.from)} .. ${end(selector.to)}]`;
    }
    case 'arithmetic':
      return `${printSelector(selector.left)} ${selector.operator} ${printSelector(selector.right)}`;
    case 'negative':
      return `- ${printSelector(selector.of)}`;
    case 'list':
      return `[${many(selector.elements)}]`;
    case 'set':
      return `{${many(selector.elements)}}`;
    case 'tuple':
      return `(${many(selector.elements)})`;
    case 'map':
      return `{${selector.entries.map(([key, value]) => `${printSelector(key)} : ${printSelector(value)}`).join(', ')}}`;
    case 'user':
      return `{${selector.fields.map(([name, value]) => `${nameText(name)} : ${printSelector(value)}`).join(', ')}}`;
    case 'hint':
      return `(${typeText(selector.type)}) ${printSelector(selector.of)}`;
  }
};

const inText = (values: Term | readonly Term[]): string => ('kind' in values ? termText(values) : `(${terms(values)})`);
const relationText = (relation: Relation): string => {
  switch (relation.kind) {
    case 'compare':
      return words(nameText(relation.column), relation.operator, termText(relation.value));
    case 'in':
      return `${nameText(relation.column)} IN ${inText(relation.values)}`;
    case 'contains':
      return `${nameText(relation.column)} CONTAINS ${termText(relation.value)}`;
    case 'containsKey':
      return `${nameText(relation.column)} CONTAINS KEY ${termText(relation.value)}`;
    case 'like':
      return `${nameText(relation.column)} LIKE ${termText(relation.value)}`;
    case 'isNotNull':
      return `${nameText(relation.column)} IS NOT NULL`;
    case 'token':
      return `token(${namesText(relation.columns)}) ${relation.operator} ${termText(relation.value)}`;
    case 'tuple':
      return `(${namesText(relation.columns)}) ${relation.operator} ${termText(relation.value)}`;
    case 'tupleIn':
      return `(${namesText(relation.columns)}) IN ${inText(relation.values)}`;
    case 'element':
      return `${nameText(relation.column)}[${termText(relation.key)}] ${relation.operator} ${termText(relation.value)}`;
    case 'custom':
      return `expr(${qualified(relation.index)}, ${termText(relation.value)})`;
    default:
      throw new Error(`no CQL says ${relation.kind}`);
  }
};
const whereText = (relations: readonly Relation[]): string =>
  relations.length === 0 ? '' : `WHERE ${relations.map(relationText).join(' AND ')}`;
const conditionText = ({ column, at, test }: Condition): string => {
  const place = at.kind === 'column' ? '' : at.kind === 'element' ? `[${termText(at.key)}]` : `.${nameText(at.field)}`;
  const tested =
    test.kind === 'in'
      ? `IN ${inText(test.values)}`
      : test.kind === 'compare'
        ? `${test.operator} ${termText(test.value)}`
        : `${test.kind === 'contains' ? 'CONTAINS' : 'CONTAINS KEY'} ${termText(test.value)}`;
  return `${nameText(column)}${place} ${tested}`;
};
const conditionsText = (conditions: Conditions): string => {
  if (conditions.kind === 'all') return `IF ${conditions.conditions.map(conditionText).join(' AND ')}`;
  return conditions.kind === 'exists' ? 'IF EXISTS' : '';
};
const usingText = ({ timestamp, ttl }: Using): string => {
  const parts = [timestamp && `TIMESTAMP ${termText(timestamp)}`, ttl && `TTL ${termText(ttl)}`].filter(Boolean);
  // Markers are numbered as they stand.
  if (timestamp?.kind === 'marker' && ttl?.kind === 'marker' && ttl.index < timestamp.index) parts.reverse();
  return parts.length === 0 ? '' : `USING ${parts.join(' AND ')}`;
};
const assignmentText = (assignment: Assignment): string => {
  const column = nameText(assignment.column);
  const value = termText(assignment.value);
  switch (assignment.kind) {
    case 'set':
      return `${column} = ${value}`;
    case 'add':
      return `${column} += ${value}`;
    case 'subtract':
      return `${column} = ${column} - ${value}`;
    case 'prepend':
      return `${column} = ${value} + ${column}`;
    case 'element':
      return `${column}[${termText(assignment.key)}] = ${value}`;
    case 'field':
      return `${column}.${nameText(assignment.field)} = ${value}`;
  }
};
const selectText = (s: SelectStatement): string =>
  words(
    'SELECT',
    s.json && 'JSON',
    s.distinct && 'DISTINCT',
    s.clauses.length === 0
      ? '*'
      : s.clauses
          .map(({ selector, alias }) => words(printSelector(selector), alias !== undefined && `AS ${nameText(alias)}`))
          .join(', '),
    `FROM ${qualified(s.table)}`,
    whereText(s.where),
    s.groupBy.length > 0 && `GROUP BY ${s.groupBy.map(printSelector).join(', ')}`,
    s.orderBy.length > 0 &&
      `ORDER BY ${s.orderBy
        .map(({ column, ann, descending }) =>
          words(nameText(column), ann && `ANN OF ${termText(ann)}`, descending && 'DESC'),
        )
        .join(', ')}`,
    s.perPartitionLimit && `PER PARTITION LIMIT ${termText(s.perPartitionLimit)}`,
    s.limit && `LIMIT ${termText(s.limit)}`,
    s.allowFiltering && 'ALLOW FILTERING',
  );

const propertyText = (value: PropertyValue): string => {
  if (typeof value === 'string') return stringLiteral(value);
  if (typeof value !== 'object') return String(value);
  return `{${[...value].map(([key, text]) => `${stringLiteral(key)}: ${stringLiteral(text)}`).join(', ')}}`;
};
const withText = (properties: Properties, ...more: readonly (string | false | undefined)[]): string => {
  const all = [...more.filter(Boolean), ...[...properties].map(([key, v]) => `${nameText(key)} = ${propertyText(v)}`)];
  return all.length === 0 ? '' : `WITH ${all.join(' AND ')}`;
};
const maskText = (mask: NonNullable<ColumnDefinition['mask']>): string =>
  mask.function === undefined
    ? 'MASKED WITH DEFAULT'
    : `MASKED WITH ${functionText(mask.function)}(${terms(mask.args)})`;
const columnText = (column: ColumnDefinition): string =>
  words(
    nameText(column.name),
    typeText(column.type),
    column.isStatic && 'STATIC',
    column.mask && maskText(column.mask),
    column.isPrimaryKey && 'PRIMARY KEY',
  );
const keyText = (key: { partition: readonly string[]; clustering: readonly string[] }): string =>
  `PRIMARY KEY (${[`(${namesText(key.partition)})`, ...key.clustering.map(nameText)].join(', ')})`;
const orderText = (order: readonly { column: string; descending: boolean }[]): string | false =>
  order.length > 0 &&
  `CLUSTERING ORDER BY (${order.map((o) => `${nameText(o.column)} ${o.descending ? 'DESC' : 'ASC'}`).join(', ')})`;
const targetText = ({ kind, column }: IndexTarget): string =>
  kind === 'column' ? nameText(column) : `${kind}(${nameText(column)})`;
const fieldsText = (fields: readonly (readonly [string, ColumnDefinition['type']])[]): string =>
  fields.map(([name, type]) => `${nameText(name)} ${typeText(type)}`).join(', ');
const renamesText = (renames: readonly (readonly [string, string])[]): string =>
  renames.map(([from, to]) => `${nameText(from)} TO ${nameText(to)}`).join(' AND ');

const resourceText = (r: Resource): string => {
  switch (r.kind) {
    case 'allKeyspaces':
      return 'ALL KEYSPACES';
    case 'allRoles':
      return 'ALL ROLES';
    case 'allFunctions':
      return 'ALL FUNCTIONS';
    case 'allMBeans':
      return 'ALL MBEANS';
    case 'keyspace':
      return `KEYSPACE ${nameText(r.keyspace)}`;
    case 'tablesIn':
      return `ALL TABLES IN KEYSPACE ${nameText(r.keyspace)}`;
    case 'functionsIn':
      return `ALL FUNCTIONS IN KEYSPACE ${nameText(r.keyspace)}`;
    case 'table':
      return `TABLE ${qualified(r.table)}`;
    case 'role':
      return `ROLE ${nameText(r.role)}`;
    case 'function':
      return `FUNCTION ${functionText(r.name)}(${r.args.map(typeText).join(', ')})`;
    case 'mbean':
    case 'mbeans':
      return `${r.kind} ${stringLiteral(r.name)}`;
  }
};
const setOf = (names: readonly string[] | 'all' | undefined, kind: string): string | false =>
  names !== undefined &&
  (names === 'all'
    ? `ACCESS ${kind.replace(' ', ' ALL ')}`
    : `ACCESS ${kind} {${names.map(stringLiteral).join(', ')}}`);
const roleText = (options: RoleOptions): string =>
  withText(
    new Map(),
    options.password !== undefined && `PASSWORD = ${stringLiteral(options.password)}`,
    options.hashedPassword !== undefined && `HASHED PASSWORD = ${stringLiteral(options.hashedPassword)}`,
    options.generatedPassword && 'GENERATED PASSWORD',
    options.superuser !== undefined && `SUPERUSER = ${options.superuser}`,
    options.login !== undefined && `LOGIN = ${options.login}`,
    options.options && `OPTIONS = ${propertyText(options.options)}`,
    setOf(options.datacenters, 'TO DATACENTERS'),
    setOf(options.cidrs, 'FROM CIDRS'),
  );
const userText = (options: RoleOptions): string =>
  words(
    options.password !== undefined && `WITH PASSWORD ${stringLiteral(options.password)}`,
    options.hashedPassword !== undefined && `WITH HASHED PASSWORD ${stringLiteral(options.hashedPassword)}`,
    options.superuser !== undefined && (options.superuser ? 'SUPERUSER' : 'NOSUPERUSER'),
  );
const describeText = (t: DescribeTarget): string => {
  switch (t.kind) {
    case 'schema':
      return t.full ? 'FULL SCHEMA' : 'SCHEMA';
    case 'keyspace':
      return words(t.only && 'ONLY', 'KEYSPACE', t.name !== undefined && nameText(t.name));
    case 'table':
    case 'index':
    case 'type':
      return `${t.kind} ${qualified(t.name)}`;
    case 'function':
    case 'aggregate':
      return `${t.kind} ${functionText(t.name)}`;
    case 'view':
      return `MATERIALIZED VIEW ${qualified(t.name)}`;
    case 'any':
      return qualified(t.name);
    default:
      return t.kind;
  }
};

const changeText = (s: Extract<Statement, { kind: 'alterTable' }>): string => {
  const { change } = s;
  switch (change.kind) {
    case 'add':
      return words('ADD', change.ifNotExists && 'IF NOT EXISTS', `(${change.columns.map(columnText).join(', ')})`);
    case 'drop':
      return words('DROP', change.ifExists && 'IF EXISTS', `(${namesText(change.columns)})`, usingText(change.using));
    case 'rename':
      return words('RENAME', change.ifExists && 'IF EXISTS', renamesText(change.renames));
    case 'retype':
      return `ALTER ${nameText(change.column)} TYPE ${typeText(change.type)}`;
    case 'dropCompactStorage':
      return 'DROP COMPACT STORAGE';
    case 'mask':
      return words(
        'ALTER',
        change.ifExists && 'IF EXISTS',
        nameText(change.column),
        change.mask === undefined ? 'DROP MASKED' : maskText(change.mask),
      );
    case 'with':
      return withText(change.properties);
  }
};

export const printStatement = (s: Statement): string => {
  const ifNot = 'ifNotExists' in s && s.ifNotExists && 'IF NOT EXISTS';
  const ifThere = 'ifExists' in s && s.ifExists && 'IF EXISTS';
  switch (s.kind) {
    case 'select':
      return selectText(s);
    case 'insert':
      return words(
        `INSERT INTO ${qualified(s.table)}`,
        s.json === undefined
          ? `(${namesText(s.columns)}) VALUES (${terms(s.values)})`
          : words('JSON', termText(s.json.value), s.json.defaultUnset && 'DEFAULT UNSET'),
        ifNot,
        usingText(s.using),
      );
    case 'update':
      return words(
        `UPDATE ${qualified(s.table)}`,
        usingText(s.using),
        `SET ${s.assignments.map(assignmentText).join(', ')}`,
        whereText(s.where),
        conditionsText(s.conditions),
      );
    case 'delete': {
      const deleted = s.deletions.map((d) =>
        d.kind === 'column'
          ? nameText(d.column)
          : d.kind === 'field'
            ? `${nameText(d.column)}.${nameText(d.field)}`
            : `${nameText(d.column)}[${termText(d.key)}]`,
      );
      const head = words('DELETE', deleted.join(', '), `FROM ${qualified(s.table)}`, usingText(s.using));
      return words(head, whereText(s.where), conditionsText(s.conditions));
    }
    case 'batch':
      return words(
        'BEGIN',
        s.type !== 'logged' && s.type,
        'BATCH',
        usingText(s.using),
        ...s.statements.map(printStatement),
        'APPLY BATCH',
      );
    case 'createTable': {
      const items = [...s.columns.map(columnText), ...(s.primaryKey === undefined ? [] : [keyText(s.primaryKey)])];
      return words(
        'CREATE TABLE',
        ifNot,
        qualified(s.table),
        `(${items.join(', ')})`,
        withText(s.properties, s.compactStorage && 'COMPACT STORAGE', orderText(s.clusteringOrder)),
      );
    }
    case 'alterTable':
      return words('ALTER TABLE', ifThere, qualified(s.table), changeText(s));
    case 'use':
      return `USE ${nameText(s.keyspace)}`;
    case 'truncate':
      return `TRUNCATE ${qualified(s.table)}`;
    case 'createKeyspace':
      return words('CREATE KEYSPACE', ifNot, nameText(s.name), withText(s.properties));
    case 'alterKeyspace':
      return words('ALTER KEYSPACE', ifThere, nameText(s.name), withText(s.properties));
    case 'dropKeyspace':
      return words('DROP KEYSPACE', ifThere, nameText(s.name));
    case 'dropTable':
    case 'dropView':
    case 'dropIndex':
    case 'dropType': {
      const what = { dropTable: 'TABLE', dropView: 'MATERIALIZED VIEW', dropIndex: 'INDEX', dropType: 'TYPE' }[s.kind];
      return words('DROP', what, ifThere, qualified(s.name));
    }
    case 'createIndex':
      return words(
        'CREATE',
        s.custom && 'CUSTOM',
        'INDEX',
        ifNot,
        s.name !== undefined && nameText(s.name),
        `ON ${qualified(s.table)} (${s.targets.map(targetText).join(', ')})`,
        s.className !== undefined && `USING ${stringLiteral(s.className)}`,
        withText(s.properties),
      );
    case 'createView':
      return words(
        'CREATE MATERIALIZED VIEW',
        ifNot,
        qualified(s.name),
        `AS ${selectText(s.select)}`,
        keyText(s.primaryKey),
        withText(s.properties, orderText(s.clusteringOrder)),
      );
    case 'alterView':
      return words('ALTER MATERIALIZED VIEW', ifThere, qualified(s.name), withText(s.properties));
    case 'createType':
      return words('CREATE TYPE', ifNot, qualified(s.name), `(${fieldsText(s.fields)})`);
    case 'alterType': {
      const head = words('ALTER TYPE', ifThere, qualified(s.name));
      if (s.change.kind === 'retype')
        return `${head} ALTER ${nameText(s.change.field)} TYPE ${typeText(s.change.type)}`;
      if (s.change.kind === 'add')
        return words(head, 'ADD', s.change.ifNotExists && 'IF NOT EXISTS', fieldsText(s.change.fields));
      return words(head, 'RENAME', s.change.ifExists && 'IF EXISTS', renamesText(s.change.renames));
    }
    case 'createFunction':
      return words(
        'CREATE',
        s.orReplace && 'OR REPLACE',
        'FUNCTION',
        ifNot,
        `${functionText(s.name)}(${fieldsText(s.args)})`,
        s.calledOnNull ? 'CALLED' : 'RETURNS NULL',
        `ON NULL INPUT RETURNS ${typeText(s.returns)} LANGUAGE ${s.language} AS ${stringLiteral(s.body)}`,
      );
    case 'createAggregate':
      return words(
        'CREATE',
        s.orReplace && 'OR REPLACE',
        'AGGREGATE',
        ifNot,
        `${functionText(s.name)}(${s.args.map(typeText).join(', ')})`,
        `SFUNC ${nameText(s.stateFunction)} STYPE ${typeText(s.stateType)}`,
        s.finalFunction !== undefined && `FINALFUNC ${nameText(s.finalFunction)}`,
        s.initial && `INITCOND ${termText(s.initial)}`,
      );
    case 'dropFunction':
    case 'dropAggregate':
      return words(
        'DROP',
        s.kind === 'dropFunction' ? 'FUNCTION' : 'AGGREGATE',
        ifThere,
        functionText(s.name),
        s.args && `(${s.args.map(typeText).join(', ')})`,
      );
    case 'createTrigger':
      return words(
        'CREATE TRIGGER',
        ifNot,
        `${nameText(s.name)} ON ${qualified(s.table)} USING ${stringLiteral(s.className)}`,
      );
    case 'dropTrigger':
      return words('DROP TRIGGER', ifThere, `${nameText(s.name)} ON ${qualified(s.table)}`);
    case 'createRole':
    case 'alterRole': {
      const condition = s.conditional && (s.kind === 'createRole' ? 'IF NOT EXISTS' : 'IF EXISTS');
      const head = words(s.kind === 'createRole' ? 'CREATE' : 'ALTER', s.user ? 'USER' : 'ROLE', condition);
      return words(head, stringLiteral(s.name), s.user ? userText(s.options) : roleText(s.options));
    }
    case 'dropRole':
      return words('DROP', s.user ? 'USER' : 'ROLE', ifThere, stringLiteral(s.name));
    case 'grantRole':
      return `GRANT ${nameText(s.role)} TO ${nameText(s.to)}`;
    case 'revokeRole':
      return `REVOKE ${nameText(s.role)} FROM ${nameText(s.to)}`;
    case 'grantPermissions':
    case 'revokePermissions': {
      const [verb, link] = s.kind === 'grantPermissions' ? ['GRANT', 'TO'] : ['REVOKE', 'FROM'];
      const what = s.permissions?.join(', ') ?? 'ALL PERMISSIONS';
      return words(verb, what, 'ON', resourceText(s.resource), link, nameText(s.role));
    }
    case 'listPermissions':
      return words(
        'LIST',
        s.permissions?.join(', ') ?? 'ALL',
        s.resource && `ON ${resourceText(s.resource)}`,
        s.of !== undefined && `OF ${nameText(s.of)}`,
        !s.recursive && 'NORECURSIVE',
      );
    case 'listRoles':
      return words('LIST ROLES', s.of !== undefined && `OF ${nameText(s.of)}`, !s.recursive && 'NORECURSIVE');
    case 'listUsers':
      return 'LIST USERS';
    case 'listSuperusers':
      return 'LIST SUPERUSERS';
    case 'identity': {
      const condition = s.conditional && (s.action === 'add' ? 'IF NOT EXISTS' : 'IF EXISTS');
      const role = s.role !== undefined && `TO ROLE ${stringLiteral(s.role)}`;
      return words(s.action, 'IDENTITY', condition, stringLiteral(s.identity), role);
    }
    case 'describe':
      return words('DESCRIBE', describeText(s.target), s.withInternals && 'WITH INTERNALS');
  }
};
