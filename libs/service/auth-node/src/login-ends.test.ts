import { beforeEach, describe, expect, test } from '@jest/globals';
import { auth } from '@skerry/proto';
import { eventually } from '@skerry/testing';
import { startAuth, type AuthUnderTest } from './fixture.ts';

let node: AuthUnderTest;
beforeEach(async () => {
  node = await startAuth();
});
const aboutAdmin = (over: Partial<auth.ChangeUserRequest>): auth.ChangeUserRequest =>
  auth.ChangeUserRequest.fromPartial({ name: 'admin', ...over });
const lastEnded = (): Promise<(typeof node.ended)[number]> =>
  eventually(() => node.ended.at(-1) ?? expect(node.ended).not.toEqual([])) as Promise<(typeof node.ended)[number]>;

describe('the routers are told that the logins before are over', () => {
  type Deed = () => Promise<unknown>;
  const deeds: readonly [what: string, deed: Deed][] = [
    ['a new password', () => node.handlers.changeUser(aboutAdmin({ password: 'new' }), node.context)],
    ['the account is disabled', () => node.handlers.changeUser(aboutAdmin({ disabled: true }), node.context)],
    ['the account expired', () => node.handlers.changeUser(aboutAdmin({ expiresAtMs: 1_000 }), node.context)],
    ['the user is removed', () => node.handlers.removeUser({ operationId: '', name: 'admin' }, node.context)],
    [
      'an operator logs the user out',
      () => node.handlers.revokeSessions({ user: 'admin', sessionId: '' }, node.context),
    ],
  ];
  test.each(deeds)('%s', async (_, deed) => {
    const { issuedAtMs } = await node.logIn('admin', 'secret');
    await deed();
    const { user, beganUntilMs, loginId } = await lastEnded();
    expect({ user, loginId }).toEqual({ user: 'admin', loginId: '' });
    expect(beganUntilMs).toBeGreaterThanOrEqual(issuedAtMs);
  });
  test('one that begins after that goes on', async () => {
    await node.logIn('admin', 'secret');
    await node.handlers.revokeSessions({ user: 'admin', sessionId: '' }, node.context);
    const { beganUntilMs } = await lastEnded();
    expect((await node.logIn('admin', 'secret')).issuedAtMs).toBeGreaterThan(beganUntilMs);
  });
  test('an end in the future ends nothing now; grants say when', async () => {
    await node.logIn('admin', 'secret');
    const expiresAtMs = node.clock.wallMs() + 3_600_000;
    await node.handlers.changeUser(aboutAdmin({ expiresAtMs }), node.context);
    const { issuedAtMs, userExpiresAtMs } = await node.logIn('admin', 'secret');
    expect(userExpiresAtMs).toBe(expiresAtMs);
    for (const { beganUntilMs } of node.ended) expect(beganUntilMs).toBeLessThan(issuedAtMs);
  });
  test('one login is ended by its name', async () => {
    const { sessionId } = await node.logIn('admin', 'secret');
    await node.handlers.revokeSessions({ user: 'admin', sessionId }, node.context);
    expect(await lastEnded()).toEqual({ user: 'admin', beganUntilMs: 0, loginId: sessionId });
  });
});
