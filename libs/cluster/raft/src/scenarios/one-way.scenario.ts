import type { Scenario } from './play.fixture.ts';

export const oneWay: Scenario = {
  name: 'a leader whose messages do not arrive is replaced; one that hears nothing steps down',
  bugs: '67',
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

# a hears all, nobody hears a: the others go on without it.
cut a>b a>c
----
ok

elect b
----
b leads term 2
a leads no more

show
----
a follower 2 log 1 2 commit 1
b leader 2 log 1 2 commit 2
c follower 2 log 1 2 commit 2

settle
----
ok

mend
----
ok

beat b
----
ok

show
----
a follower 2 log 1 2 commit 2
b leader 2 log 1 2 commit 2
c follower 2 log 1 2 commit 2

# Nobody hears b but a, and b hears a: it leads on. Then it hears nobody.
cut b>c c>b
----
ok

tick b 10
----
ok

settle
----
ok

tick b 10
----
ok

settle
----
ok

show
----
a follower 2 log 1 2 commit 2
b leader 2 log 1 2 commit 2
c follower 2 log 1 2 commit 2

cut a>b
----
ok

tick b 10
----
ok

tick b 10
----
b leads no more

show b
----
b follower 2 log 1 2 commit 2
`,
};
