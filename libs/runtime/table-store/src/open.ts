/** Opens a table store in a folder. */
import type { TableLayout, TableStore } from '@skerry/domain-table';
import { StatusError } from '@skerry/kernel';
import { openSorted } from '@skerry/runtime-kv';
import type { World } from '@skerry/runtime-world';
import { CommitLog, type LogMode } from './commit-log.ts';
import {
  LmdbTableStore,
  memtableDefaultBytes,
  type StoredFigures,
  type TableStoreStatistics,
} from './lmdb-table-store.ts';
import { formatNote, readFormat, readMeta, storeFormat } from './meta.ts';

export type TableStoreOptions = {
  readonly world: Pick<World, 'disk' | 'clock' | 'random' | 'checksum'>;
  /** The blocks' folder, absolute; made when it is not there. A snapshot is such a folder. */
  readonly path: string;
  /** The commit log's, on the world's disk. */
  readonly logDirectory: string;
  /** Tables that are there: of others nothing is replayed, and what is stored goes. */
  readonly tables: readonly TableLayout[];
  readonly mode?: LogMode;
  readonly memtableBytes?: number;
  readonly logSegmentBytes?: number;
  readonly mapSizeBytes?: number;
  /** The store takes no more: end the process, and start anew from the disk. */
  readonly onFatal: (error: StatusError) => void;
};
export type OpenTableStore = TableStore & {
  statistics(): TableStoreStatistics;
  stored(tableNumber: number): StoredFigures;
};

/** 1 TiB of addresses: they take no memory and no disk. */
const mapSizeDefaultBytes = 1024 ** 4;

/** @throws StatusError `format_newer` (nothing touched), `corrupt`, `disk_full`, `read_only_disk`, `disk_failed`. */
export async function openTableStore(options: TableStoreOptions): Promise<OpenTableStore> {
  const { world, path, tables, mode = 'periodic', memtableBytes = memtableDefaultBytes, onFatal } = options;
  const mapSizeBytes = options.mapSizeBytes ?? mapSizeDefaultBytes;
  const blocks = await openSorted(path, mapSizeBytes);
  try {
    const format = readFormat(blocks.place());
    if (format !== undefined && format > storeFormat)
      throw new StatusError(
        'format_newer',
        `Cannot open table store "${path}": its format is ${format}, this program knows up to ${storeFormat}`,
      );
    if (format !== undefined && format < storeFormat)
      throw new StatusError(
        'malformed',
        `Cannot open table store "${path}": its format is ${format}, of a program before the first release; wanted ${storeFormat}`,
      );
    if (format === undefined) await blocks.write([formatNote()]);
    const { replayFrom, removals, runs } = readMeta(blocks.place());
    const store = new LmdbTableStore({
      world,
      blocks,
      path,
      mapSizeBytes,
      mode,
      memtableBytes,
      onFatal,
      removals,
      runs,
    });
    for (const table of tables) store.setTable(table);
    const log = await CommitLog.open(
      {
        world,
        directory: options.logDirectory,
        mode,
        onFatal,
        ...(options.logSegmentBytes === undefined ? {} : { segmentSizeBytes: options.logSegmentBytes }),
      },
      replayFrom,
      (bytes, from, to, place) => store.replay(bytes, from, to, place),
    );
    store.useLog(log);
    await store.removeUnknown();
    return store;
  } catch (thrown) {
    await blocks.close();
    throw thrown;
  }
}
