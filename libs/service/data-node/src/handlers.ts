/** The rpc's handlers, and who may call them. */
import { data } from '@skerry/proto';
import type { AccessTable, Handlers } from '@skerry/runtime-rpc';
import { operatorRole, type Sealer } from '@skerry/runtime-security';
import { combine, makeDirectory, removeDirectory, removeFile, rename, setAttributes } from './changes.ts';
import { Compactor } from './compactor.ts';
import { DigestDesk } from './digest.ts';
import { assertLeads, type Parts, propose } from './parts.ts';
import { listBelow } from './list-below.ts';
import { list, retrieve, retrieveSmall, stat, usage } from './reads.ts';
import { UploadRegistry } from './registry.ts';
import { store } from './store.ts';
import { Tickets } from './tickets.ts';

type Definition = typeof data.DataServiceDefinition;
const { Operation } = data;

/** Bytes flow between router and data; all else is asked by the processor. */
export const access: AccessTable<Definition> = {
  stat: ['processing', 'data', operatorRole],
  list: ['processing', 'routing'],
  retrieve: ['routing'],
  retrieveSmall: ['routing'],
  store: ['routing'],
  makeDirectory: ['processing'],
  removeDirectory: ['processing'],
  removeFile: ['processing'],
  rename: ['processing'],
  setAttributes: ['processing'],
  combine: ['processing'],
  digest: ['routing'],
  getUsage: ['processing', 'data', operatorRole],
};

export class DataHandlers {
  readonly parts: Parts;
  readonly registry: UploadRegistry;
  readonly compactor: Compactor;
  readonly digests: DigestDesk;
  readonly #tickets: Tickets;
  #reading = 0;

  constructor(parts: Parts, sealer: Sealer) {
    this.parts = parts;
    this.registry = new UploadRegistry(parts.config.uploadCountMax, async (user, place) => {
      await propose(parts, { kind: 'supersedeStage', user, place });
    });
    this.compactor = new Compactor(parts, this.registry);
    this.digests = new DigestDesk(parts);
    this.#tickets = new Tickets(sealer, parts.world.clock);
  }

  /** Transfers under way. */
  get load(): number {
    return this.registry.count + this.#reading;
  }

  handlers(): Handlers<Definition> {
    const { parts, registry, compactor, digests } = this;
    const tickets = this.#tickets;
    const all = { parts, registry, compactor, tickets };
    const open = (sealed: Uint8Array, ...operations: data.Operation[]) => tickets.open(sealed, ...operations);
    const led = (sealed: Uint8Array, operation: data.Operation) => {
      assertLeads(parts);
      return open(sealed, operation);
    };
    return {
      stat: async ({ ticket }) => stat(parts, open(ticket, Operation.STAT), registry),
      list: async function* ({ ticket, recursive }) {
        const opened = open(ticket, Operation.LIST);
        yield* recursive ? listBelow(parts, opened) : list(parts, opened);
      },
      retrieve: ({ ticket, length }) =>
        this.#counted(async function* () {
          yield* retrieve(parts, open(ticket, Operation.RETRIEVE), length);
        }),
      retrieveSmall: async ({ ticket, length }) => {
        this.#reading += 1;
        try {
          return await retrieveSmall(parts, open(ticket, Operation.RETRIEVE), length);
        } finally {
          this.#reading -= 1;
        }
      },
      digest: (request) =>
        this.#counted(async function* () {
          yield* digests.digest(open(request.ticket, Operation.DIGEST), request);
        }),
      store: (requests) => store(all, requests),
      makeDirectory: async ({ ticket }) => makeDirectory(parts, led(ticket, Operation.MAKE_DIRECTORY)),
      removeDirectory: async ({ ticket }) => removeDirectory(parts, led(ticket, Operation.REMOVE_DIRECTORY)),
      removeFile: async ({ ticket }) => removeFile(parts, led(ticket, Operation.REMOVE_FILE)),
      rename: async ({ ticket }) => rename(parts, led(ticket, Operation.RENAME)),
      setAttributes: async (request) => setAttributes(parts, led(request.ticket, Operation.SET_ATTRIBUTES), request),
      combine: async ({ ticket }) => combine(parts, compactor, led(ticket, Operation.COMBINE)),
      getUsage: async ({ user }) => usage(parts, user),
    };
  }

  async *#counted<T>(messages: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    this.#reading += 1;
    try {
      yield* messages();
    } finally {
      this.#reading -= 1;
    }
  }
}
