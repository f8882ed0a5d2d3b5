import { applyMigrations, diffMigrations, newMigration } from './migrations.js';

const usage = `usage: migrate apply | diff | new NAME

  apply     bring the database to the newest migration
  diff      print the SQL that the schema has and the migrations lack; exit 2 if there is any
  new NAME  write that SQL as the next migration

SALLYPORT_DATABASE_URL names the database; diff and new only make a shadow database beside it.`;

/** Exit codes: 0 done, 1 failed, 2 there is a difference, 64 called wrongly. */
async function main([command, name]: readonly string[], databaseUrl: string | undefined): Promise<number> {
  if (databaseUrl === undefined) {
    console.error('SALLYPORT_DATABASE_URL is not set: set it to postgres://user:password@host:port/database');
    return 64;
  }
  switch (command) {
    case 'apply': {
      const applied = await applyMigrations(databaseUrl);
      console.log(applied.length === 0 ? 'nothing to apply' : applied.join('\n'));
      return 0;
    }
    case 'diff': {
      const script = await diffMigrations(databaseUrl);
      if (script === '') return 0;
      console.log(script);
      return 2;
    }
    case 'new': {
      if (name === undefined) break;
      console.log((await newMigration(databaseUrl, name)) ?? 'no difference, nothing written');
      return 0;
    }
    default:
      break;
  }
  console.error(usage);
  return 64;
}

try {
  process.exitCode = await main(process.argv.slice(2), process.env['SALLYPORT_DATABASE_URL']);
} catch (problem) {
  console.error(problem instanceof Error ? problem.message : String(problem));
  process.exitCode = 1;
}
