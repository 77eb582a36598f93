import type { Scenario } from './play.fixture.ts';

export const remove: Scenario = {
  name: 'a leader that is removed hands over, and is not heard of again',
  bugs: '41, 42, 46',
  text: `
begin voters=a,b,c
----
ok

elect a
----
a leads term 1

configure a voters=b,c
----
ok

settle
----
a leads no more
b leads term 2

show
----
a follower 1 log 1 1 1 commit 3
b leader 2 log 1 1 1 2 commit 4
c follower 2 log 1 1 1 2 commit 4

members a b c
----
a voters b c
b voters b c
c voters b c

# The others go on; the removed node disturbs nobody.
tick a 40
----
ok

settle
----
ok

beat b
----
ok

propose b
----
ok

settle
----
ok

show
----
a follower 1 log 1 1 1 commit 3
b leader 2 log 1 1 1 2 2 commit 5
c follower 2 log 1 1 1 2 2 commit 5
`,
};
