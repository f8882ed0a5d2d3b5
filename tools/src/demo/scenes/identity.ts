import { connectWith, errorOf, waitFor } from '../caller.js';
import type { Scene } from '../stage.js';

interface AuditPage {
  readonly items: readonly { readonly type: string; readonly cause?: string; readonly at: string }[];
}

export const refusedAlike: Scene = {
  title: '(e) an unknown subagent, an expired token, a token for another audience: refused alike, and audited',
  play: async (stage) => {
    const { stack } = stage;
    const since = new Date(Date.now() - 1000).toISOString();
    const brief = await stack.token('brief');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const tokens = {
      'unknown subagent': await stack.token('stranger'),
      'expired token': brief,
      'token for another audience': await stack.token('etl', 'https://another.example'),
      'no token at all': 'hunter2',
    };
    const answers: string[] = [];
    for (const [name, token] of Object.entries(tokens)) {
      const error = await errorOf(connectWith(stack, token));
      const answer = `FATAL:  ${error?.message ?? 'none'} (${error?.code ?? ''})`;
      answers.push(answer);
      stage.show(`psql  # ${name}`, answer);
    }
    stage.check(
      'all are refused',
      answers.every((answer) => answer.includes('28')),
      answers,
    );
    stage.check('all alike: the caller learns nothing', new Set(answers).size === 1, answers);
    const causes = await waitFor('four refused logins in the audit', async () => {
      const page = (await stack.admin.expect(
        'GET',
        `/v1/audit?type=login.refused&from=${since}`,
      )) as unknown as AuditPage;
      return page.items.length >= 4 ? page.items.map((item) => item.cause ?? '?') : undefined;
    });
    stage.show('GET /v1/audit?type=login.refused', causes.join('\n'));
    stage.check('the audit knows each true cause', new Set(causes).size === 4, causes);
  },
};
