/**
 * The door between our reasons and FTP's codes: one table, complete by the compiler.
 *
 * Source: RFC 959 §4.2 and §5.4, RFC 3659 §5.4 (554).
 */
import type { Reason } from '@skerry/kernel';

export type FtpOperation =
  | 'login'
  /** CWD, SIZE, MDTM, MLST, STAT, RNFR: looks at one entry. */
  | 'inspect'
  | 'list'
  | 'retrieve'
  | 'store'
  | 'append'
  | 'digest'
  | 'make_directory'
  | 'remove_directory'
  | 'remove_file'
  | 'rename'
  | 'set_attributes'
  | 'usage'
  | 'password';

type Row = {
  readonly code: number;
  readonly text: string;
  /** Where the standard lists another code for the command. */
  readonly except?: Partial<Record<FtpOperation, number>>;
};

/** The commands whose argument names what shall come to be answer 553. */
const naming = { store: 553, append: 553, rename: 553 } as const;
/** A log-in that cannot be judged now ends the connection: the client comes again, perhaps elsewhere. */
const loginLater = { login: 421 } as const;
const transfers = { retrieve: 426, store: 426, append: 426, list: 426 } as const;

const rows: Readonly<Record<Reason, Row>> = {
  malformed: { code: 501, text: 'The argument cannot be read.' },
  name_too_long: { code: 550, text: 'The name is too long.', except: naming },
  path_invalid: { code: 501, text: 'The path holds what no path may.', except: naming },
  no_such_entry: { code: 550, text: 'No such file or directory.' },
  no_such_user: { code: 530, text: 'Login incorrect.' },
  no_such_group: { code: 550, text: 'No such group.' },
  no_such_node: { code: 451, text: 'A server behind this one is missing; try again.', except: loginLater },
  no_such_method: { code: 502, text: 'A server behind this one cannot do that.' },
  entry_exists: { code: 550, text: 'There is one of that name already.', except: naming },
  user_exists: { code: 550, text: 'There is a user of that name already.' },
  group_exists: { code: 550, text: 'There is a group of that name already.' },
  group_in_use: { code: 550, text: 'Users are in that group.' },
  not_a_directory: { code: 550, text: 'Not a directory.' },
  is_a_directory: { code: 550, text: 'That is a directory.', except: naming },
  directory_not_empty: { code: 550, text: 'The directory is not empty.' },
  directory_cycle: { code: 553, text: 'A directory cannot move into itself.' },
  offset_past_end: { code: 554, text: 'The restart marker lies behind the end.', except: { append: 450 } },
  quota: { code: 552, text: 'Quota exceeded.' },
  disk_full: { code: 452, text: 'No space left on the server; nothing was lost.' },
  too_large: { code: 552, text: 'Larger than this server takes.' },
  too_many_sessions: { code: 421, text: 'Too many sessions; try again later.' },
  overloaded: { code: 450, text: 'Too busy; try again.', except: loginLater },
  credentials: { code: 530, text: 'Login incorrect.', except: { password: 550 } },
  // The words of a wrong password: who is locked out must not tell by them which passwords were right.
  too_many_failures: { code: 530, text: 'Login incorrect.', except: { password: 550 } },
  token_invalid: { code: 451, text: 'A right given by this server was not recognised; try again.' },
  token_expired: { code: 451, text: 'A right given by this server expired; try again.' },
  token_revoked: { code: 421, text: 'This session is over; log in again.' },
  account_disabled: { code: 421, text: 'This account was disabled.', except: { login: 530 } },
  access_denied: { code: 550, text: 'Permission denied.' },
  ticket_used: { code: 451, text: 'This transfer was begun already; try again.' },
  version_conflict: { code: 450, text: 'The file changed meanwhile; look at it and try again.' },
  fenced: { code: 450, text: 'Another session took over this upload.' },
  blob_dead: { code: 450, text: 'The upload came too late; try again.' },
  stage_moved: { code: 450, text: 'The upload has another length than this session was told; ask for SIZE again.' },
  not_leader: { code: 451, text: 'The servers are choosing a leader; try again.', except: loginLater },
  no_node: { code: 451, text: 'A server behind this one is missing; try again.', except: loginLater },
  connection_lost: { code: 451, text: 'A server behind this one was lost; try again.', except: loginLater },
  shutting_down: { code: 451, text: 'A server behind this one shuts down; try again.', except: loginLater },
  stalled: { code: 451, text: 'The transfer stalled.', except: loginLater },
  deadline: { code: 451, text: 'A server behind this one did not answer in time; try again.', except: loginLater },
  cancelled: { code: 451, text: 'Cancelled.', except: { ...transfers, ...loginLater } },
  corrupt: { code: 551, text: 'The stored file is damaged and is not served.' },
  disk_failed: { code: 451, text: 'The disk of the server failed.', except: loginLater },
  read_only_disk: { code: 451, text: 'The disk of the server cannot be written to.', except: loginLater },
  format_newer: { code: 451, text: 'The data are of a newer version than this server.', except: loginLater },
  port_in_use: { code: 425, text: 'Cannot open the data connection: the port is in use.' },
  unexpected: { code: 451, text: 'The server failed; the operator finds the cause in its log.', except: loginLater },
};

/** The reply to a command that failed for `reason`. A 421 means that the control connection ends after it. */
export function replyForFailure(reason: Reason, operation: FtpOperation): { code: number; text: string } {
  const { code, text, except = {} } = rows[reason];
  return { code: except[operation] ?? code, text };
}
