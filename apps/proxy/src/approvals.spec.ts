import { afterEach, describe, expect, test } from '@jest/globals';
import { Server, ServerCredentials, credentials, status } from '@grpc/grpc-js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { ApprovalState, ApprovalsServiceClient, ApprovalsServiceService, RequestRequest } from '@sallyport/contracts';
import type { ApprovalsServiceServer, WatchRequest, WatchResponse } from '@sallyport/contracts';
import { until } from '@sallyport/testing';
import { createApprovals } from './approvals.js';
import type { Approvals, Standing } from './approvals.js';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** The control plane's end, as each test wants it. */
const against = async (answers: Partial<ApprovalsServiceServer>): Promise<Approvals> => {
  const refused = (_: unknown, done: (error: { code: status }) => void): void => done({ code: status.UNIMPLEMENTED });
  const server = new Server();
  server.addService(ApprovalsServiceService, {
    request: refused,
    redeem: refused,
    withdraw: refused,
    watch: (call: ServerWritableStream<WatchRequest, WatchResponse>) => call.end(),
    ...answers,
  } as ApprovalsServiceServer);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const client = new ApprovalsServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
  stops.push(
    () => client.close(),
    () => server.forceShutdown(),
  );
  return createApprovals(() => client);
};

describe('approvals over gRPC', () => {
  test('an approval that is not there is not asked after for ever: nobody can say yes to it', async () => {
    let watches = 0;
    const approvals = await against({
      watch: (call) => {
        watches += 1;
        call.emit('error', { code: status.NOT_FOUND, details: 'there is no such approval' });
      },
    });
    const heard: Standing[] = [];
    const watch = approvals.watch('apr_0', (standing) => heard.push(standing));
    await until(() => heard.length > 0);
    watch.stop();
    expect(heard).toEqual([{ kind: 'expired' }]);
    expect(watches).toBe(1);
  });

  test('a control plane that goes away takes the stream with it, not the watch', async () => {
    let watches = 0;
    const approvals = await against({
      watch: (call) => {
        watches += 1;
        if (watches === 1) return void call.emit('error', { code: status.UNAVAILABLE });
        call.write({ state: ApprovalState.APPROVAL_STATE_DENIED, reason: 'no', approvers: [] });
      },
    });
    const heard: Standing[] = [];
    const watch = approvals.watch('apr_1', (standing) => heard.push(standing));
    await until(() => heard.length > 0);
    watch.stop();
    expect(heard).toEqual([{ kind: 'denied', reason: 'no' }]);
  });

  test('a state that is not known is no word of a human', async () => {
    const approvals = await against({
      watch: (call) => void call.write({ state: 99 as ApprovalState, reason: '', approvers: [] }),
    });
    const heard: Standing[] = [];
    const watch = approvals.watch('apr_1', (standing) => heard.push(standing));
    await until(() => heard.length > 0);
    watch.stop();
    expect(heard).toEqual([{ kind: 'pending' }]);
  });

  test.each([
    [status.RESOURCE_EXHAUSTED, 'limit_exceeded'],
    [status.NOT_FOUND, 'denied'],
    [status.INVALID_ARGUMENT, 'limit_exceeded'],
  ])('a no to the request (%s) is told as what it is: %s', async (code, refusal) => {
    const approvals = await against({ request: (_, done) => done({ code }) });
    expect(await approvals.request(RequestRequest.fromPartial({}))).toMatchObject({
      kind: 'refused',
      refusal: { code: refusal },
    });
  });

  test('no answer to the request is no answer', async () => {
    const approvals = await against({ request: (_, done) => done({ code: status.UNAVAILABLE }) });
    await expect(approvals.request(RequestRequest.fromPartial({}))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  test('what is left of the time comes with the answer', async () => {
    const approvals = await against({
      request: (_, done) =>
        done(null, {
          approvalId: 'apr_1',
          state: ApprovalState.APPROVAL_STATE_PENDING,
          expiresAt: 0,
          expiresIn: 1_500,
        }),
    });
    expect(await approvals.request(RequestRequest.fromPartial({}))).toEqual({
      kind: 'asked',
      id: 'apr_1',
      standing: { kind: 'pending' },
      expiresIn: 1_500,
    });
  });
});
