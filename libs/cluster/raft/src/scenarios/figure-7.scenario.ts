import type { Scenario } from './play.fixture.ts';

export const figure7: Scenario = {
  name: 'figure 7: a new leader makes six different logs like its own',
  bugs: '15, 16, 20',
  text: `
# The logs of figure 7 (thesis figure 3.6): l leads term 8, a to f miss entries, have too many, or both.
begin voters=l,a,b,c,d,e,f term=7 l=1,1,1,4,4,5,5,6,6,6 a=1,1,1,4,4,5,5,6,6 b=1,1,1,4 c=1,1,1,4,4,5,5,6,6,6,6 d=1,1,1,4,4,5,5,6,6,6,7,7 e=1,1,1,4,4,4,4 f=1,1,1,2,2,2,3,3,3,3,3
----
ok

elect l
----
l leads term 8

show
----
l leader 8 log 1 1 1 4 4 5 5 6 6 6 8 commit 11
a follower 8 log 1 1 1 4 4 5 5 6 6 6 8 commit 11
b follower 8 log 1 1 1 4 4 5 5 6 6 6 8 commit 0
c follower 8 log 1 1 1 4 4 5 5 6 6 6 8 commit 11
d follower 8 log 1 1 1 4 4 5 5 6 6 6 8 commit 11
e follower 8 log 1 1 1 4 4 5 5 6 6 6 8 commit 0
f follower 8 log 1 1 1 4 4 5 5 6 6 6 8 commit 0

# What followers had on their own is gone, what was decided is not.
propose l
----
ok

settle
----
ok

show
----
l leader 8 log 1 1 1 4 4 5 5 6 6 6 8 8 commit 12
a follower 8 log 1 1 1 4 4 5 5 6 6 6 8 8 commit 12
b follower 8 log 1 1 1 4 4 5 5 6 6 6 8 8 commit 12
c follower 8 log 1 1 1 4 4 5 5 6 6 6 8 8 commit 12
d follower 8 log 1 1 1 4 4 5 5 6 6 6 8 8 commit 12
e follower 8 log 1 1 1 4 4 5 5 6 6 6 8 8 commit 12
f follower 8 log 1 1 1 4 4 5 5 6 6 6 8 8 commit 12
`,
};
