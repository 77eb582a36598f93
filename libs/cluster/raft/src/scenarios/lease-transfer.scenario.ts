import type { Scenario } from './play.fixture.ts';

export const leaseTransfer: Scenario = {
  name: 'no lease once somebody was asked to take over: the request may be late',
  bugs: '33, 35',
  text: `
begin voters=a,b,c lease
----
ok

elect a
----
a leads term 1

propose a
----
ok

settle
----
ok

beat a
----
ok

transfer a b
----
ok

# The request is on its way; the leader gives up waiting, and leads on.
cut a>b
----
ok

tick a 10
----
ok

mend
----
ok

deliver kind=heartbeat
----
ok

deliver kind=heartbeatReply
----
ok

show a
----
a leader 1 log 1 1 commit 2

read a 1
----
ok

deliver kind=heartbeat
----
ok

deliver kind=heartbeatReply
----
a answers read 1 at 2

# It arrives, and b leads though all heard a just now; a would have answered from the past.
deliver kind=timeoutNow
----
ok

deliver from=b to=c
----
ok

deliver from=c to=b
----
b leads term 2

read a 2
----
ok

settle
----
a refuses read 2: not_leader
a leads no more
`,
};
