/** The stock driver, as the prompt uses it. */
import { readFile } from 'node:fs/promises';
import { StatusError } from '@skerry/kernel';
import type { auth, Client, ClientOptions } from './driver.ts';
import { errorLine } from './errors.ts';

export type Place = {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string;
  readonly keyspace: string | undefined;
  readonly ssl: boolean;
  /** PEM file with what the server's certificate must be signed by. */
  readonly cafile: string | undefined;
  /** Of one request, in ms. */
  readonly timeoutMs: number;
};

/** @throws StatusError in one line. */
export async function connect(place: Place): Promise<Client> {
  // Loaded here: no other command waits for it.
  const driver = await import('./driver.ts');
  const { host, port, username, password, keyspace, timeoutMs } = place;
  const provider: auth.AuthProvider | undefined =
    username === undefined ? undefined : new driver.auth.PlainTextAuthProvider(username, password);
  const sslOptions = await sslOf(place);
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const { consistencies, distance } = driver.types;
  const options: ClientOptions = {
    contactPoints: [address],
    // The one node that was named, in whichever data center it is.
    policies: {
      loadBalancing: new driver.policies.loadBalancing.AllowListPolicy(
        new driver.policies.loadBalancing.RoundRobinPolicy(),
        [address],
      ),
    },
    pooling: { coreConnectionsPerHost: { [distance.local]: 1, [distance.remote]: 1 } },
    socketOptions: { readTimeout: timeoutMs },
    queryOptions: { consistency: consistencies.one },
    encoding: { map: Map, set: Set },
    ...(keyspace === undefined ? {} : { keyspace }),
    ...(provider === undefined ? {} : { authProvider: provider }),
    ...(sslOptions === undefined ? {} : { sslOptions }),
  };
  const client = new driver.Client(options);
  try {
    await client.connect();
    return client;
  } catch (cause) {
    await client.shutdown();
    throw new StatusError('no_node', `Connection error: cannot connect to ${address}: ${errorLine(cause)}`, { cause });
  }
}

async function sslOf({ ssl, cafile }: Place): Promise<ClientOptions['sslOptions']> {
  if (!ssl) return undefined;
  if (cafile === undefined) return { rejectUnauthorized: true };
  try {
    return { rejectUnauthorized: true, ca: [await readFile(cafile, 'utf8')] };
  } catch (cause) {
    throw new StatusError('malformed', `Cannot read --cafile "${cafile}": ${(cause as Error).message}`, { cause });
  }
}
