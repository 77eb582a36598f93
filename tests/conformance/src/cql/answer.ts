/** Answers as the corpus writes them: names and rows, what changed in the schema, or the kind of error and its message. */
import { literalText, typeName } from '@skerry/domain-values';
import type { Response, RowCells, SchemaChange, WireColumn } from '@skerry/protocol-cql';

function changeText(schema: SchemaChange): string {
  const { change, target, keyspace } = schema;
  return [change, target, schema.target === 'KEYSPACE' ? keyspace : `${keyspace}.${schema.name}`].join(' ');
}
function rowTexts(columns: readonly WireColumn[], { rowCount, buffer, starts, lengths }: RowCells): string[] {
  return Array.from({ length: rowCount }, (_, row) => {
    const cells = columns.map(({ type }, column) => {
      const at = row * columns.length + column;
      const [start = 0, length = -1] = [starts[at], lengths[at]];
      return literalText(type, length < 0 ? undefined : buffer.subarray(start, start + length));
    });
    // A blank line would end the answer in the corpus.
    return cells.join(' | ').replaceAll(/\n+/g, '\n') || '(empty)';
  });
}

const typedNames = (columns: readonly WireColumn[]): string =>
  columns.map(({ name, type }) => `${name} ${typeName(type)}`).join(' | ');

/** @param typed columns are told with their types. */
export function answerLines({ body, warnings }: Response, typed: boolean): readonly string[] {
  const told = warnings.map((warning) => `warning: ${warning}`);
  if (body.kind === 'error') return [`${body.error.kind}: ${body.error.message}`];
  if (body.kind === 'schema_change') return [changeText(body.schema), ...told];
  if (body.kind !== 'rows') return told;
  const columns = body.columns ?? [];
  const names = typed ? typedNames(columns) : columns.map(({ name }) => name).join(' | ');
  return [names, ...rowTexts(columns, body.cells), ...told];
}
/** Where the next page begins, copied out of the frame. */
export const nextPage = ({ body }: Response): Uint8Array | undefined =>
  body.kind === 'rows' && body.pagingState !== undefined ? Uint8Array.from(body.pagingState) : undefined;

/** What PREPARE tells: variables, the partition key's indexes among them, columns. */
export function preparedText(response: Response): string {
  const { body } = response;
  if (body.kind !== 'prepared') return answerLines(response, false).join('\n');
  const { variables, partitionKey, columns } = body.prepared;
  return [typedNames(variables), partitionKey.join(' '), typedNames(columns)]
    .map((line) => line || '(none)')
    .join('\n');
}
