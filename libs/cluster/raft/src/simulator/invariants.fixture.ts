/**
 * What must hold after every step (thesis figure 3.2), and before a promise leaves: seen from outside, with majorities
 * counted anew, so that a machine that counts wrongly does not check itself.
 */
import { assert, present, type LogIndex, type NodeId, type Term } from '@skerry/kernel';
import { decodeConfiguration } from '../configuration.ts';
import type { Configuration, Entry, OutgoingMessage, Position, SnapshotMark } from '../types.ts';
import type { Disk } from './disk.fixture.ts';
import type { Node } from './node.fixture.ts';
import type { State } from './state.fixture.ts';

/** `seenTerm`: of the leader that decided it. */
type Decided = { readonly term: Term; readonly seenTerm: Term };

const majorities = ({ voters, outgoing }: Configuration, has: (id: NodeId) => boolean): boolean =>
  [voters, outgoing].every((half) => half.length === 0 || 2 * half.filter(has).length > half.length);

export class Invariants {
  /** Entries that a voter to be may miss. */
  readonly promotionLagMax = 5;
  /** What any leader has decided. A read that is asked for later sees it: more than clients could tell. */
  decidedTop = 0;
  /** Operations that were applied twice, and had effect once. */
  readonly #appliedAt = new Map<number, number>();
  readonly #nodes: ReadonlyMap<NodeId, Node>;
  readonly #mark: (name: string) => void;
  readonly #leaders = new Map<number, NodeId>();
  readonly #votes = new Map<string, NodeId>();
  readonly #decided = new Map<number, Decided>();
  readonly #digests = new Map<number, number>();
  readonly #configurations: { readonly index: number; readonly text: string }[] = [];

  constructor(nodes: ReadonlyMap<NodeId, Node>, mark: (name: string) => void) {
    this.#nodes = nodes;
    this.#mark = mark;
  }
  #node(id: NodeId): Node {
    return present(this.#nodes.get(id), id);
  }

  onStep(node: Node, before: { readonly term: Term; readonly commit: LogIndex }): void {
    const { term, commit, role } = node.running;
    assert(commit >= before.commit, `${node.id}: commit went back from ${before.commit} to ${commit}`);
    assert(term >= before.term, `${node.id}: term went back from ${before.term} to ${term}`);
    const leads = role === 'leader';
    if (leads && (!node.leads || term !== before.term)) this.#onElected(node, term);
    // Also in the step in which it steps down, since it is no voter any more.
    const led = leads || (node.leads && term === before.term);
    if (led && commit > before.commit) this.#onDecided(node, term, before.commit, commit);
    node.leads = leads;
  }
  #onElected(node: Node, term: Term): void {
    const { id, running } = node;
    const known = this.#leaders.get(term) ?? id;
    assert(known === id, `two leaders in term ${term}: ${known} and ${id}`);
    this.#leaders.set(term, id);
    this.#mark('elected');
    const { term: savedTerm, vote } = node.disk.hardState;
    assert(savedTerm === term && vote === id, `${id} leads term ${term} and its own vote is not on disk`);
    const voted = (voter: NodeId): boolean => voter === id || this.#votes.get(`${voter}@${term}`) === id;
    assert(majorities(running.configuration, voted), `${id} leads term ${term} without a majority's votes`);
    for (const [index, decided] of this.#decided) {
      // A leader that learns late that it was elected may lack what a later one decided meanwhile.
      if (decided.seenTerm >= term || index < running.status().base.index) continue;
      assert(running.termAt(index as LogIndex) === decided.term, `leader ${id} of term ${term} lacks decided ${index}`);
    }
  }
  #onDecided(node: Node, term: Term, from: number, to: number): void {
    const { id, running } = node;
    const place = { index: to as LogIndex, term: present(running.termAt(to as LogIndex), 'term of the decided entry') };
    const has = (holder: NodeId): boolean => this.#node(holder).wiped || this.#node(holder).disk.holds(place);
    assert(majorities(running.configuration, has), `${id} decided ${to}, which no majority has on disk`);
    this.#expectKept(running.configuration, place, id);
    for (let index = from + 1; index <= to; index++) {
      const entryTerm = present(running.termAt(index as LogIndex), 'term of the decided entry');
      const known = this.#decided.get(index);
      assert(known === undefined || known.term === entryTerm, `${id} decides another ${index} than was decided`);
      if (known === undefined) this.#decided.set(index, { term: entryTerm, seenTerm: term });
    }
    if (place.term > running.status().base.term && to - from > 1) this.#mark('decided several at once');
    this.decidedTop = Math.max(this.decidedTop, to);
  }
  /** Nobody who lacks it can be elected any more, by what is on the disks (figure 8 is where one could). */
  #expectKept(configuration: Configuration, place: Position, by: NodeId): void {
    const disks = configuration.voters.map((id) => [id, this.#node(id).disk] as const);
    // A lost disk votes by other rules.
    if ([...this.#nodes.values()].some(({ wiped }) => wiped)) return;
    const lastOf = (disk: Disk): Position => disk.log.at(-1) ?? disk.base.last;
    for (const [id, disk] of disks) {
      if (disk.lastIndex >= place.index && disk.holds(place)) continue;
      const own = lastOf(disk);
      const wouldVote = (voter: NodeId): boolean => {
        const other = lastOf(this.#node(voter).disk);
        return own.term > other.term || (own.term === other.term && own.index >= other.index);
      };
      assert(
        !majorities(configuration, wouldVote),
        `${by} decided ${place.index}, and ${id}, which lacks it, can be elected`,
      );
    }
  }
  /** Applied from here on: it must be decided, and on this disk. */
  onCommitTold(node: Node, index: LogIndex): void {
    const decided = this.#decided.get(index);
    assert(decided !== undefined, `${node.id} commits ${index}, which no leader decided`);
    assert(node.running.termAt(index) === decided.term, `${node.id} commits another ${index} than was decided`);
    assert(node.disk.holds({ index, term: decided.term }), `${node.id} commits ${index}, which is not on its disk`);
  }
  /** Entries from there on are cut off, or their place is taken by a snapshot before them. */
  onDropped(node: Node, from: number): void {
    for (const { index, term } of node.log) {
      if (index < from) continue;
      assert(this.#decided.get(index)?.term !== term, `${node.id} drops ${index}, which was decided`);
    }
  }
  onSend(node: Node, { to, term, body }: OutgoingMessage): void {
    const { id, disk } = node;
    if (body.kind === 'requestVote' && !body.pre) {
      const { vote, term: saved } = disk.hardState;
      assert(saved > term || (saved === term && vote === id), `${id} asks for votes before its own is on disk`);
    }
    if (body.kind === 'vote' && !body.pre && body.granted) this.#onVote(node, to, term);
    if (body.kind !== 'appended' || !body.ok) return;
    const own = node.running.termAt(body.match);
    const holds = disk.lastIndex >= body.match && (own === undefined || disk.holds({ index: body.match, term: own }));
    assert(holds, `${id} acknowledges ${body.match} before it is on disk`);
    assert(disk.hardState.term >= term, `${id} acknowledges in term ${term} before that is on disk`);
  }
  #onVote({ id, disk, wiped }: Node, to: NodeId, term: Term): void {
    const key = `${id}@${term}`;
    const known = this.#votes.get(key) ?? to;
    // A node that lost its disk may vote again; it does so only for others that are new, or when all grant.
    assert(known === to || wiped, `${key} voted for ${known} and ${to}`);
    const { vote, term: saved } = disk.hardState;
    assert(saved > term || (saved === term && vote === to), `${key} is sent before it is on disk`);
    this.#votes.set(key, to);
  }
  onApplied(id: NodeId, entry: Entry, { digest }: State, operation: number | undefined): void {
    const { index, kind, body } = entry;
    const expected = this.#digests.get(index) ?? digest;
    assert(expected === digest, `state of ${id} differs at ${index}`);
    this.#digests.set(index, digest);
    if (kind === 'configuration' && (this.#configurations.at(-1)?.index ?? 0) < index)
      this.#configurations.push({ index, text: JSON.stringify(decodeConfiguration(body)) });
    if (operation === undefined) return;
    if ((this.#appliedAt.get(operation) ?? index) !== index) this.#mark('operation repeated');
    this.#appliedAt.set(operation, index);
  }
  /** The newest in its log counts, decided or not; one that is cut off does not. */
  onConfigured({ id, log, base, running }: Node): void {
    const newest = log.findLast(({ kind }) => kind === 'configuration');
    const wanted = JSON.stringify(newest === undefined ? base.configuration : decodeConfiguration(newest.body));
    const actual = JSON.stringify(running.configuration);
    assert(actual === wanted, `${id} goes by the members ${actual}, its log says ${wanted}`);
  }
  /** A snapshot names the members as of its index. */
  onSnapshot(id: NodeId, { last, configuration }: SnapshotMark): void {
    const decided = this.#configurations.findLast(({ index }) => index <= last.index);
    const text = JSON.stringify(configuration);
    assert(decided === undefined || decided.text === text, `${id} makes a snapshot at ${last.index} with ${text}`);
  }
  /** A change was taken on: those that become voters have all but a little, and a majority is up. */
  onChange({ id, running }: Node, before: Configuration): void {
    const { configuration } = running;
    const least = running.status().last.index - 1 - this.promotionLagMax;
    const ready = (voter: NodeId): boolean =>
      voter === id || this.#node(voter).wiped || this.#node(voter).disk.lastIndex >= least;
    const isNew = (voter: NodeId): boolean => !before.voters.includes(voter);
    const late = configuration.voters.find((voter) => isNew(voter) && !ready(voter));
    assert(late === undefined, `${id} makes ${late} a voter, which misses too much`);
    const enough = 2 * configuration.voters.filter(ready).length > configuration.voters.length;
    assert(enough, `${id} changes to voters of which no majority is ready`);
  }
}
