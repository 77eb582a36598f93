/** The sessions of this router as rows for the others, and the others' as they told them. */
import { routing } from '@skerry/proto';
import type { Table } from './tables.ts';

/** Between two looks at the sessions, in ms: what one does is told so late at most, and then goes round. */
export const lookMs = 500;
/** What always changes (bytes, idle time) is told again after so long, in ms, while the session is at work. */
export const atWorkAgainMs = 2_000;
/** Of a command, a path or a name, in characters: a row must fit, and WHO must be readable. */
export const textShownMax = 120;

type Told = { readonly text: string; readonly atMs: number };

export class SessionRows {
  readonly #table: Table;
  readonly #router: string;
  /** By session: what was told last, and when. */
  readonly #told = new Map<string, Told>();
  /** @param router node id of this one. */
  constructor(table: Table, router: string) {
    this.#table = table;
    this.#router = router;
  }

  /** Tells what is new of our sessions. */
  look(sessions: Iterable<routing.SessionSummary>, nowMs: number): void {
    const there = new Set<string>();
    for (const session of sessions) {
      there.add(session.sessionId);
      this.#tell(session, nowMs);
    }
    for (const sessionId of this.#told.keys()) {
      if (there.has(sessionId)) continue;
      this.#told.delete(sessionId);
      this.#table.withdraw(sessionId);
    }
  }
  #tell(session: routing.SessionSummary, nowMs: number): void {
    const { sessionId } = session;
    const before = this.#told.get(sessionId);
    const text = lastingOf(session);
    const agoMs = nowMs - (before?.atMs ?? Number.NEGATIVE_INFINITY);
    const worked = session.transferring || session.idleMs < agoMs;
    if (before?.text === text && !(worked && agoMs >= atWorkAgainMs)) return;
    this.#told.set(sessionId, { text, atMs: nowMs });
    this.#table.put(sessionId, routing.SessionSummary.encode(shortened(session)).finish());
  }

  /** Those of other routers. */
  others(): readonly routing.SessionSummary[] {
    const sessions: routing.SessionSummary[] = [];
    for (const { key, node, value, ageMs } of this.#table.rows()) {
      const session = node === this.#router ? undefined : read(value);
      if (session === undefined) continue;
      const idleMs = session.transferring ? 0 : session.idleMs + Math.round(ageMs);
      sessions.push({ ...session, sessionId: key, router: node, idleMs });
    }
    return sessions;
  }
}

/** What does not change by itself. */
const lastingOf = (session: routing.SessionSummary): string =>
  [
    session.user,
    session.command,
    session.workingDirectory,
    session.path,
    session.transferring,
    session.tls,
    session.dataTls,
  ].join('\n');

const shortened = (session: routing.SessionSummary): routing.SessionSummary => ({
  ...session,
  // The row's key and owner say these.
  sessionId: '',
  router: '',
  user: session.user.slice(0, textShownMax),
  command: session.command.slice(0, textShownMax),
  path: session.path.slice(0, textShownMax),
  workingDirectory: session.workingDirectory.slice(0, textShownMax),
});

function read(value: Uint8Array): routing.SessionSummary | undefined {
  try {
    return routing.SessionSummary.decode(value);
  } catch {
    // Of another version of ours, and for show only.
    return undefined;
  }
}
