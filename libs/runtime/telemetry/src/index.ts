/** Events, figures and the status door. */
export * from './line-file.ts';
export { type LineSink, type Output } from './log.ts';
export { mergeMetrics, readMemory } from './metrics.ts';
export * from './status-door.ts';
export { createTelemetry, isLevel, levels, type TelemetryOptions } from './telemetry.ts';
export type * from './types.ts';
