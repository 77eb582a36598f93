import { beforeEach, describe, expect, test } from '@jest/globals';
import { auth } from '@skerry/proto';
import { createSealer } from '@skerry/runtime-security';
import { reasonOf, sealingKey, startAuth, type AuthUnderTest } from './fixture.ts';

let node: AuthUnderTest;
let grant: auth.Grant;
beforeEach(async () => {
  node = await startAuth();
  grant = await node.logIn('admin', 'secret');
});
const seal = (open: auth.Grant): Uint8Array => createSealer(sealingKey).seal('grant', auth.Grant.encode(open).finish());
const change = (fields: Partial<auth.ChangePasswordRequest>): Promise<unknown> =>
  Promise.resolve(
    node.handlers.changePassword(
      {
        operationId: 'ab'.repeat(16),
        grant: seal(grant),
        oldPassword: 'secret',
        newPassword: 'new',
        clientAddress: '10.0.0.1',
        tls: true,
        ...fields,
      },
      node.context,
    ),
  );

describe('a user’s own password', () => {
  test('is changed, and its sessions are over', async () => {
    expect(await reasonOf(change({}))).toBe('none');
    expect(await reasonOf(node.logIn('admin', 'secret'))).toBe('credentials');
    expect((await node.logIn('admin', 'new')).user).toBe('admin');
    expect(node.revoked).toContain(grant.sessionId);
    const renewed = Promise.resolve(node.handlers.renewGrant({ grant: seal(grant) }, node.context));
    expect(await reasonOf(renewed)).toBe('token_revoked');
  });
  test('once: a repeat of the same operation is answered as the first', async () => {
    await change({});
    expect(await reasonOf(change({}))).toBe('none');
    expect(await reasonOf(change({ operationId: 'cd'.repeat(16) }))).toBe('token_revoked');
  });
  test.each<[string, Partial<auth.ChangePasswordRequest>, string]>([
    ['the old one is wrong', { oldPassword: 'guess' }, 'credentials'],
    ['the new one is empty', { newPassword: '' }, 'malformed'],
    ['the grant is forged', { grant: new Uint8Array(100) }, 'token_invalid'],
  ])('stays when %s', async (_, fields, reason) => {
    expect(await reasonOf(change(fields))).toBe(reason);
    expect((await node.logIn('admin', 'secret')).user).toBe('admin');
  });
  test('is changed also by who has as many sessions as were said: none begins', async () => {
    const { handlers, context } = node;
    await handlers.changeUser(auth.ChangeUserRequest.fromPartial({ name: 'admin', sessionsMax: 1 }), context);
    grant = await node.logIn('admin', 'secret');
    expect(await reasonOf(change({}))).toBe('none');
  });
  test('guesses count as failed logins: they are told apart by nothing, and slowed down', async () => {
    for (let i = 0; i < 3; i++) await reasonOf(change({ oldPassword: `guess ${i}`, operationId: '' }));
    expect(node.events.filter(({ event }) => event === 'login_failed')).toHaveLength(3);
  });
});
