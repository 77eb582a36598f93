import type { Scenario } from './play.fixture.ts';

export const sync: Scenario = {
  name: 'a promise leaves when it is on disk',
  bugs: '1, 9, 23',
  text: `
begin voters=a,b,c
----
ok

hold a
----
ok

hold b
----
ok

isolate c
----
ok

campaign a
----
ok

show a
----
a candidate 2 log - commit 0

# Its own vote first; then the others are asked.
sync a
----
ok

deliver kind=requestVote
----
ok

deliver kind=vote
----
ok

show a
----
a candidate 2 log - commit 0

sync b
----
ok

deliver kind=vote
----
a leads term 2

show a
----
a leader 2 log 2 commit 0

# The entry that begins the term is on b's disk, not on its own: not yet.
deliver kind=append
----
ok

sync b
----
ok

deliver kind=appended
----
ok

show a
----
a leader 2 log 2 commit 0

sync a
----
ok

show a
----
a leader 2 log 2 commit 1
`,
};
