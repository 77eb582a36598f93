/** What goes into a session machine and what comes out of it. */
import type { Reason } from '@skerry/kernel';
import type { processing } from '@skerry/proto';
import type { ListedEntry, Right } from '../listing.ts';

/** What a session is, but its sockets. */
export type Session = Readonly<processing.Session>;
export type DirectiveKind = NonNullable<processing.Directive['kind']>;

export type TransferOperation = 'retrieve' | 'store' | 'append' | 'list' | 'digest';

/** A question to auth or data, on behalf of the session's user. Paths are the user's, absolute and normalised. */
export type BackendCall =
  | { readonly kind: 'login'; readonly user: string; readonly password: string }
  | { readonly kind: 'stat'; readonly path: string; readonly right: Right }
  /** The first entries of a directory, at most `countMax`. */
  | { readonly kind: 'list'; readonly path: string; readonly countMax: number }
  | { readonly kind: 'makeDirectory'; readonly path: string }
  | { readonly kind: 'removeDirectory'; readonly path: string }
  | { readonly kind: 'removeFile'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly targetPath: string }
  | {
      readonly kind: 'setAttributes';
      readonly path: string;
      readonly modifiedAtMs?: number;
      readonly createdAtMs?: number;
      /** POSIX permission bits. */
      readonly mode?: number;
    }
  /** Appends the parts to the file and removes them, in one step. */
  | { readonly kind: 'combine'; readonly path: string; readonly partPaths: readonly string[] }
  | { readonly kind: 'usage' }
  | { readonly kind: 'account' }
  | { readonly kind: 'changePassword'; readonly oldPassword: string; readonly newPassword: string }
  /** A ticket for a transfer that the router makes. */
  | {
      readonly kind: 'prepare';
      readonly operation: TransferOperation;
      readonly path: string;
      /** In bytes. */
      readonly offset: number;
      readonly expectedLength?: number | undefined;
      readonly announcedLength?: number | undefined;
      readonly uniqueName: boolean;
      /** A list of all that is below. */
      readonly recursive?: boolean;
    };

export type BackendAnswers = {
  readonly login: { readonly grant: Uint8Array };
  readonly stat: {
    /** Absent: nothing stands there. */
    readonly entry?: ListedEntry | undefined;
    /** Length of the user's own stage that a cut left, in bytes. */
    readonly stageLength?: number | undefined;
    readonly rights: readonly Right[];
  };
  readonly list: { readonly self: ListedEntry; readonly entries: readonly ListedEntry[]; readonly complete: boolean };
  readonly makeDirectory: object;
  readonly removeDirectory: object;
  readonly removeFile: object;
  readonly rename: object;
  readonly setAttributes: object;
  readonly combine: object;
  readonly account: { readonly administrator: boolean };
  readonly changePassword: object;
  readonly usage: {
    readonly bytes: number;
    readonly files: number;
    readonly quotaBytes?: number | undefined;
    readonly quotaFiles?: number | undefined;
    /** On the server's disk, in bytes. */
    readonly freeBytes?: number | undefined;
  };
  readonly prepare: { readonly ticket: Uint8Array; readonly rights: readonly Right[] };
};
export type BackendKind = keyof BackendAnswers;
export type BackendAnswer =
  | { readonly [K in BackendKind]: { readonly kind: K; readonly value: BackendAnswers[K] } }[BackendKind]
  | { readonly kind: 'failed'; readonly reason: Reason };

export type SessionInput =
  /** One line, as the framer gives it. */
  | { readonly kind: 'command'; readonly line: Uint8Array }
  /** To the one call under way. */
  | { readonly kind: 'answer'; readonly answer: BackendAnswer };

export type SessionEffect =
  /** To be answered before anything else comes. At most one in a step, as its last effect. */
  | { readonly kind: 'call'; readonly call: BackendCall }
  | { readonly kind: 'directive'; readonly directive: processing.Directive }
  /** The line is done: the last effect of it. */
  | { readonly kind: 'finished'; readonly session: Session };

/** `login`: no USER without TLS. `data`: no transfer without it either. */
export type TlsRequired = 'no' | 'login' | 'data';

export type SessionContext = {
  /** Milliseconds since 1970 when the line began. */
  readonly nowMs: number;
  /** Default: no. */
  readonly tlsRequired?: TlsRequired;
  /** Names that HOST may give, lower case. Default: any. */
  readonly hosts?: readonly string[];
};
