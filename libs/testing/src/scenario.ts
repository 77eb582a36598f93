/**
 * Scenario texts: a command line, `----`, the expected output, a blank line. Lines before a command that start with `#`
 * are comments. A block without a command is kept as it is.
 */
export type ScenarioHandler = (command: string, args: readonly string[]) => string | Promise<string>;

/** The scenario with the outputs that `handle` really gives; `ok` stands for an empty output. Equal texts: it holds. */
export async function playScenario(text: string, handle: ScenarioHandler): Promise<string> {
  const played: string[] = [];
  for (const block of text.trimEnd().split(/\n\n+/)) {
    const [head = ''] = block.split('\n----');
    const lines = head.split('\n').filter((line) => !line.startsWith('#'));
    const [command = '', ...args] = lines.join(' ').trim().split(/\s+/);
    if (command === '') played.push(block);
    else played.push(`${head}\n----\n${(await handle(command, args)).trimEnd() || 'ok'}`);
  }
  return `${played.join('\n\n')}\n`;
}
