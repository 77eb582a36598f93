/** For tests: what the writers of `crash.test.ts` do, as a plan that the child performs and the parent checks. */
import { Prng } from '@skerry/kernel';

export type Act =
  | { readonly kind: 'put' | 'append' | 'cut'; readonly name: string; readonly size: number; readonly seed: number }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'rename'; readonly name: string; readonly to: string };
/** Name to the pieces of content, one behind the other. */
export type Files = ReadonlyMap<string, readonly { readonly size: number; readonly seed: number }[]>;

export const writerCount = 3;
const names = ['a', 'b', 'c'];

/** The endless plan of one writer in one life. */
export function* plan(life: number, writer: number): Generator<Act, never, undefined> {
  const prng = new Prng(life * 1_000 + writer);
  while (true) {
    const name = prng.pick(names);
    const size = prng.chance(0.5) ? prng.between(0, 3_000) : prng.between(66_000, 900_000);
    const kind = prng.pick(['put', 'put', 'append', 'cut', 'remove', 'rename'] as const);
    if (kind === 'remove') yield { kind, name };
    else if (kind === 'rename') yield { kind, name, to: prng.pick(names) };
    else yield { kind, name, size, seed: prng.u32() };
  }
}

/** What stands there after the act. */
export function after(files: Files, act: Act): Files {
  const next = new Map(files);
  const there = next.get(act.name);
  switch (act.kind) {
    case 'put':
      return next.set(act.name, [act]);
    case 'append':
      return next.set(act.name, [...(there ?? []), act]);
    case 'cut':
      return next;
    case 'remove':
      next.delete(act.name);
      return next;
    case 'rename':
      if (there === undefined || act.name === act.to) return next;
      next.delete(act.name);
      return next.set(act.to, there);
  }
}
