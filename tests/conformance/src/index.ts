export { runSuite, type Result } from './run.ts';
export { suite } from './suite.ts';
export type { Target } from './target.ts';
