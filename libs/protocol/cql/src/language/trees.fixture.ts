/** Random trees that CQL can say: precedence and what may stand where are kept, names and literals are anything. */
import fc from 'fast-check';
import type {
  ArithmeticOperator,
  Assignment,
  Conditions,
  ModificationStatement,
  Relation,
  Selector,
  Statement,
  Term,
  TypeName,
} from './ast.ts';

/** Keywords, names that need quotes, and plain ones. */
export const names = fc.oneof(
  fc.constantFrom(
    'a',
    'b2',
    'long_name',
    'key',
    'type',
    'ttl',
    'json',
    'distinct',
    'as',
    'list',
    'int',
    'select',
    'Mixed',
  ),
  fc.string({ minLength: 1, maxLength: 6 }),
);
const qualifiedNames = fc.record({ keyspace: fc.option(names, { nil: undefined }), name: names });
const functionNames = fc.record({
  keyspace: fc.constantFrom(undefined, 'ks', 'Odd'),
  name: fc.constantFrom('f', 'Twice', 'todate', 'ttl', 'token', 'count', 'int', 'key'),
});
const natives = fc.constantFrom('int', 'text', 'timestamp', 'uuid', 'counter', 'varchar');
const nativeTypes = natives.map((name): TypeName => ({ kind: 'named', name: { keyspace: undefined, name } }));
const userTypes = fc
  .record({
    keyspace: fc.constantFrom(undefined, 'ks', 'Odd'),
    name: fc.constantFrom('address', 'Addr', 'key', 'map', 'byte'),
  })
  .map((name): TypeName => ({ kind: 'named', name }));

export const types: fc.Arbitrary<TypeName> = fc.letrec<{ type: TypeName }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small' },
    nativeTypes,
    userTypes,
    fc.string({ maxLength: 4 }).map((className): TypeName => ({ kind: 'class', className })),
    fc.record({ kind: fc.constantFrom('list', 'set', 'frozen'), of: tie('type') }) as fc.Arbitrary<TypeName>,
    fc.record({ kind: fc.constant('map'), key: tie('type'), value: tie('type') }) as fc.Arbitrary<TypeName>,
    fc.record({
      kind: fc.constant('tuple'),
      elements: fc.array(tie('type'), { minLength: 1, maxLength: 3 }),
    }) as fc.Arbitrary<TypeName>,
    fc.record({ kind: fc.constant('vector'), of: tie('type'), dimension: fc.nat() }) as fc.Arbitrary<TypeName>,
  ),
})).type;

const operators = (...all: ArithmeticOperator[]): fc.Arbitrary<ArithmeticOperator> => fc.constantFrom(...all);
const some = <T>(item: fc.Arbitrary<T>, minLength = 1): fc.Arbitrary<T[]> =>
  fc.array(item, { minLength, maxLength: 3 });
const marker = fc.option(names, { nil: undefined }).map((name): Term => ({ kind: 'marker', index: 0, name }));
const literals = fc.oneof(
  fc.maxSafeInteger().map((value): Term => ({ kind: 'integer', text: String(value) })),
  fc
    .constantFrom('1.5', '-0.25', '1e10', '2.5E-3', '3.', 'NaN', 'Infinity', '-Infinity')
    .map((text): Term => ({ kind: 'float', text })),
  fc.string({ maxLength: 8 }).map((text): Term => ({ kind: 'string', text })),
  fc.uuid().map((text): Term => ({ kind: 'uuid', text })),
  fc.constantFrom('0x', '0xCAFE', '0x00').map((text): Term => ({ kind: 'blob', text })),
  fc
    .constantFrom('1y2mo', '-3h4m', '12d', '5us', 'P1Y2M', 'PT3S', 'P3W', 'P0001-02-03T04:05:06')
    .map((text): Term => ({ kind: 'duration', text })),
  fc.boolean().map((value): Term => ({ kind: 'boolean', value })),
);

const made = fc.letrec<{ simple: Term; signed: Term; product: Term; term: Term }>((tie) => ({
  simple: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    literals,
    marker,
    fc.constant<Term>({ kind: 'null' }),
    fc.array(tie('term'), { maxLength: 3 }).map((elements): Term => ({ kind: 'list', elements })),
    fc.array(tie('term'), { maxLength: 3 }).map((elements): Term => ({ kind: 'set', elements })),
    some(tie('term')).map((elements): Term => ({ kind: 'tuple', elements })),
    some(fc.tuple(tie('term'), tie('term'))).map((entries): Term => ({ kind: 'map', entries })),
    some(fc.tuple(names, tie('term'))).map((fields): Term => ({ kind: 'user', fields })),
    fc
      .record({ name: functionNames, args: fc.array(tie('term'), { maxLength: 2 }) })
      .map((call): Term => ({ kind: 'call', ...call })),
    fc.record({ type: types, of: tie('simple') }).map((hint): Term => ({ kind: 'hint', ...hint })),
    fc.record({ of: tie('simple'), to: nativeTypes }).map((cast): Term => ({ kind: 'cast', ...cast })),
  ),
  signed: fc.oneof(
    { weight: 4, arbitrary: tie('simple') },
    tie('simple').map((of): Term => ({ kind: 'negative', of })),
  ),
  product: fc.oneof(
    { weight: 3, arbitrary: tie('signed') },
    fc
      .record({ operator: operators('*', '/', '%'), left: tie('product'), right: tie('signed') })
      .map((term): Term => ({ kind: 'arithmetic', ...term })),
  ),
  term: fc.oneof(
    { weight: 3, arbitrary: tie('product') },
    fc
      .record({ operator: operators('+', '-'), left: tie('term'), right: tie('product') })
      .map((term): Term => ({ kind: 'arithmetic', ...term })),
  ),
}));
export const terms = made.term;
const tuples = some(terms).map((elements): Term => ({ kind: 'tuple', elements }));

/** `count(1)` is `count(*)`. */
const isNoConstant = ({ kind }: Selector): boolean => kind !== 'term';

const columns = names.map((name): Selector => ({ kind: 'column', name }));
const selected = fc.letrec<{
  simple: Selector;
  modified: Selector;
  group: Selector;
  product: Selector;
  selector: Selector;
}>((tie) => ({
  simple: fc.oneof(
    { depthSize: 'small' },
    columns,
    literals.map((term): Selector => ({ kind: 'term', term })),
    marker.map((term): Selector => ({ kind: 'term', term })),
    fc.constant<Selector>({ kind: 'count' }),
    fc
      .record({ kind: fc.constantFrom('writetime' as const, 'maxwritetime' as const, 'ttl' as const), of: columns })
      .map((of): Selector => of),
    fc.record({ of: tie('selector'), to: nativeTypes }).map((cast): Selector => ({ kind: 'cast', ...cast })),
    fc
      .record({ name: functionNames, args: fc.array(tie('modified').filter(isNoConstant), { maxLength: 2 }) })
      .map((call): Selector => ({ kind: 'call', ...call })),
    fc.array(tie('selector'), { maxLength: 3 }).map((elements): Selector => ({ kind: 'list', elements })),
    fc.array(tie('selector'), { maxLength: 3 }).map((elements): Selector => ({ kind: 'set', elements })),
    // One alone in parentheses may be read as a type: `(a)[0]`.
    fc
      .array(tie('selector'), { minLength: 2, maxLength: 3 })
      .map((elements): Selector => ({ kind: 'tuple', elements })),
    some(fc.tuple(names, tie('selector'))).map((fields): Selector => ({ kind: 'user', fields })),
    some(
      fc.tuple(
        literals.map((term): Selector => ({ kind: 'term', term })),
        tie('selector'),
      ),
    ).map((entries): Selector => ({ kind: 'map', entries })),
    fc.record({ type: types, of: tie('simple') }).map((hint): Selector => ({ kind: 'hint', ...hint })),
  ),
  modified: fc.oneof(
    { weight: 4, arbitrary: tie('simple') },
    fc.record({ of: tie('modified'), field: names }).map((field): Selector => ({ kind: 'field', ...field })),
    fc.record({ of: tie('modified'), key: terms }).map((element): Selector => ({ kind: 'element', ...element })),
    fc
      .record({ of: tie('modified'), from: fc.option(terms, { nil: undefined }), to: terms })
      .map((slice): Selector => ({ kind: 'slice', ...slice })),
    fc
      .record({ of: tie('modified'), from: terms })
      .map((slice): Selector => ({ kind: 'slice', ...slice, to: undefined })),
  ),
  group: fc.oneof(
    { weight: 5, arbitrary: tie('modified') },
    tie('group').map((of): Selector => ({ kind: 'negative', of })),
  ),
  product: fc.oneof(
    { weight: 4, arbitrary: tie('group') },
    fc
      .record({ operator: operators('*', '/', '%'), left: tie('product'), right: tie('group') })
      .map((selector): Selector => ({ kind: 'arithmetic', ...selector })),
  ),
  selector: fc.oneof(
    { weight: 4, arbitrary: tie('product') },
    fc
      .record({ operator: operators('+', '-'), left: tie('selector'), right: tie('product') })
      .map((selector): Selector => ({ kind: 'arithmetic', ...selector })),
  ),
}));
const comparisons = fc.constantFrom(
  '=' as const,
  '<' as const,
  '<=' as const,
  '>' as const,
  '>=' as const,
  '!=' as const,
);
const inValues = fc.oneof(marker, fc.array(terms, { maxLength: 3 }));
const relations: fc.Arbitrary<Relation> = fc.oneof(
  fc.record({ kind: fc.constant('compare' as const), column: names, operator: comparisons, value: terms }),
  fc.record({ kind: fc.constant('in' as const), column: names, values: inValues }),
  fc.record({
    kind: fc.constantFrom('contains' as const, 'containsKey' as const, 'like' as const),
    column: names,
    value: terms,
  }),
  fc.record({ kind: fc.constant('isNotNull' as const), column: names }),
  fc.record({ kind: fc.constant('token' as const), columns: some(names), operator: comparisons, value: terms }),
  fc.record({
    kind: fc.constant('tuple' as const),
    columns: some(names),
    operator: comparisons,
    value: fc.oneof(marker, tuples),
  }),
  fc.record({
    kind: fc.constant('tupleIn' as const),
    columns: some(names),
    values: fc.oneof(marker, some(tuples), some(marker), fc.constant([])),
  }),
  fc.record({ kind: fc.constant('element' as const), column: names, key: terms, operator: comparisons, value: terms }),
  fc.record({
    kind: fc.constant('custom' as const),
    index: names.map((name) => ({ keyspace: undefined, name })),
    value: terms,
  }),
);
const optional = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(item, { nil: undefined });
const counts = fc.oneof(
  marker,
  fc.nat().map((value): Term => ({ kind: 'integer', text: String(value) })),
);
const using = fc.record({ timestamp: optional(counts), ttl: optional(counts) });

const selects: fc.Arbitrary<Statement> = fc.record({
  kind: fc.constant('select' as const),
  table: qualifiedNames,
  json: fc.boolean(),
  distinct: fc.boolean(),
  clauses: fc.array(fc.record({ selector: selected.selector, alias: optional(names) }), { maxLength: 3 }),
  where: fc.array(relations, { maxLength: 3 }),
  groupBy: fc.array(columns, { maxLength: 2 }),
  orderBy: fc.array(fc.record({ column: names, ann: optional(terms), descending: fc.boolean() }), { maxLength: 2 }),
  perPartitionLimit: optional(counts),
  limit: optional(counts),
  allowFiltering: fc.boolean(),
});
const inserts: fc.Arbitrary<ModificationStatement> = fc.oneof(
  fc.record({
    kind: fc.constant('insert' as const),
    table: qualifiedNames,
    columns: some(fc.oneof(names, fc.constant(''))),
    values: some(terms),
    json: fc.constant(undefined),
    ifNotExists: fc.boolean(),
    using,
  }),
  fc.record({
    kind: fc.constant('insert' as const),
    table: qualifiedNames,
    columns: fc.constant([]),
    values: fc.constant([]),
    json: fc.record({
      value: fc.oneof(
        marker,
        fc.string().map((text): Term => ({ kind: 'string', text })),
      ),
      defaultUnset: fc.boolean(),
    }),
    ifNotExists: fc.boolean(),
    using,
  }),
);
const conditions: fc.Arbitrary<Conditions> = fc.oneof(
  fc.constant<Conditions>({ kind: 'none' }),
  fc.constant<Conditions>({ kind: 'exists' }),
  some(
    fc.record({
      column: names,
      at: fc.oneof(
        fc.constant({ kind: 'column' as const }),
        fc.record({ kind: fc.constant('element' as const), key: terms }),
        fc.record({ kind: fc.constant('field' as const), field: names }),
      ),
      test: fc.oneof(
        fc.record({ kind: fc.constant('compare' as const), operator: comparisons, value: terms }),
        fc.record({ kind: fc.constant('in' as const), values: inValues }),
      ),
    }),
  ).map((all): Conditions => ({ kind: 'all', conditions: all })),
);
const assignments: fc.Arbitrary<Assignment> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('set' as const, 'add' as const, 'subtract' as const),
    column: names,
    value: terms,
  }),
  fc.record({ kind: fc.constant('prepend' as const), column: names, value: terms }),
  fc.record({ kind: fc.constant('element' as const), column: names, key: terms, value: terms }),
  fc.record({ kind: fc.constant('field' as const), column: names, field: names, value: terms }),
);
const updates: fc.Arbitrary<ModificationStatement> = fc.record({
  kind: fc.constant('update' as const),
  table: qualifiedNames,
  using,
  assignments: fc.uniqueArray(assignments, { minLength: 1, maxLength: 3, selector: ({ column }) => column }),
  where: some(relations),
  conditions,
});
const deletes: fc.Arbitrary<ModificationStatement> = fc.record({
  kind: fc.constant('delete' as const),
  table: qualifiedNames,
  deletions: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('column' as const), column: names }),
      fc.record({ kind: fc.constant('element' as const), column: names, key: terms }),
      fc.record({ kind: fc.constant('field' as const), column: names, field: names }),
    ),
    { maxLength: 3 },
  ),
  using: fc.record({ timestamp: optional(counts), ttl: fc.constant(undefined) }),
  where: some(relations),
  conditions,
});
const batches: fc.Arbitrary<Statement> = fc.record({
  kind: fc.constant('batch' as const),
  type: fc.constantFrom('logged' as const, 'unlogged' as const, 'counter' as const),
  using,
  statements: fc.array(fc.oneof(inserts, updates, deletes), { maxLength: 3 }),
});
const keys = fc.record({ partition: some(names), clustering: fc.array(names, { maxLength: 2 }) });
const properties = fc
  .array(
    fc.tuple(
      names.filter((name) => name !== ''),
      fc.oneof(
        fc.string(),
        fc.boolean(),
        fc.maxSafeInteger(),
        // A large one without a fraction is printed as an integer, which is kept as text where it is not exact.
        fc
          .double({ noNaN: true, noDefaultInfinity: true })
          .filter((value) => !Object.is(value, -0) && (!Number.isInteger(value) || Number.isSafeInteger(value))),
        fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 2 }).map((all) => new Map(all)),
      ),
    ),
    { maxLength: 3 },
  )
  .map((all) => new Map(all));
const tables: fc.Arbitrary<Statement> = fc.record({
  kind: fc.constant('createTable' as const),
  table: qualifiedNames,
  ifNotExists: fc.boolean(),
  columns: some(
    fc.record({
      name: names,
      type: types,
      isStatic: fc.boolean(),
      isPrimaryKey: fc.boolean(),
      mask: optional(fc.record({ function: functionNames, args: fc.array(terms, { maxLength: 2 }) })),
    }),
  ),
  primaryKey: optional(keys),
  clusteringOrder: fc.array(fc.record({ column: names, descending: fc.boolean() }), { maxLength: 2 }),
  compactStorage: fc.boolean(),
  properties,
});

export const statements: fc.Arbitrary<Statement> = fc.oneof(selects, inserts, updates, deletes, batches, tables);
