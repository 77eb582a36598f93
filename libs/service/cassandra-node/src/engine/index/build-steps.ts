/** An index or a view is filled from the rows that its table has. What is written meanwhile comes to it by itself. */
import type { TableSchema } from '@skerry/domain-table';
import { StatusError } from '@skerry/kernel';
import type { IndexDefinition, ViewDefinition } from '../../catalog/state.ts';
import type { Environment } from '../environment.ts';
import { abandon, apply } from '../modify/writing.ts';
import { ViewUpkeep } from '../modify/views.ts';
import type { Planning } from '../planning.ts';
import { readBuildState, writeBuildState } from './build-states.ts';
import { TableWalk, type WalkVisitor } from './table-walk.ts';
import { IndexUpkeep } from './upkeep.ts';

/** Rows that are looked at before others have their turn. */
export const buildRowsMax = 256;

export type Build = { readonly base: TableSchema } & (
  | { readonly kind: 'index'; readonly index: IndexDefinition }
  | { readonly kind: 'view'; readonly view: ViewDefinition }
);
export const numberOf = (build: Build): number =>
  build.kind === 'index' ? build.index.number : build.view.schema.number;

/**
 * Builds step by step, from where it stood. It yields when a step is applied, and when memory was full: then it is to be
 * asked again later.
 * @param nowMs the time of each step, since 1970.
 * @throws StatusError of the store.
 */
export function* buildSteps(
  planning: Planning,
  environment: Environment,
  build: Build,
  nowMs: () => number,
): Generator<'applied' | 'full'> {
  const { store, writing } = environment;
  const table = environment.layout(build.base);
  const number = numberOf(build);
  const { after } = readBuildState(environment, number, Math.floor(nowMs() / 1000));
  const walk = new TableWalk(store.reader(), table, after);
  const visitor = visitorOf(planning, environment, build);
  for (let rowsMax = buildRowsMax; ;) {
    const now = nowMs();
    const nowSeconds = Math.floor(now / 1000);
    const mark = writing.writer.sink.length;
    let done: (() => void) | undefined;
    try {
      writing.begin({ nowMs: now, nowSeconds }, 0, 0, 0);
      done = walk.step(rowsMax, nowSeconds, visitor);
      apply(writing);
      const before = walk.after;
      done?.();
      if (done === undefined) writeBuildState(environment, number, { built: true, after: undefined }, now);
      else if (walk.after !== before) writeBuildState(environment, number, { built: false, after: walk.after }, now);
      store.apply();
    } catch (thrown) {
      abandon(writing, mark);
      if (!(thrown instanceof StatusError) || thrown.reason !== 'overloaded') throw thrown;
      // Less at a time finds room sooner.
      rowsMax = Math.max(1, rowsMax >>> 1);
      yield 'full';
      continue;
    }
    if (done === undefined) return;
    rowsMax = Math.min(buildRowsMax, 2 * rowsMax);
    yield 'applied';
  }
}

function visitorOf(planning: Planning, environment: Environment, build: Build): WalkVisitor {
  const { writing } = environment;
  const table = environment.layout(build.base);
  if (build.kind === 'view') {
    const upkeep = new ViewUpkeep(planning, environment, table, [build.view]);
    return {
      partition: () => undefined,
      row: ({ row }, key) => upkeep.captureNew(writing, key, row),
      endPartition: () => undefined,
    };
  }
  const upkeep = new IndexUpkeep(table, [build.index], false);
  return {
    partition: (reader, key) => {
      upkeep.beginPartition(reader.tokenHi, reader.tokenLo, key, 0, key.length);
      if (reader.statics.exists) upkeep.statics(writing, reader.statics);
    },
    row: ({ row }) => upkeep.row(writing, row),
    endPartition: () => upkeep.endPartition(writing),
  };
}
