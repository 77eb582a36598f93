import type { Scenario } from './play.fixture.ts';

export const readNewLeader: Scenario = {
  name: 'a new leader reads when an entry of its own term is decided',
  bugs: '14, 32',
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

propose a
----
ok

deliver kind=append
----
ok

deliver kind=appended
----
ok

# a has decided entry 2 and answered its client; nobody else knows that it is decided.
show
----
a leader 1 log 1 1 commit 2
b follower 1 log 1 1 commit 1
c follower 1 log 1 1 commit 1

crash a
----
ok

drop kind=append
----
ok

hold b
----
ok

campaign b
----
ok

sync b
----
ok

tick b 15
----
ok

deliver kind=requestVote
----
ok

deliver kind=vote
----
ok

sync b
----
ok

deliver kind=requestVote
----
ok

deliver kind=vote
----
b leads term 4

show b
----
b leader 4 log 1 1 4 commit 1

# It leads, and what the last leader decided it does not know yet: the read waits for an entry of its own term.
read b 1
----
ok

drop kind=append
----
ok

settle
----
ok

show b
----
b leader 4 log 1 1 4 commit 1

release b
----
ok

beat b
----
b answers read 1 at 3

show b
----
b leader 4 log 1 1 4 commit 3
`,
};
