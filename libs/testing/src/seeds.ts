/** Undefined too where the environment may not be read (Deno without --allow-env). */
function environment(name: string): string | undefined {
  const { process } = globalThis as { readonly process?: { readonly env: Record<string, string | undefined> } };
  try {
    return process?.env[name];
  } catch {
    return undefined;
  }
}

function integer(name: string): number | undefined {
  const text = environment(name);
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`Cannot read ${name}: must be an integer >= 0: got "${text}"`);
  return value;
}

/**
 * Seeds for a simulation test: 1 to `count`, or to `SKERRY_SIM_SEEDS` for a longer run, or only the one in
 * `SKERRY_SEED`, to replay a failure.
 */
export function seeds(count: number): readonly number[] {
  const only = integer('SKERRY_SEED');
  if (only !== undefined) return [only];
  return Array.from({ length: integer('SKERRY_SIM_SEEDS') ?? count }, (_, index) => index + 1);
}
