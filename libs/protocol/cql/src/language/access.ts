/** Roles, users of old, permissions, identities. */
import type { PermissionNames, Resource, RoleOptions, Statement } from './ast.ts';
import type { Cursor } from './cursor.ts';
import {
  functionName,
  ifExists,
  ifNotExists,
  inParenthesesOrNone,
  isName,
  keyspaceName,
  list,
  roleName,
  tableName,
  userName,
} from './names.ts';
import { stringMap } from './properties.ts';
import * as K from './tokens.ts';
import { typeName } from './types.ts';

type MutableOptions = { -readonly [Name in keyof RoleOptions]: RoleOptions[Name] };
const noOptions = (): MutableOptions => ({
  password: undefined,
  hashedPassword: undefined,
  generatedPassword: false,
  superuser: undefined,
  login: undefined,
  options: undefined,
  datacenters: undefined,
  cidrs: undefined,
});

/** Behind CREATE ROLE and ALTER ROLE. */
export const role = (c: Cursor, kind: 'createRole' | 'alterRole'): Statement => {
  const conditional = kind === 'createRole' ? ifNotExists(c) : ifExists(c);
  const name = roleName(c);
  const options = noOptions();
  if (c.accept(K.WITH))
    do roleOption(c, options);
    while (c.accept(K.AND));
  refuseTwoPasswords(c, options);
  return { kind, name, user: false, conditional, options };
};
/** Behind CREATE USER and ALTER USER. */
export const user = (c: Cursor, kind: 'createRole' | 'alterRole'): Statement => {
  const conditional = kind === 'createRole' ? ifNotExists(c) : ifExists(c);
  const name = userName(c, 'user names');
  const options = noOptions();
  if (c.accept(K.WITH)) password(c, options, false);
  if (c.accept(K.SUPERUSER)) options.superuser = true;
  else if (c.accept(K.NOSUPERUSER)) options.superuser = false;
  refuseTwoPasswords(c, options);
  return { kind, name, user: true, conditional, options };
};
/** A role's has `=`, a user's has not. */
const password = (c: Cursor, options: MutableOptions, hasEqual: boolean): void => {
  const value = (): string => {
    if (hasEqual) c.expect(K.EQUAL);
    return c.take(K.STRING_LITERAL);
  };
  if (c.accept(K.PASSWORD)) options.password = value();
  else if (c.acceptBoth(K.HASHED, K.PASSWORD)) options.hashedPassword = value();
  else if (c.acceptBoth(K.GENERATED, K.PASSWORD)) options.generatedPassword = true;
  else c.noViable();
};
const refuseTwoPasswords = (c: Cursor, options: RoleOptions): void => {
  const hasPlain = options.password !== undefined;
  const hasHashed = options.hashedPassword !== undefined;
  if (hasPlain && hasHashed) c.refuse("Options 'password' and 'hashed password' are mutually exclusive");
  if (hasPlain && options.generatedPassword)
    c.refuse("Options 'password' and 'generated password' are mutually exclusive");
  if (hasHashed && options.generatedPassword)
    c.refuse("Options 'hashed password' and 'generated password' are mutually exclusive");
};
const roleOption = (c: Cursor, options: MutableOptions): void => {
  const once = (name: string, isGiven: boolean): void => {
    if (isGiven) c.refuse(`Multiple definition for property '${name}'`);
  };
  switch (c.kind) {
    case K.OPTIONS:
      once('OPTIONS', options.options !== undefined);
      c.at += 1;
      c.expect(K.EQUAL);
      options.options = stringMap(c);
      return;
    case K.SUPERUSER:
      once('SUPERUSER', options.superuser !== undefined);
      options.superuser = flag(c);
      return;
    case K.LOGIN:
      once('LOGIN', options.login !== undefined);
      options.login = flag(c);
      return;
    case K.ACCESS:
      access(c, options);
      return;
    default:
      if (c.kind === K.PASSWORD) once('PASSWORD', options.password !== undefined);
      password(c, options, true);
  }
};
const flag = (c: Cursor): boolean => {
  c.at += 1;
  c.expect(K.EQUAL);
  return c.take(K.BOOLEAN).toLowerCase() === 'true';
};
const access = (c: Cursor, options: MutableOptions): void => {
  c.expect(K.ACCESS);
  const isFrom = c.kind === K.FROM;
  if (!isFrom && c.kind !== K.TO) c.noViable();
  c.at += 1;
  const places = isFrom ? K.CIDRS : K.DATACENTERS;
  let names: readonly string[] | 'all' = 'all';
  if (c.accept(K.ALL)) c.expect(places);
  else {
    c.expect(places);
    c.expect(K.LEFT_BRACE);
    names = list(c, () => c.take(K.STRING_LITERAL));
    c.expect(K.RIGHT_BRACE);
  }
  if (isFrom) options.cidrs = names;
  else options.datacenters = names;
};

export const dropRole = (c: Cursor): Statement => {
  const isConditional = ifExists(c);
  return { kind: 'dropRole', name: roleName(c), user: false, ifExists: isConditional };
};
export const dropUser = (c: Cursor): Statement => {
  const isConditional = ifExists(c);
  return { kind: 'dropRole', name: userName(c, 'user names'), user: true, ifExists: isConditional };
};
/** Behind ADD IDENTITY. */
export const addIdentity = (c: Cursor): Statement => {
  const conditional = ifNotExists(c);
  const identity = userName(c, 'identity');
  c.expect(K.TO);
  c.expect(K.ROLE);
  return { kind: 'identity', action: 'add', identity, role: userName(c, 'identity'), conditional };
};
/** Behind DROP IDENTITY. */
export const dropIdentity = (c: Cursor): Statement => {
  const conditional = ifExists(c);
  return { kind: 'identity', action: 'drop', identity: userName(c, 'identity'), role: undefined, conditional };
};

const isPermission = (kind: number): boolean => {
  switch (kind) {
    case K.CREATE:
    case K.ALTER:
    case K.DROP:
    case K.SELECT:
    case K.MODIFY:
    case K.AUTHORIZE:
    case K.DESCRIBE:
    case K.EXECUTE:
    case K.UNMASK:
    case K.SELECT_MASKED:
      return true;
    default:
      return false;
  }
};
const permissions = (c: Cursor): PermissionNames => {
  if (c.accept(K.ALL)) {
    c.accept(K.PERMISSIONS);
    return undefined;
  }
  return list(c, () => {
    if (!isPermission(c.kind)) c.noViable();
    const name = c.raw.toUpperCase();
    c.at += 1;
    c.accept(K.PERMISSION);
    return name;
  });
};
/** GRANT … TO and REVOKE … FROM, the whole statement: of permissions, or of a role. */
export const grant = (c: Cursor, action: 'grant' | 'revoke'): Statement => {
  const link = action === 'grant' ? K.TO : K.FROM;
  const next = c.ahead(2);
  const isRole = !(isPermission(c.ahead(1)) || c.ahead(1) === K.ALL) || (c.ahead(1) >= K.IDENT && next === link);
  if (isRole) {
    if (!isName(c.ahead(1)) && c.ahead(1) !== K.STRING_LITERAL && c.ahead(1) !== K.QMARK) c.noViable(1);
    c.at += 1;
    const granted = roleName(c);
    c.expect(link);
    return { kind: action === 'grant' ? 'grantRole' : 'revokeRole', role: granted, to: roleName(c) };
  }
  c.at += 1;
  const named = permissions(c);
  c.expect(K.ON);
  const about = resource(c);
  c.expect(link);
  const kind = action === 'grant' ? 'grantPermissions' : 'revokePermissions';
  return { kind, permissions: named, resource: about, role: roleName(c) };
};
/** The whole statement. */
export const listStatement = (c: Cursor): Statement => {
  switch (c.ahead(1)) {
    case K.USERS:
      c.at += 2;
      return { kind: 'listUsers' };
    case K.SUPERUSERS:
      c.at += 2;
      return { kind: 'listSuperusers' };
    case K.ROLES: {
      c.at += 2;
      const of = c.accept(K.OF) ? roleName(c) : undefined;
      return { kind: 'listRoles', of, recursive: !c.accept(K.NORECURSIVE) };
    }
    default: {
      if (c.ahead(1) !== K.ALL && !isPermission(c.ahead(1))) c.noViable(1);
      c.at += 1;
      const named = permissions(c);
      const about = c.accept(K.ON) ? resource(c) : undefined;
      const of = c.accept(K.OF) ? roleName(c) : undefined;
      const recursive = !c.accept(K.NORECURSIVE);
      return { kind: 'listPermissions', permissions: named, resource: about, of, recursive };
    }
  }
};

const resource = (c: Cursor): Resource => {
  const next = c.ahead(1);
  switch (c.kind) {
    case K.ALL:
      if (allOf(next)) {
        c.at += 1;
        return all(c);
      }
      break;
    case K.KEYSPACE:
    case K.SCHEMA:
      c.at += 1;
      return { kind: 'keyspace', keyspace: keyspaceName(c) };
    case K.TABLE:
      c.at += 1;
      break;
    case K.ROLE:
      if (!isName(next) && next !== K.STRING_LITERAL && next !== K.QMARK) break;
      c.at += 1;
      return { kind: 'role', role: roleName(c) };
    case K.FUNCTION:
      if (!isName(next) && next !== K.TOKEN) break;
      c.at += 1;
      return { kind: 'function', name: functionName(c), args: inParenthesesOrNone(c, typeName) };
    case K.MBEAN:
    case K.MBEANS: {
      if (next !== K.STRING_LITERAL) break;
      const kind = c.kind === K.MBEAN ? 'mbean' : 'mbeans';
      c.at += 1;
      return { kind, name: c.take(K.STRING_LITERAL) };
    }
    default:
      break;
  }
  return { kind: 'table', table: tableName(c) };
};
const allOf = (kind: number): boolean =>
  kind === K.KEYSPACES || kind === K.TABLES || kind === K.ROLES || kind === K.FUNCTIONS || kind === K.MBEANS;
const all = (c: Cursor): Resource => {
  if (c.accept(K.KEYSPACES)) return { kind: 'allKeyspaces' };
  if (c.accept(K.ROLES)) return { kind: 'allRoles' };
  if (c.accept(K.MBEANS)) return { kind: 'allMBeans' };
  if (c.accept(K.FUNCTIONS)) return c.accept(K.IN) ? below(c, 'functionsIn') : { kind: 'allFunctions' };
  c.expect(K.TABLES);
  c.expect(K.IN);
  return below(c, 'tablesIn');
};
const below = (c: Cursor, kind: 'functionsIn' | 'tablesIn'): Resource => {
  if (!c.accept(K.SCHEMA)) c.expect(K.KEYSPACE);
  return { kind, keyspace: keyspaceName(c) };
};
