/** All cases. */
import type { Case } from './case.ts';
import { attributes } from './cases/attributes.ts';
import { connections } from './cases/connections.ts';
import { during } from './cases/during.ts';
import { framing } from './cases/framing.ts';
import { hashes } from './cases/hashes.ts';
import { listing } from './cases/listing.ts';
import { logins } from './cases/login.ts';
import { machine } from './cases/machine.ts';
import { paths } from './cases/paths.ts';
import { restarts } from './cases/restart.ts';
import { tls } from './cases/tls.ts';
import { tlsData } from './cases/tls-data.ts';
import { transfers } from './cases/transfers.ts';
import { whole } from './cases/whole.ts';

export const suite: readonly Case[] = [
  ...framing,
  ...logins,
  ...paths,
  ...listing,
  ...machine,
  ...transfers,
  ...restarts,
  ...connections,
  ...tls,
  ...tlsData,
  ...during,
  ...attributes,
  ...hashes,
  ...whole,
];
