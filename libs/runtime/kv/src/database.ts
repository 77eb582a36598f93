/** The only module that knows lmdb-js. */
import { open, type RootDatabase, type Transaction } from 'lmdb';

/** Keys and values are bytes as they are. */
export type Database = RootDatabase<Buffer, Buffer>;
export type ReadTransaction = Transaction;
/** Of what LMDB says of its pages; the library gives it no type. */
export type PageStatistics = {
  readonly pageSize: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
};

/** Makes the folder when it is not there. @throws what LMDB says. */
export const openDatabase = (path: string, mapSizeBytes: number): Database =>
  open<Buffer, Buffer>({
    path,
    noSubdir: false,
    mapSize: mapSizeBytes,
    keyEncoding: 'binary',
    encoding: 'binary',
    // A commit is LMDB's own, in two synced steps; why not the others: docs/adr/0003-lmdb-under-the-log.md.
    overlappingSync: false,
    // Its batches of one turn make promises that nobody can hold: one that is rejected would end the process.
    eventTurnBatching: false,
    compression: false,
    maxDbs: 1,
  });
