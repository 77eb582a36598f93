/** For the tests: clients on the stock drivers. */
import { afterEach } from '@jest/globals';
import { spawn } from 'node:child_process';
import cassandra from 'cassandra-driver';

const open: cassandra.Client[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.shutdown()));
});

export async function connectClient(
  port: number,
  options: Partial<cassandra.ClientOptions> = {},
): Promise<cassandra.Client> {
  const client = new cassandra.Client({
    contactPoints: [`127.0.0.1:${port}`],
    localDataCenter: 'datacenter1',
    ...options,
  });
  open.push(client);
  await client.connect();
  return client;
}

/** Runs a Python program that has the stock driver; rejects unless it exits with 0. @returns what it printed. */
export function python(program: string, ...values: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('python3', ['-c', program, ...values], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(`python ended with ${code}: ${stderr}`)),
    );
  });
}
