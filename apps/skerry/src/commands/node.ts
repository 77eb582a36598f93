/** `skerry node ROLE`: one node of one role; what a container runs. */
import type { CommandRow } from '@skerry/runtime-config';
import { nodeCommand } from '@skerry/runtime-host';
import { roles } from '../roles.ts';
import { version } from '../version.ts';

export const nodeCommands: readonly CommandRow[] = roles.map(({ name, summary, settings, start }) =>
  nodeCommand({
    path: ['node', name],
    summary: `Start one node: ${summary}.`,
    examples: [`skerry node ${name} --id ${name}_1 --host 127.0.0.1 --join 127.0.0.1:7400`],
    role: name,
    settings,
    start,
    version,
  }),
);
