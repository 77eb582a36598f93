/** Carries items between asynchronous parts with back-pressure. */
export * from './channel.ts';
