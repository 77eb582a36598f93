/**
 * What a CQL text says, before anything is looked up: the syntax tree of one statement. Names are as they count: folded to
 * lower case unless they were quoted. Source: CQL 3.4.7, Cassandra 5.0's grammar (Parser.g, Lexer.g).
 */

/** Where it stands in the text: `line` from 1, `column` from 0. */
export type Place = { readonly line: number; readonly column: number };

export type QualifiedName = { readonly keyspace: string | undefined; readonly name: string };

/** A type's name, not looked up: native, `list`, `set`, `map`, `tuple`, `frozen`, `vector`, a user type, or a class in quotes. */
export type TypeName =
  | { readonly kind: 'named'; readonly name: QualifiedName }
  | { readonly kind: 'list' | 'set' | 'frozen'; readonly of: TypeName }
  | { readonly kind: 'map'; readonly key: TypeName; readonly value: TypeName }
  | { readonly kind: 'tuple'; readonly elements: readonly TypeName[] }
  | { readonly kind: 'vector'; readonly of: TypeName; readonly dimension: number }
  | { readonly kind: 'class'; readonly className: string };

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

/** A value as it is written. `marker`: `?` has no name. Markers are numbered from 0 as they stand in the text. */
export type Term =
  | { readonly kind: 'integer' | 'float' | 'string' | 'uuid' | 'blob' | 'duration'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'marker'; readonly index: number; readonly name: string | undefined }
  | { readonly kind: 'list'; readonly elements: readonly Term[] }
  /** `{}` is an empty set or map. */
  | { readonly kind: 'set'; readonly elements: readonly Term[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Term, Term])[] }
  | { readonly kind: 'user'; readonly fields: readonly (readonly [string, Term])[] }
  | { readonly kind: 'tuple'; readonly elements: readonly Term[] }
  | { readonly kind: 'call'; readonly name: QualifiedName; readonly args: readonly Term[] }
  /** `(int) ?`. */
  | { readonly kind: 'hint'; readonly type: TypeName; readonly of: Term }
  | { readonly kind: 'cast'; readonly of: Term; readonly to: TypeName }
  | { readonly kind: 'arithmetic'; readonly operator: ArithmeticOperator; readonly left: Term; readonly right: Term }
  | { readonly kind: 'negative'; readonly of: Term }
  /** A column's name where a value stands: `SET c = c + 1`. */
  | { readonly kind: 'column'; readonly name: string };

/** What a SELECT asks for. */
export type Selector =
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'term'; readonly term: Term }
  | { readonly kind: 'count' }
  | { readonly kind: 'writetime' | 'maxwritetime' | 'ttl'; readonly of: Selector }
  | { readonly kind: 'cast'; readonly of: Selector; readonly to: TypeName }
  | { readonly kind: 'call'; readonly name: QualifiedName; readonly args: readonly Selector[] }
  | { readonly kind: 'field'; readonly of: Selector; readonly field: string }
  | { readonly kind: 'element'; readonly of: Selector; readonly key: Term }
  | { readonly kind: 'slice'; readonly of: Selector; readonly from: Term | undefined; readonly to: Term | undefined }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Selector;
      readonly right: Selector;
    }
  | { readonly kind: 'negative'; readonly of: Selector }
  | { readonly kind: 'list' | 'set' | 'tuple'; readonly elements: readonly Selector[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Selector, Selector])[] }
  | { readonly kind: 'user'; readonly fields: readonly (readonly [string, Selector])[] }
  | { readonly kind: 'hint'; readonly type: TypeName; readonly of: Selector };
export type SelectClause = { readonly selector: Selector; readonly alias: string | undefined };

export type Comparison = '=' | '<' | '<=' | '>' | '>=' | '!=';
export type Relation =
  | { readonly kind: 'compare'; readonly column: string; readonly operator: Comparison; readonly value: Term }
  | { readonly kind: 'in'; readonly column: string; readonly values: Term | readonly Term[] }
  | {
      readonly kind: 'contains' | 'containsKey' | 'like';
      readonly column: string;
      readonly value: Term;
    }
  | { readonly kind: 'isNotNull'; readonly column: string }
  | { readonly kind: 'token'; readonly columns: readonly string[]; readonly operator: Comparison; readonly value: Term }
  | { readonly kind: 'tuple'; readonly columns: readonly string[]; readonly operator: Comparison; readonly value: Term }
  /** `values` as one term is `IN ?`. */
  | { readonly kind: 'tupleIn'; readonly columns: readonly string[]; readonly values: Term | readonly Term[] }
  | {
      readonly kind: 'element';
      readonly column: string;
      readonly key: Term;
      readonly operator: Comparison;
      readonly value: Term;
    }
  | { readonly kind: 'ann'; readonly column: string; readonly value: Term }
  | { readonly kind: 'custom'; readonly index: QualifiedName; readonly value: Term };

/** `IF …`, of one column, element or field. */
export type Condition = {
  readonly column: string;
  readonly at:
    | { readonly kind: 'column' }
    | { readonly kind: 'element'; readonly key: Term }
    | { readonly kind: 'field'; readonly field: string };
  readonly test:
    | { readonly kind: 'compare'; readonly operator: Comparison; readonly value: Term }
    | { readonly kind: 'in'; readonly values: Term | readonly Term[] }
    | { readonly kind: 'contains' | 'containsKey'; readonly value: Term };
};
export type Conditions =
  | { readonly kind: 'none' | 'exists' | 'notExists' }
  | { readonly kind: 'all'; readonly conditions: readonly Condition[] };

export type Using = { readonly timestamp: Term | undefined; readonly ttl: Term | undefined };

/** One SET of an UPDATE. */
export type Assignment =
  | { readonly kind: 'set'; readonly column: string; readonly value: Term }
  /** `c = c + …`, `c = c - …`, `c = … + c`, `c += …`, `c -= …`. */
  | { readonly kind: 'add' | 'subtract' | 'prepend'; readonly column: string; readonly value: Term }
  | { readonly kind: 'element'; readonly column: string; readonly key: Term; readonly value: Term }
  | { readonly kind: 'field'; readonly column: string; readonly field: string; readonly value: Term };
export type Deletion =
  | { readonly kind: 'column'; readonly column: string }
  | { readonly kind: 'element'; readonly column: string; readonly key: Term }
  | { readonly kind: 'field'; readonly column: string; readonly field: string };

export type SelectStatement = {
  readonly kind: 'select';
  readonly table: QualifiedName;
  readonly json: boolean;
  readonly distinct: boolean;
  /** Empty: `*`. */
  readonly clauses: readonly SelectClause[];
  readonly where: readonly Relation[];
  readonly groupBy: readonly Selector[];
  readonly orderBy: readonly {
    readonly column: string;
    readonly descending: boolean;
    readonly ann: Term | undefined;
  }[];
  readonly perPartitionLimit: Term | undefined;
  readonly limit: Term | undefined;
  readonly allowFiltering: boolean;
};
export type InsertStatement = {
  readonly kind: 'insert';
  readonly table: QualifiedName;
  readonly columns: readonly string[];
  readonly values: readonly Term[];
  /** INSERT JSON: then columns and values are empty. */
  readonly json: { readonly value: Term; readonly defaultUnset: boolean } | undefined;
  readonly ifNotExists: boolean;
  readonly using: Using;
};
export type UpdateStatement = {
  readonly kind: 'update';
  readonly table: QualifiedName;
  readonly using: Using;
  readonly assignments: readonly Assignment[];
  readonly where: readonly Relation[];
  readonly conditions: Conditions;
};
export type DeleteStatement = {
  readonly kind: 'delete';
  readonly table: QualifiedName;
  readonly deletions: readonly Deletion[];
  readonly using: Using;
  readonly where: readonly Relation[];
  readonly conditions: Conditions;
};
export type ModificationStatement = InsertStatement | UpdateStatement | DeleteStatement;
export type BatchStatement = {
  readonly kind: 'batch';
  readonly type: 'logged' | 'unlogged' | 'counter';
  readonly using: Using;
  readonly statements: readonly ModificationStatement[];
};

/** An option's value as it was written; maps keep their order. */
export type PropertyValue = string | number | boolean | ReadonlyMap<string, string>;
export type Properties = ReadonlyMap<string, PropertyValue>;
export type ColumnDefinition = {
  readonly name: string;
  readonly type: TypeName;
  readonly isStatic: boolean;
  readonly isPrimaryKey: boolean;
  readonly mask: { readonly function: QualifiedName | undefined; readonly args: readonly Term[] } | undefined;
};
export type CreateTableStatement = {
  readonly kind: 'createTable';
  readonly table: QualifiedName;
  readonly ifNotExists: boolean;
  readonly columns: readonly ColumnDefinition[];
  /** `PRIMARY KEY ((a, b), c)`; undefined: the one column that says so itself. */
  readonly primaryKey: { readonly partition: readonly string[]; readonly clustering: readonly string[] } | undefined;
  readonly clusteringOrder: readonly { readonly column: string; readonly descending: boolean }[];
  readonly compactStorage: boolean;
  readonly properties: Properties;
};
export type AlterTableStatement = {
  readonly kind: 'alterTable';
  readonly table: QualifiedName;
  readonly ifExists: boolean;
  readonly change:
    | { readonly kind: 'add'; readonly ifNotExists: boolean; readonly columns: readonly ColumnDefinition[] }
    | { readonly kind: 'drop'; readonly ifExists: boolean; readonly columns: readonly string[]; readonly using: Using }
    | { readonly kind: 'rename'; readonly ifExists: boolean; readonly renames: readonly (readonly [string, string])[] }
    | { readonly kind: 'retype'; readonly column: string; readonly type: TypeName }
    | { readonly kind: 'dropCompactStorage' }
    | {
        readonly kind: 'mask';
        readonly ifExists: boolean;
        readonly column: string;
        /** Undefined: DROP MASKED. */
        readonly mask: ColumnDefinition['mask'];
      }
    | { readonly kind: 'with'; readonly properties: Properties };
};
export type IndexTarget = { readonly kind: 'column' | 'keys' | 'values' | 'entries' | 'full'; readonly column: string };

/** What permissions are about. `all` with a name: all below it. */
export type Resource =
  | { readonly kind: 'allKeyspaces' | 'allRoles' | 'allFunctions' | 'allMBeans' }
  | { readonly kind: 'keyspace' | 'tablesIn' | 'functionsIn'; readonly keyspace: string }
  | { readonly kind: 'table'; readonly table: QualifiedName }
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'function'; readonly name: QualifiedName; readonly args: readonly TypeName[] }
  | { readonly kind: 'mbean' | 'mbeans'; readonly name: string };
export type RoleOptions = {
  readonly password: string | undefined;
  readonly hashedPassword: string | undefined;
  readonly generatedPassword: boolean;
  readonly superuser: boolean | undefined;
  readonly login: boolean | undefined;
  readonly options: ReadonlyMap<string, string> | undefined;
  readonly datacenters: readonly string[] | 'all' | undefined;
  readonly cidrs: readonly string[] | 'all' | undefined;
};
/** `undefined`: ALL. */
export type PermissionNames = readonly string[] | undefined;

export type DescribeTarget =
  | { readonly kind: 'cluster' | 'keyspaces' | 'tables' | 'types' | 'functions' | 'aggregates' }
  | { readonly kind: 'schema'; readonly full: boolean }
  | { readonly kind: 'keyspace'; readonly name: string | undefined; readonly only: boolean }
  | { readonly kind: 'table' | 'index' | 'view' | 'type' | 'function' | 'aggregate'; readonly name: QualifiedName }
  /** Keyspace, table, index or view: whichever has the name. */
  | { readonly kind: 'any'; readonly name: QualifiedName };

export type Statement =
  | SelectStatement
  | InsertStatement
  | UpdateStatement
  | DeleteStatement
  | BatchStatement
  | CreateTableStatement
  | AlterTableStatement
  | { readonly kind: 'use'; readonly keyspace: string }
  | { readonly kind: 'truncate'; readonly table: QualifiedName }
  | {
      readonly kind: 'createKeyspace';
      readonly name: string;
      readonly ifNotExists: boolean;
      readonly properties: Properties;
    }
  | {
      readonly kind: 'alterKeyspace';
      readonly name: string;
      readonly ifExists: boolean;
      readonly properties: Properties;
    }
  | { readonly kind: 'dropKeyspace'; readonly name: string; readonly ifExists: boolean }
  | {
      readonly kind: 'dropTable' | 'dropView' | 'dropIndex' | 'dropType';
      readonly name: QualifiedName;
      readonly ifExists: boolean;
    }
  | {
      readonly kind: 'createIndex';
      readonly name: string | undefined;
      readonly keyspace: string | undefined;
      readonly table: QualifiedName;
      readonly ifNotExists: boolean;
      readonly targets: readonly IndexTarget[];
      readonly custom: boolean;
      /** `USING '…'`. */
      readonly className: string | undefined;
      readonly properties: Properties;
    }
  | {
      readonly kind: 'createView';
      readonly name: QualifiedName;
      readonly ifNotExists: boolean;
      readonly select: SelectStatement;
      readonly primaryKey: { readonly partition: readonly string[]; readonly clustering: readonly string[] };
      readonly clusteringOrder: readonly { readonly column: string; readonly descending: boolean }[];
      readonly properties: Properties;
    }
  | {
      readonly kind: 'alterView';
      readonly name: QualifiedName;
      readonly ifExists: boolean;
      readonly properties: Properties;
    }
  | {
      readonly kind: 'createType';
      readonly name: QualifiedName;
      readonly ifNotExists: boolean;
      readonly fields: readonly (readonly [string, TypeName])[];
    }
  | {
      readonly kind: 'alterType';
      readonly name: QualifiedName;
      readonly ifExists: boolean;
      readonly change:
        | {
            readonly kind: 'add';
            readonly ifNotExists: boolean;
            readonly fields: readonly (readonly [string, TypeName])[];
          }
        | {
            readonly kind: 'rename';
            readonly ifExists: boolean;
            readonly renames: readonly (readonly [string, string])[];
          }
        | { readonly kind: 'retype'; readonly field: string; readonly type: TypeName };
    }
  | {
      readonly kind: 'createFunction';
      readonly name: QualifiedName;
      readonly orReplace: boolean;
      readonly ifNotExists: boolean;
      readonly args: readonly (readonly [string, TypeName])[];
      readonly calledOnNull: boolean;
      readonly returns: TypeName;
      readonly language: string;
      readonly body: string;
    }
  | {
      readonly kind: 'createAggregate';
      readonly name: QualifiedName;
      readonly orReplace: boolean;
      readonly ifNotExists: boolean;
      readonly args: readonly TypeName[];
      readonly stateFunction: string;
      readonly stateType: TypeName;
      readonly finalFunction: string | undefined;
      readonly initial: Term | undefined;
    }
  /** `args` undefined: whichever has the name, if it is the only one. */
  | {
      readonly kind: 'dropFunction' | 'dropAggregate';
      readonly name: QualifiedName;
      readonly args: readonly TypeName[] | undefined;
      readonly ifExists: boolean;
    }
  | {
      readonly kind: 'createTrigger';
      readonly name: string;
      readonly table: QualifiedName;
      readonly ifNotExists: boolean;
      readonly className: string;
    }
  | { readonly kind: 'dropTrigger'; readonly name: string; readonly table: QualifiedName; readonly ifExists: boolean }
  /** `user`: CREATE USER and its kin, of old. */
  | {
      readonly kind: 'createRole' | 'alterRole';
      readonly name: string;
      readonly user: boolean;
      /** IF NOT EXISTS, IF EXISTS. */
      readonly conditional: boolean;
      readonly options: RoleOptions;
    }
  | { readonly kind: 'dropRole'; readonly name: string; readonly user: boolean; readonly ifExists: boolean }
  | { readonly kind: 'grantRole' | 'revokeRole'; readonly role: string; readonly to: string }
  | {
      readonly kind: 'grantPermissions' | 'revokePermissions';
      readonly permissions: PermissionNames;
      readonly resource: Resource;
      readonly role: string;
    }
  | {
      readonly kind: 'listPermissions';
      readonly permissions: PermissionNames;
      readonly resource: Resource | undefined;
      readonly of: string | undefined;
      readonly recursive: boolean;
    }
  | { readonly kind: 'listRoles'; readonly of: string | undefined; readonly recursive: boolean }
  | { readonly kind: 'listUsers' | 'listSuperusers' }
  | {
      readonly kind: 'identity';
      readonly action: 'add' | 'drop';
      readonly identity: string;
      readonly role: string | undefined;
      readonly conditional: boolean;
    }
  | { readonly kind: 'describe'; readonly target: DescribeTarget; readonly withInternals: boolean };

export type Marker = { readonly name: string | undefined; readonly place: Place };
/** A whole text. `markers` as they stand in it. */
export type Parsed = { readonly statement: Statement; readonly markers: readonly Marker[] };
