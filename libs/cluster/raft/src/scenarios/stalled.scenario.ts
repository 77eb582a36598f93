import type { Scenario } from './play.fixture.ts';

export const stalled: Scenario = {
  name: 'a leader whose disk does not answer gives up its place',
  bugs: '55',
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

hold a
----
ok

propose a
----
ok

settle
----
ok

# The others have the entry: it is decided without the own disk.
show a
----
a leader 1 log 1 1 commit 2

stalled a
----
a leads no more

elect b
----
b leads term 2

show
----
a follower 2 log 1 1 2 commit 2
b leader 2 log 1 1 2 commit 3
c follower 2 log 1 1 2 commit 3

release a
----
ok

beat b
----
ok

show
----
a follower 2 log 1 1 2 commit 3
b leader 2 log 1 1 2 commit 3
c follower 2 log 1 1 2 commit 3
`,
};
