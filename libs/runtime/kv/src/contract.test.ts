import { temporaryDirectory } from '@skerry/testing/node';
import { orderedStoreContract } from '@skerry/testing';
import { openKv } from './index.ts';

orderedStoreContract(async () => {
  const store = await openKv({ path: temporaryDirectory() });
  return { subject: store, close: () => store.close() };
});
