import type { Scenario } from './play.fixture.ts';

export const figure8: Scenario = {
  name: 'figure 8: an entry of an earlier term is not decided by count',
  bugs: '13',
  text: `
# (a) s1 leads term 2 and brings entry 2 to s2 alone.
begin voters=s1,s2,s3,s4,s5 term=1 small s1=1 s2=1 s3=1 s4=1 s5=1
----
ok

campaign s1
----
s1 leads term 2

isolate s1 s2
----
ok

settle
----
ok

show
----
s1 leader 2 log 1 2 commit 0
s2 follower 2 log 1 2 commit 0
s3 follower 2 log 1 commit 0
s4 follower 2 log 1 commit 0
s5 follower 2 log 1 commit 0

# (b) s5 leads term 3 by s3 and s4, and writes another entry 2; nobody has it.
crash s1
----
ok

campaign s5
----
s5 leads term 3

crash s5
----
ok

drop from=s5
----
ok

show
----
s1 is down
s2 follower 2 log 1 2 commit 0
s3 follower 3 log 1 commit 0
s4 follower 3 log 1 commit 0
s5 is down

# (c) s1 is back and leads term 4; its entry 2 of term 2 comes to a majority, entry 3 of term 4 to nobody.
mend
----
ok

start s1
----
ok

campaign s1
----
s1 leads term 4

drop kind=append to=s2
----
ok

deliver kind=append
----
ok

deliver kind=appended
----
ok

deliver kind=append
----
ok

deliver kind=appended
----
ok

drop kind=append
----
ok

show
----
s1 leader 4 log 1 2 4 commit 0
s2 follower 4 log 1 2 commit 0
s3 follower 4 log 1 2 commit 0
s4 follower 4 log 1 2 commit 0
s5 is down

# (d) Had entry 2 been decided by count, s5 could not overwrite it now; it can.
crash s1
----
ok

start s5
----
ok

elect s5
----
s5 leads term 5

show
----
s1 is down
s2 follower 5 log 1 3 5 commit 3
s3 follower 5 log 1 3 5 commit 3
s4 follower 5 log 1 3 5 commit 3
s5 leader 5 log 1 3 5 commit 3
`,
};
