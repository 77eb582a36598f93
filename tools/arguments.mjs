/** What every tool of this folder does with its command line: `--help` tells what there is, and a slip is one line. */
import { parseArgs } from 'node:util';

/**
 * @param {string} help Shown for --help; its first line is the usage.
 * @param {import('node:util').ParseArgsConfig} config
 */
export function commandLine(help, config) {
  try {
    const parsed = parseArgs({ ...config, options: { ...config.options, help: { type: 'boolean', default: false } } });
    if (!parsed.values.help) return parsed;
    console.log(help);
    process.exit(0);
  } catch (thrown) {
    if (!String(thrown.code).startsWith('ERR_PARSE_ARGS')) throw thrown;
    return refuse(help, thrown.message);
  }
}

/**
 * Ends with 2, as a wrong command line does.
 * @returns {never}
 */
export function refuse(help, message) {
  console.error(`${message}\n${help}`);
  process.exit(2);
}

/** A whole number of an option, or the end. */
export function whole(help, name, text, least = 0) {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least) return number;
  return refuse(help, `--${name} ${text}: a whole number from ${least} is wanted`);
}
