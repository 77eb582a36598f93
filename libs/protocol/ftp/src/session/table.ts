/** Every command that the server knows. */
import { addressCommands } from './address-commands.ts';
import { digestCommands } from './digest-commands.ts';
import { helpCommands } from './help-commands.ts';
import { listCommands } from './list-commands.ts';
import { loginCommands } from './login-commands.ts';
import { lookCommands } from './look-commands.ts';
import { parameterCommands } from './parameter-commands.ts';
import { pathCommands } from './path-commands.ts';
import { securityCommands } from './security-commands.ts';
import { namedFileCommands } from './named-file-commands.ts';
import { siteCommands } from './site-commands.ts';
import { transferCommands } from './transfer-commands.ts';
import type { CommandRow, CommandRows } from './turn.ts';

const own: CommandRows = {
  ...loginCommands,
  ...securityCommands,
  ...parameterCommands,
  ...addressCommands,
  ...pathCommands,
  ...lookCommands,
  ...transferCommands,
  ...listCommands,
  ...digestCommands,
  ...namedFileCommands,
  ...siteCommands,
};

/** By verb, in upper case. */
export const commands: ReadonlyMap<string, CommandRow> = new Map(Object.entries({ ...own, ...helpCommands(own) }));

const covered = 'TLS protects the control connection; send AUTH TLS.';
const replaced = 'RFC 2428 replaced it; send EPSV or EPRT.';
/** Standardised or widely sent, and not done here: 502 with the reason, where an unknown word is 500. */
export const knownButAbsent: ReadonlyMap<string, string> = new Map([
  ['SMNT', 'There is one tree only, and nothing to mount.'],
  ['MIC', covered],
  ['CONF', covered],
  ['ENC', covered],
  ['LPRT', replaced],
  ['LPSV', replaced],
  ['DSIZ', 'Sizes of directories are not counted.'],
  ['CSID', 'Not done here; FEAT tells what is.'],
  ['THMB', 'Not done here; FEAT tells what is.'],
  ['XRCP', 'Mail is not taken by FTP.'],
  ['XSEN', 'Mail is not taken by FTP.'],
  ['MAIL', 'Mail is not taken by FTP.'],
]);
