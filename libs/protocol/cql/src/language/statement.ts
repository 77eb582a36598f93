/** One statement, told by its first words. What no statement begins with is refused there, as Cassandra does. */
import type { Statement } from './ast.ts';
import { addIdentity, dropIdentity, dropRole, dropUser, grant, listStatement, role, user } from './access.ts';
import type { Cursor } from './cursor.ts';
import { describe } from './describe.ts';
import { ifExists, keyspaceName, qualifiedIndexName, tableName } from './names.ts';
import { batch, deletion, insert, update } from './modify.ts';
import {
  alterKeyspace,
  alterType,
  createAggregate,
  createFunction,
  createIndex,
  createKeyspace,
  createTrigger,
  createType,
  dropFunction,
  dropTrigger,
} from './schema.ts';
import { select } from './select.ts';
import { alterTable, alterView, createTable, createView } from './tables.ts';
import * as K from './tokens.ts';
import { userTypeName } from './types.ts';

export const statement = (c: Cursor): Statement => {
  switch (c.kind) {
    case K.SELECT:
      return select(c);
    case K.INSERT:
      return insert(c);
    case K.UPDATE:
      return update(c);
    case K.DELETE:
      return deletion(c);
    case K.BEGIN:
      return batch(c);
    case K.USE:
      c.at += 1;
      return { kind: 'use', keyspace: keyspaceName(c) };
    case K.TRUNCATE:
      c.at += 1;
      c.accept(K.TABLE);
      return { kind: 'truncate', table: tableName(c) };
    case K.CREATE:
      return create(c);
    case K.ALTER:
      return alter(c);
    case K.DROP:
      return drop(c);
    case K.GRANT:
      return grant(c, 'grant');
    case K.REVOKE:
      return grant(c, 'revoke');
    case K.LIST:
      return listStatement(c);
    case K.ADD:
      c.at += 1;
      c.expect(K.IDENTITY);
      return addIdentity(c);
    case K.DESCRIBE:
    case K.DESC:
      return describe(c);
    default:
      return c.noViable();
  }
};

const create = (c: Cursor): Statement => {
  switch (c.ahead(1)) {
    case K.KEYSPACE:
    case K.SCHEMA:
      c.at += 2;
      return createKeyspace(c);
    case K.TABLE:
      c.at += 2;
      return createTable(c);
    case K.TYPE:
      c.at += 2;
      return createType(c);
    case K.INDEX:
      c.at += 2;
      return createIndex(c, false);
    case K.CUSTOM:
      if (c.ahead(2) !== K.INDEX) c.noViable(2);
      c.at += 3;
      return createIndex(c, true);
    case K.MATERIALIZED:
      c.at += 2;
      c.expect(K.VIEW);
      return createView(c);
    case K.FUNCTION:
      c.at += 2;
      return createFunction(c, false);
    case K.AGGREGATE:
      c.at += 2;
      return createAggregate(c, false);
    case K.OR:
      return replace(c);
    case K.TRIGGER:
      c.at += 2;
      return createTrigger(c);
    case K.ROLE:
      c.at += 2;
      return role(c, 'createRole');
    case K.USER:
      c.at += 2;
      return user(c, 'createRole');
    default:
      return c.noViable(1);
  }
};
const replace = (c: Cursor): Statement => {
  if (c.ahead(2) !== K.REPLACE) c.noViable(2);
  const kind = c.ahead(3);
  if (kind !== K.FUNCTION && kind !== K.AGGREGATE) c.noViable(3);
  c.at += 4;
  return kind === K.FUNCTION ? createFunction(c, true) : createAggregate(c, true);
};

const alter = (c: Cursor): Statement => {
  switch (c.ahead(1)) {
    case K.KEYSPACE:
    case K.SCHEMA:
      c.at += 2;
      return alterKeyspace(c);
    case K.TABLE:
      c.at += 2;
      return alterTable(c);
    case K.TYPE:
      c.at += 2;
      return alterType(c);
    case K.MATERIALIZED:
      c.at += 2;
      c.expect(K.VIEW);
      return alterView(c);
    case K.ROLE:
      c.at += 2;
      return role(c, 'alterRole');
    case K.USER:
      c.at += 2;
      return user(c, 'alterRole');
    default:
      return c.noViable(1);
  }
};

const drop = (c: Cursor): Statement => {
  switch (c.ahead(1)) {
    case K.KEYSPACE:
    case K.SCHEMA: {
      c.at += 2;
      const isConditional = ifExists(c);
      return { kind: 'dropKeyspace', name: keyspaceName(c), ifExists: isConditional };
    }
    case K.TABLE:
      c.at += 2;
      return dropped(c, 'dropTable');
    case K.MATERIALIZED:
      c.at += 2;
      c.expect(K.VIEW);
      return dropped(c, 'dropView');
    case K.INDEX: {
      c.at += 2;
      const isConditional = ifExists(c);
      return { kind: 'dropIndex', name: qualifiedIndexName(c), ifExists: isConditional };
    }
    case K.TYPE: {
      c.at += 2;
      const isConditional = ifExists(c);
      return { kind: 'dropType', name: userTypeName(c), ifExists: isConditional };
    }
    case K.FUNCTION:
      c.at += 2;
      return dropFunction(c, 'dropFunction');
    case K.AGGREGATE:
      c.at += 2;
      return dropFunction(c, 'dropAggregate');
    case K.TRIGGER:
      c.at += 2;
      return dropTrigger(c);
    case K.ROLE:
      c.at += 2;
      return dropRole(c);
    case K.USER:
      c.at += 2;
      return dropUser(c);
    case K.IDENTITY:
      c.at += 2;
      return dropIdentity(c);
    default:
      return c.noViable(1);
  }
};
const dropped = (c: Cursor, kind: 'dropTable' | 'dropView'): Statement => {
  const isConditional = ifExists(c);
  return { kind, name: tableName(c), ifExists: isConditional };
};
