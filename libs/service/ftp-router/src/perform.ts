/** Which road a transfer takes. */
import { unreachable } from '@skerry/kernel';
import { processing } from '@skerry/proto';
import { download } from './download.ts';
import { listing } from './listing.ts';
import type { Outcome, TransferRun } from './transfer.ts';
import { upload } from './upload.ts';

export function performed(run: TransferRun): Promise<Outcome> {
  const { kind } = run.job.transfer;
  switch (kind) {
    case processing.TransferKind.RETRIEVE:
      return download(run);
    case processing.TransferKind.STORE:
      return upload(run);
    case processing.TransferKind.LIST:
    case processing.TransferKind.UNSPECIFIED:
      return listing(run);
    default:
      return unreachable(kind);
  }
}
