import type { Scenario } from './play.fixture.ts';

export const preVoteStale: Scenario = {
  name: 'votes of the round before count for nothing',
  bugs: '8',
  text: `
# All four grant in the round before the vote, and every answer comes twice.
begin voters=a,b,c,d,e
----
ok

tick a 15
----
ok

deliver kind=requestVote
----
ok

double kind=vote
----
ok

hold b
----
ok

hold c
----
ok

hold d
----
ok

hold e
----
ok

deliver kind=vote count=2
----
ok

# A candidate now: the grants of the round before are no votes.
deliver kind=vote
----
ok

show a
----
a candidate 1 log - commit 0

# Real votes wait for the disks.
deliver kind=requestVote
----
ok

deliver kind=vote
----
ok

show a
----
a candidate 1 log - commit 0

release b
----
ok

release c
----
ok

deliver kind=vote
----
a leads term 1

show a
----
a leader 1 log 1 commit 0
`,
};
