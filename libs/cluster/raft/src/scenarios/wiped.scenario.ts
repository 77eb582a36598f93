import type { Scenario } from './play.fixture.ts';

export const wiped: Scenario = {
  name: 'a node whose disk was lost takes part again when a leader has brought it all',
  bugs: '48, 54',
  text: `
begin voters=a,b,c
----
ok

elect a
----
a leads term 1

beat a
----
ok

isolate c
----
ok

propose a
----
ok

settle
----
ok

mend
----
ok

# a has decided entry 2 with b; b's disk is lost, and a is away: b and c are a majority that lacks it.
crash a
----
ok

crash b
----
ok

wipe b
----
ok

start b
----
ok

elect c
----
ok

show
----
a is down
b follower 0 log - commit 0
c preCandidate 1 log 1 commit 1

# With a there is one that has it; the empty node's vote counts, since all grant.
start a
----
ok

elect a
----
a leads term 2

settle
----
ok

beat a
----
ok

show
----
a leader 2 log 1 1 2 commit 3
b follower 2 log 1 1 2 commit 3
c follower 2 log 1 1 2 commit 3

members b
----
b voters a b c
`,
};
