/** Whether a history is linearizable: as if each operation had happened at one instant between its call and its return. */
import { Search, type Outcome } from './search.ts';
import type { Model, Operation } from './history.ts';

/** Pairs of operations taken and state that are tried for one key, then it is `undecided`: many unanswered writes make many. */
const triedMax = 200_000;
/** What may be remembered of them: one bit for each operation and pair. */
const memorySizeMaxBytes = 64 * 1024 * 1024;

/** `key`: whose operations could not be ordered, or not in time. */
export type Verdict =
  | { readonly kind: 'linearizable' }
  | { readonly kind: 'violated'; readonly key: string; readonly explanation: string }
  | { readonly kind: 'undecided'; readonly key: string };

export function checkLinearizable<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
): Verdict {
  const parts = new Map<string, Operation<Input, Output>[]>();
  for (const operation of history) {
    const key = model.keyOf?.(operation.input) ?? '';
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [operation]);
    else part.push(operation);
  }
  let undecided: string | undefined;
  for (const [key, part] of parts) {
    const countMax = Math.min(triedMax, (8 * memorySizeMaxBytes) / part.length);
    const outcome = new Search(part, model, countMax).run();
    if (outcome.kind === 'violated') return { kind: 'violated', key, explanation: explain(part, outcome) };
    if (outcome.kind === 'undecided') undecided ??= key;
  }
  return undecided === undefined ? { kind: 'linearizable' } : { kind: 'undecided', key: undecided };
}

/** Operations of the longest order that are shown: those just before it got stuck. */
const shownMax = 8;

function explain(
  history: readonly Operation<unknown, unknown>[],
  { longest, stuck }: Extract<Outcome, { kind: 'violated' }>,
): string {
  const line = (operation: number): string => {
    const { client, calledAt, input, returned } = history[operation] as Operation<unknown, unknown>;
    const answer = returned === undefined ? 'no answer' : `${JSON.stringify(returned.output)} at ${returned.at}`;
    return `  ${client} at ${calledAt}: ${JSON.stringify(input)} → ${answer}`;
  };
  const shown = longest.slice(-shownMax).map(line);
  return [
    `after ${longest.length} operations, the last of them`,
    ...shown,
    'none of these fits',
    ...stuck.map(line),
  ].join('\n');
}
