/** A driver's errors in one line, in cqlsh's words. */
const kinds: Readonly<Record<number, readonly [string, string]>> = {
  0x0000: ['ServerError', 'Server error'],
  0x000a: ['ProtocolException', 'Protocol error'],
  0x0100: ['AuthenticationFailed', 'Bad credentials'],
  0x1000: ['Unavailable', 'Unavailable exception'],
  0x1001: ['OverloadedErrorMessage', 'Coordinator node overloaded'],
  0x1002: ['IsBootstrapping', 'Coordinator node is bootstrapping'],
  0x1003: ['TruncateError', 'Error during truncate'],
  0x1100: ['WriteTimeout', 'Coordinator node timed out waiting for replica nodes responses'],
  0x1200: ['ReadTimeout', 'Coordinator node timed out waiting for replica nodes responses'],
  0x1300: ['ReadFailure', 'Replica(s) failed to execute read'],
  0x1400: ['FunctionFailure', 'User Defined Function failure'],
  0x1500: ['WriteFailure', 'Replica(s) failed to execute write'],
  0x2000: ['SyntaxException', 'Syntax error in CQL query'],
  0x2100: ['Unauthorized', 'Unauthorized'],
  0x2200: ['InvalidRequest', 'Invalid query'],
  0x2300: ['ConfigurationException', 'Query invalid because of configuration issue'],
  0x2400: ['AlreadyExists', 'Item already exists'],
};

export function errorLine(thrown: unknown): string {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { code } = error as { readonly code?: unknown };
  const kind = typeof code === 'number' ? kinds[code] : undefined;
  const message = plainMessage(error);
  if (kind === undefined || typeof code !== 'number') return message;
  const [name, meaning] = kind;
  return `${name}: Error from server: code=${code.toString(16).padStart(4, '0')} [${meaning}] message="${message}"`;
}
/** Of a driver that found no node, what the first one said. */
function plainMessage(error: Error): string {
  const { innerErrors } = error as { readonly innerErrors?: Readonly<Record<string, Error>> };
  const [inner] = Object.entries(innerErrors ?? {});
  const text = inner === undefined ? error.message : `${inner[0]}: ${inner[1].message}`;
  return text.split('\n').join(' ');
}
