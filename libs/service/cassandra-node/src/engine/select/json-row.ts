/** SELECT JSON: each row as one text. Source: Cassandra 5.0, `Selection.rowToJson`. */
import { utf8 } from '@skerry/kernel';
import { jsonText } from '@skerry/domain-values';
import type { Execution } from '../contract.ts';
import type { Row } from './row.ts';
import { selectedBytes } from './selected.ts';
import type { ResultSelector } from './selectors.ts';

/** Names that are not plain lower case are quoted inside their quotes. */
const keyText = (name: string): string => JSON.stringify(name === name.toLowerCase() ? name : `"${name}"`);

export function jsonRow(selectors: readonly ResultSelector[], row: Row, execution: Execution): Uint8Array {
  const fields = selectors.map(({ name, selected }) => {
    const bytes = selectedBytes(selected, row, execution);
    return `${keyText(name)}: ${bytes === null ? 'null' : jsonText(selected.type, bytes)}`;
  });
  return utf8(`{${fields.join(', ')}}`);
}
