import { withdrawHead } from '../store/apply-head.ts';
import type { CliIo } from './cli-io.ts';

export interface RollBackFlags {
  readonly db: string;
  /** Null: of any router. */
  readonly router: string | null;
  readonly json: boolean;
}

/** `pointsman models rollback`. @returns 1 when there is no head to withdraw */
export async function rollBack(
  { db, router, json }: RollBackFlags,
  io: Pick<CliIo, 'stdout'>,
): Promise<number> {
  const result = await withdrawHead(db, router);
  const withdrawn = result?.withdrawn.headVersion ?? null;
  const version = result && (result.present?.headVersion ?? result.withdrawn.baseVersion);
  if (json) {
    const fields = { withdrawn, router: result?.withdrawn.router ?? router, version };
    io.stdout.write(`${JSON.stringify(fields)}\n`);
  } else if (result === null) {
    const whose = router === null ? '' : ` of router ${router}`;
    io.stdout.write(`${db} holds no local head${whose} that is in force: nothing is changed.\n`);
  } else {
    io.stdout.write(
      `Withdrawn: ${withdrawn}. Router ${result.withdrawn.router} is at version ${version} again, with ` +
        'the threshold that it had; a running server goes back within a second.\n',
    );
  }
  return result === null ? 1 : 0;
}
