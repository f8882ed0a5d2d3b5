import { expect, test } from '@jest/globals';
import { Interrupted, createScope } from './scope.js';

const later = <Value>(): {
  promise: Promise<Value>;
  resolve: (value: Value) => void;
  reject: (error: Error) => void;
} => {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};

test('ends all, the youngest first, once, whatever fails', async () => {
  const scope = createScope();
  const ended: string[] = [];
  for (const name of ['a', 'b', 'c'])
    await scope.hold(Promise.resolve(name), (value) => {
      ended.push(value);
      return name === 'b' ? Promise.reject(new Error('no')) : Promise.resolve();
    });
  await Promise.all([scope.close(), scope.close()]);
  expect([ended, scope.closed]).toEqual([['c', 'b', 'a'], true]);
});

test('what is still being made is waited for, ended, and given to nobody', async () => {
  const scope = createScope();
  const made = later<string>();
  const ended: string[] = [];
  const held = scope.hold(made.promise, async (value) => ended.push(value));
  const refused = expect(held).rejects.toThrow(Interrupted);
  const closed = scope.close();
  made.resolve('late');
  await Promise.all([closed, refused]);
  expect(ended).toEqual(['late']);
});

test('what could not be made is its maker’s to tell', async () => {
  const scope = createScope();
  await expect(scope.hold(Promise.reject(new Error('broken')), () => Promise.resolve())).rejects.toThrow('broken');
  await scope.close();
});
