import { expect, test } from '@jest/globals';
import { CqlFault, type Plan } from '../engine/contract.ts';
import { PreparedStatements, type Planner } from './prepared.ts';

const column = (name: string) => ({ keyspace: 'ks', table: 't', name, type: { kind: 'int' as const } });
const planOf = (...names: string[]) =>
  ({ columns: names.map(column), markers: [], partitionKeyMarkers: [] }) as unknown as Plan;

/** A planner whose schema can be changed. */
class Changing implements Planner {
  schema: object = {};
  answer: Plan | CqlFault = planOf('id');
  change(answer: Plan | CqlFault) {
    this.schema = {};
    this.answer = answer;
  }
  plan() {
    if (this.answer instanceof CqlFault) throw this.answer;
    return this.answer;
  }
}
const kindOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    if (error instanceof CqlFault) return error.detail.kind;
    throw error;
  }
  return undefined;
};

test('the schema changes, but not the columns: the statement goes on with a new plan', () => {
  const planner = new Changing();
  const prepared = new PreparedStatements().prepare(planner, 'SELECT id FROM t', 'ks');
  const other = planOf('id');
  planner.change(other);
  expect(prepared.current(planner)).toBe(other);
});

test('other columns: the statement is unprepared until it is prepared again, with the same id and another result id', () => {
  const planner = new Changing();
  const statements = new PreparedStatements();
  const prepared = statements.prepare(planner, 'SELECT * FROM t', 'ks');
  const { resultId } = prepared;
  planner.change(planOf('id', 'val'));
  expect(kindOf(() => prepared.current(planner))).toBe('unprepared');
  // Also when the columns are again those of before: somebody may have been told so, and has not prepared it yet.
  planner.change(planOf('id'));
  expect(kindOf(() => prepared.current(planner))).toBe('unprepared');
  planner.change(planOf('id', 'val'));
  expect(statements.prepare(planner, 'SELECT * FROM t', 'ks')).toBe(prepared);
  expect(prepared.current(planner)).toBe(planner.answer);
  expect(prepared.resultId).not.toEqual(resultId);
});

test('a statement that makes no sense any more is unprepared, and preparing it says why', () => {
  const planner = new Changing();
  const statements = new PreparedStatements();
  const prepared = statements.prepare(planner, 'SELECT * FROM t', 'ks');
  planner.change(new CqlFault({ kind: 'invalid' }, 'table t does not exist'));
  expect(kindOf(() => prepared.current(planner))).toBe('unprepared');
  expect(kindOf(() => statements.prepare(planner, 'SELECT * FROM t', 'ks'))).toBe('invalid');
  planner.change(planOf('id'));
  expect(kindOf(() => statements.prepare(planner, 'SELECT * FROM t', 'ks'))).toBeUndefined();
});
