import { MemoryStore } from '@skerry/kernel';
import { describe } from '@jest/globals';
import { orderedStoreContract } from './index.ts';

describe('MemoryStore', () => {
  orderedStoreContract(() => ({ subject: new MemoryStore() }));
});
