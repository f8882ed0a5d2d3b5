/** One message per problem, each naming the variable and the way out. */
export class ConfigProblem extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigProblem';
    this.problems = problems;
  }
}

/** The program cannot start; the message names the place and the way out, and holds no secret. */
export class StartProblem extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartProblem';
    this.exitCode = exitCode;
  }
}
