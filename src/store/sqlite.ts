// The SQLite driver, in the version that this Node can run. better-sqlite3 13 needs Node-API 10 (Node 22.14): an older
// Node it ends by a segmentation fault. Version 12, which is not built on Node-API, ends Node 24.19 and newer when a
// statement or a database is collected (nodejs/node issue 65446).
import { createRequire } from 'node:module';
import type Driver from 'better-sqlite3';

const hasNodeApi10 = Number(process.versions['napi']) >= 10;
const driver = hasNodeApi10 ? 'better-sqlite3' : 'better-sqlite3-node20';

export const SqliteDatabase: typeof Driver = load();

/** @throws Error where the older driver, an optional package, could not be built when pointsman was installed */
function load(): typeof Driver {
  try {
    return createRequire(import.meta.url)(driver) as typeof Driver;
  } catch (cause) {
    throw new Error(
      `The SQLite driver ${driver} cannot be loaded. On Node ${process.versions.node} it may have to be compiled, ` +
        'which needs python3, make and g++: install them and pointsman again, or use Node 22.14 or newer.',
      { cause },
    );
  }
}
