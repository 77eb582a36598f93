/** Drives pure machines, and carries items between asynchronous parts with back-pressure. */
export * from './channel.ts';
export * from './driver.ts';
