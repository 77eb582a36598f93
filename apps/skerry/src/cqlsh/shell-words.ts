/** What the prompt does itself, told from what the server does. */
const words = [
  'help',
  '?',
  'exit',
  'quit',
  'consistency',
  'serial',
  'expand',
  'paging',
  'tracing',
  'source',
  'copy',
  'show',
  'clear',
  'cls',
] as const;
export type ShellWord = (typeof words)[number];
export type ShellCommand = { readonly word: ShellWord; readonly rest: string };

/** Undefined: a statement for the server. A semicolon at the end is left out. */
export function shellCommand(line: string): ShellCommand | undefined {
  const [, first = '', rest = ''] = /^\s*(\?|[a-z]+)(?:\s+([\s\S]*?))?\s*;?\s*$/i.exec(line) ?? [];
  const word = words.find((each) => each === first.toLowerCase());
  return word === undefined ? undefined : { word, rest };
}
export const helpText = `
Statements end with a semicolon. The server answers DESCRIBE.

  CONSISTENCY [LEVEL]            shows or sets the consistency level
  SERIAL CONSISTENCY [LEVEL]     the same for conditions of INSERT, UPDATE and DELETE
  EXPAND [ON|OFF]                each row by itself
  PAGING [ON|OFF|ROWS]           rows that are fetched at once
  TRACING [ON|OFF]               what the server did for each request
  SOURCE 'FILE'                  runs the statements of a file
  COPY TABLE [(COLUMNS)] TO|FROM 'FILE'|STDOUT|STDIN [WITH HEADER=true AND DELIMITER=',' …]
                                 also NULL, QUOTE, ESCAPE, PAGESIZE, MAXROWS, SKIPROWS
  SHOW VERSION | HOST            what is at the other end
  CLEAR                          clears the screen
  EXIT                           ends, as Ctrl-D does
`;
