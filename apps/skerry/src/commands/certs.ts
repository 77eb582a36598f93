/** `skerry certs …`: the cluster's authority and its nodes' certificates. */
import { join, resolve } from 'node:path';
import { isNodeId, StatusError } from '@skerry/kernel';
import { command, hostPattern, list, text } from '@skerry/runtime-config';
import { makeFolder } from '@skerry/runtime-host';
import { initAuthority, issueCertificate, loadAuthority, saveIdentity } from '@skerry/runtime-security';
import { mkdir } from 'node:fs/promises';
import { authorityFolder } from '../authority.ts';
import { dataSetting } from '../common-settings.ts';

const init = command({
  path: ['certs', 'init'],
  summary: "Make a cluster's authority, its sealing key and the operator's certificate in DIR/ca.",
  settings: { data: dataSetting },
  examples: ['skerry certs init --data /etc/skerry'],
  run: async (config, { stdout }) => {
    const data = resolve(config.data);
    await makeFolder(data);
    const { cluster } = await initAuthority(authorityFolder(data));
    stdout.write(`cluster ${cluster}: authority and operator's certificate in ${authorityFolder(data)}\n`);
    return 0;
  },
});

const issue = command({
  path: ['certs', 'issue'],
  summary: "Issue a node's certificate into a folder, to be carried to that node's DIR/<node>/identity.",
  positional: '<node>',
  settings: {
    data: dataSetting,
    role: text({
      default: '',
      help: 'Role of the node, such as data; required.',
      pattern: /^[a-z][a-z-]*$/,
      wanted: 'a role',
      placeholder: 'ROLE',
    }),
    hosts: list({
      default: [],
      help: 'Names and addresses under which others reach it, besides its own name and loopback.',
      pattern: hostPattern,
      wanted: 'names or addresses, separated by commas',
      placeholder: 'HOST,…',
    }),
    out: text({ default: '', help: 'Folder to write into; default DIR/<node>/identity.', placeholder: 'DIR' }),
  },
  examples: ['skerry certs issue data_2 --role data --hosts 10.0.0.12,data_2.example.org'],
  run: async (config, { arguments: [nodeId = ''], stdout }) => {
    if (!isNodeId(nodeId))
      throw new StatusError(
        'malformed',
        `Cannot issue a certificate: the node's name must be 1 to 63 of a-z 0-9 _ -: got "${nodeId}"`,
      );
    if (config.role === '') throw new StatusError('malformed', 'Cannot issue a certificate: --role is missing');
    const data = resolve(config.data);
    const authority = await loadAuthority(authorityFolder(data));
    if (authority === undefined)
      throw new StatusError(
        'credentials',
        `Cannot find an authority in "${authorityFolder(data)}": make one with skerry certs init --data ${config.data}`,
      );
    const out = config.out === '' ? join(data, nodeId, 'identity') : resolve(config.out);
    const tls = await issueCertificate(authority, { nodeId, role: config.role, hosts: config.hosts });
    await mkdir(join(out, '..'), { recursive: true });
    await saveIdentity(out, {
      cluster: authority.cluster,
      nodeId,
      role: config.role,
      tls,
      sealingKey: authority.sealingKey,
    });
    stdout.write(`certificate of ${config.role} node ${nodeId} in ${out}\n`);
    return 0;
  },
});

export const certificateCommands = [init, issue];
