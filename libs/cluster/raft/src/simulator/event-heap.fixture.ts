/** What is to happen, in order of time; at one time in order of being added. */
type Event = { readonly at: number; readonly order: number; readonly run: () => void };

const earlier = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class EventHeap {
  /** A binary heap: no event is earlier than its parent. */
  readonly #heap: Event[] = [];
  /** Events added in all. */
  added = 0;

  add(at: number, run: () => void): void {
    const event = { at, order: this.added++, run };
    const heap = this.#heap;
    let place = heap.push(event) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!earlier(event, heap[parent] as Event)) break;
      heap[place] = heap[parent] as Event;
      place = parent;
    }
    heap[place] = event;
  }

  /** The first event, if it is due by `end`. */
  takeUntil(end: number): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.at > end) return undefined;
    const last = heap.pop() as Event;
    if (heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(event: Event): void {
    const heap = this.#heap;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!earlier(heap[child] as Event, event)) break;
      heap[place] = heap[child] as Event;
      place = child;
    }
    heap[place] = event;
  }
}
