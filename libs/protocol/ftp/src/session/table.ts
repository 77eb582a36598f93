/** Every command that the server knows. */
import { addressCommands } from './address-commands.ts';
import { helpCommands } from './help-commands.ts';
import { loginCommands } from './login-commands.ts';
import { lookCommands } from './look-commands.ts';
import { parameterCommands } from './parameter-commands.ts';
import { pathCommands } from './path-commands.ts';
import { securityCommands } from './security-commands.ts';
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
  ...siteCommands,
};

/** By verb, in upper case. */
export const commands: ReadonlyMap<string, CommandRow> = new Map(Object.entries({ ...own, ...helpCommands(own) }));

/** Standardised or widely sent, and not done here: 502, where an unknown word is 500. */
export const knownButAbsent: ReadonlySet<string> = new Set(
  'SMNT ADAT MIC CONF ENC LPRT LPSV MFCT MFF COMB AVBL HASH RANG XCRC XMD5 XSHA1 XSHA256 DSIZ'.split(' '),
);
