import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RecordEdge } from './record-edge.ts';

const record = fc
  .uint8Array({ maxLength: 600 })
  .map((body) => Uint8Array.of(23, 3, 3, body.length >> 8, body.length & 255, ...body));
test('a stream is whole between its records and nowhere else, however it is cut into chunks', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 700 })), (records, steps) => {
      const stream = records.flatMap((each) => [...each]);
      const edges = new Set([0]);
      let length = 0;
      for (const each of records) edges.add((length += each.length));
      const edge = new RecordEdge();
      let at = 0;
      for (const step of [...steps, stream.length]) {
        const chunk = stream.slice(at, at + step);
        edge.push(Uint8Array.from(chunk));
        at += chunk.length;
        expect([at, edge.whole]).toEqual([at, edges.has(at)]);
      }
    }),
  );
});
