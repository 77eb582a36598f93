/** A question to several nodes, of which some may not answer. */
import { StatusError, toStatusError } from '@skerry/kernel';

type Node<C> = { readonly nodeId: string; readonly client: C };
export type Answers<T> = {
  readonly answers: readonly { readonly nodeId: string; readonly answer: T }[];
  /** One line for each that did not. */
  readonly missing: readonly string[];
};

/** @throws StatusError of the first when none of them answers, `no_node` when there is none. */
export async function askAll<C, T>(
  nodes: readonly Node<C>[],
  what: string,
  ask: (client: C) => Promise<T>,
): Promise<Answers<T>> {
  if (nodes.length === 0)
    throw new StatusError('no_node', `Cannot find a ${what}: is one running? See skerry cluster status`);
  const settled = await Promise.allSettled(
    nodes.map(async ({ nodeId, client }) => ({ nodeId, answer: await ask(client) })),
  );
  const answers = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failures = settled.flatMap((each, index) =>
    each.status === 'rejected' ? [{ nodeId: nodes[index]?.nodeId ?? '', error: toStatusError(each.reason) }] : [],
  );
  const [first] = failures;
  if (answers.length === 0 && first !== undefined) throw first.error;
  return { answers, missing: failures.map(({ nodeId, error }) => `${nodeId} did not answer: ${error.message}`) };
}
