import { createRestClient } from './client.js';
import type { Answer } from './client.js';
import { Failure, exitCodes } from './failure.js';

interface Begun {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval: number;
}

export interface DeviceLogin {
  readonly token: string;
  readonly refreshToken: string;
}

interface World {
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly note: (text: string) => void;
}

/** RFC 8628: shows a code and asks until a person has confirmed it in a browser, on whatever machine. */
export async function logInByCode(url: string, { now, wait, note }: World): Promise<DeviceLogin> {
  const client = createRestClient({ url, token: '' });
  const answer = await client.form('/oauth/device_authorization', { client_id: 'sally' });
  if (answer.status !== 200) throw failureOf(answer);
  const begun = answer.body as Begun;
  note(`Open   ${begun.verification_uri}`);
  note(`and type   ${begun.user_code}   or open ${begun.verification_uri_complete}`);
  note('Waiting for you there; Ctrl-C gives up.');
  let interval = Math.max(1, begun.interval);
  const end = now() + begun.expires_in * 1000;
  while (now() < end) {
    await wait(interval * 1000);
    const polled = await client.form('/oauth/token', {
      ...{ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: begun.device_code },
      client_id: 'sally',
    });
    if (polled.status === 200) return loginOf(polled);
    const error = errorOf(polled);
    // RFC 8628 section 3.5: five seconds more, for good.
    if (error === 'slow_down') interval += 5;
    else if (error !== 'authorization_pending') throw failureOf(polled);
  }
  throw failures['expired_token']?.() ?? failureOf(answer);
}

function loginOf({ body }: Answer): DeviceLogin {
  const { access_token: token, refresh_token: refreshToken } = body as Readonly<Record<string, unknown>>;
  if (typeof token !== 'string' || typeof refreshToken !== 'string')
    throw new Failure('the control plane answered without tokens');
  return { token, refreshToken };
}

const failures: Readonly<Record<string, () => Failure>> = {
  access_denied: () => new Failure('somebody refused this login in the browser', { exitCode: exitCodes.denied }),
  expired_token: () =>
    new Failure('nobody confirmed the code in time', {
      hint: 'run `sally login --device` again',
      exitCode: exitCodes.temporary,
    }),
};

const errorOf = ({ body }: Answer): string => {
  const { error } = (body ?? {}) as { readonly error?: unknown };
  return typeof error === 'string' ? error : '';
};

/** What an endpoint of OAuth refused with, in its own words. */
export function failureOf(answer: Answer): Failure {
  const known = failures[errorOf(answer)];
  if (known !== undefined) return known();
  const { error_description: description } = (answer.body ?? {}) as { readonly error_description?: unknown };
  const why = typeof description === 'string' ? description : `it answered ${answer.status}`;
  return new Failure(`the control plane gave no token: ${errorOf(answer) || 'refused'}: ${why}`, {
    hint: 'docs/identity/tokens.md says what each of these means',
    exitCode: answer.status === 429 || answer.status >= 500 ? exitCodes.unavailable : exitCodes.denied,
  });
}
